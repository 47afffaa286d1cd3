# SPDX-License-Identifier: Apache-2.0
"""Whole specs as files: by hand, and in the form that PyOutline's serializer gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuebot_stub.spec import SpecDocument, read_spec
from outline.frames import FrameSet
from tests.specs import RULES, STRICT

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "specs"


def read(name: str, rules=RULES) -> SpecDocument:
    return read_spec((SAMPLES / name).read_text(encoding="utf-8"), rules)


def test_the_oldest_version_needs_little():
    found = read("oldest.xml", STRICT)

    assert (found.facility, found.shot, found.uid, found.depends) == (None, "sh_010", 1001, ())
    assert found.jobs[0].name == "testing-sh_010-tester_layout"
    assert list(found.jobs[0].layers[0].frames) == [*range(1, 24, 2)]


@pytest.mark.parametrize("rules", [RULES, STRICT], ids=["useful", "strict"])
def test_the_newest_version_says_everything(rules):
    found = read("newest.xml", rules)

    (job,) = found.jobs
    beauty, denoise, publish = job.layers
    name = "testing-sh020-tester_light_v003"
    assert found[:6] == ("local", "testing", "sh020", "tester", 1001, "tester@example.com")
    assert job[:9] == (name, True, 50, 1, 6400, 2, False, "rocky9", None)
    assert job.env == {"OCIO": "/shows/testing/ocio/config.ocio", "NOTE": 'a <quoted> "value" & more'}
    assert beauty == (
        "beauty", "Render", 'render -s #FRAME_START# -e #FRAME_END# "/shows/testing/sh 020.scene"', "1001-1010:5",
        FrameSet("1001,1006,1003,1005,1007,1009,1002,1004,1008,1010"), 2, 400, True, 8 * 1024**2, 1, 4 * 1024**2,
        120, 30, ("general", "render_farm"), ("arnold_license",), {"THREADS": "4"}, ("arnold",),
        ("/shows/testing/sh020/beauty.####.exr",),
    )  # fmt: skip
    assert (denoise.name, denoise.services, publish.type) == ("denoise", ("default",), "Post")
    assert [depend[:8] for depend in found.depends] == [
        ("LAYER_ON_LAYER", True, name, "denoise", "", name, "beauty", "")
    ]


def test_what_pyoutline_writes_is_read():
    found = read("one-line.xml")

    name = "testing-test_shot-tester_two_steps"
    sim, comp = found.jobs[0].layers
    assert (found.facility, found.jobs[0].name, found.jobs[0].max_retries) == (None, name, 1)
    assert (sim.name, sim.services, comp.services) == ("sim_one", ("shell",), ("studio_own", "default"))
    assert (comp.min_cores, comp.threadable, comp.memory_kb) == (200, True, 3 * 1024**2 // 2)
    assert [depend[:8] for depend in found.depends] == [
        ("LAYER_ON_SIM_FRAME", False, name, "comp", "", name, "", "0001-sim_one")
    ]
