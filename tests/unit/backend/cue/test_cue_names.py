# SPDX-License-Identifier: Apache-2.0
"""Names are on the farm what the backend says that they are."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outline.backend import cue
from outline.backend.cue.names import conform_layer, frame_name, full_job_name

PARTS = st.text("abcXYZ019_-.", min_size=3, max_size=12)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("job_name", "testing-sh010-tester_job_name"),
        ("Job-Name", "testing-sh010-tester_job_name"),
        ("testing-sh010-tester_job", "testing-sh010-tester_job"),
        ("a__b", "testing-sh010-tester_a_b"),
    ],
)
def test_job_has_the_name_of_the_farm(name: str, full: str) -> None:
    assert full_job_name("testing", "sh010", "tester", name) == full


@given(PARTS, PARTS, PARTS, PARTS)
def test_job_has_the_name_that_the_server_gives_it(show: str, shot: str, user: str, name: str) -> None:
    names = pytest.importorskip("cuebot_stub.spec.values")
    try:
        theirs = names.conform_job_name(name, show, names.conform_name(shot, "shot"), user)
    except ValueError:
        assume(False)

    assert full_job_name(show, shot, user, name) == theirs


def test_layers_and_frames_have_the_names_of_the_farm() -> None:
    assert conform_layer("Left-Eye.v2") == "left_eye.v2"
    assert frame_name(7, "Left-Eye") == "0007-left_eye"


def test_functions_are_called_as_in_pyoutline() -> None:
    found = {name: list(inspect.signature(getattr(cue, name)).parameters) for name in NAMES}

    assert found == NAMES


NAMES = {
    "build_command": ["launcher", "layer"],
    "launch": ["launcher", "use_pycuerun"],
    "serialize": ["launcher"],
    "serialize_simple": ["launcher"],
    "test": ["job"],
    "wait": ["job"],
}
