# SPDX-License-Identifier: Apache-2.0
"""Simple outlines are written and read without PyYAML, and nobody can tell the difference."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outline.serialize.data import dump, load
from outline.serialize.plain_text import read_plain_text, write_plain_text
from tests.support import outline_file

LETTERS = "aZ09 -+.:#,[]{}&*!|>'\"%@`?=~<_/\\xe"
LIKE_OTHERS = [
    *(
        "yes",
        "No",
        "TRUE",
        "null",
        "~",
        "<<",
        "=",
        "0",
        "10",
        "012",
        "-1",
        "1_0",
        "1.5",
        "00.5",
        "1.2.3",
        "1.5e3",
        "1e5",
        "0x1F",
        "12:30",
    ),
    *("2020-01-01", "1-10", "1-10x2", ".5", "---", "-", "-n", "--foo", "a: b", "a #b", "it's", "%{FRAME}"),
]
TEXTS = st.text("ab-/:'", max_size=4) | st.sampled_from(LIKE_OTHERS) | st.text(LETTERS, max_size=3)
TEXTS |= st.text("ab ", max_size=150) | st.text(max_size=3)
VALUES = TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
KEYS = TEXTS | st.integers()


def inside(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=3)


DATA = st.dictionaries(KEYS, st.recursive(VALUES, inside, max_leaves=6), min_size=1, max_size=3)
LINES = ["a:", "- a", "  b: 1", "- ", "a: x", "'a': b", "  - c", "- - d", "  e", "'", "a: 'b", "a: {}", "b: 012", ""]


@given(DATA)
def test_text_is_that_of_pyyaml_to_the_byte(data: dict[Any, Any]):
    text = write_plain_text(data)

    assert text in (None, dump(data, "data"))


@pytest.mark.parametrize("letter", ["a", "é", "中"])
def test_long_key_is_written_as_pyyaml_writes_it_or_not_at_all(letter: str):
    data = [{letter * length: 1} for length in range(20, 140)]

    written = [write_plain_text(one) for one in data]

    assert None in written
    assert [text for text, one in zip(written, data, strict=True) if text not in (None, dump(one, "data"))] == []


@given(DATA)
def test_written_text_is_read_back(data: dict[Any, Any]):
    text = write_plain_text(data)
    assume(text is not None)

    found = read_plain_text(text or "")

    assert repr(found) == repr(data)


@given(st.lists(st.sampled_from(LINES), max_size=6).map("\n".join) | st.text("ab'-: \n{}[]1~"))
def test_any_text_is_read_as_pyyaml_reads_it_or_not_at_all(text: str):
    found = read_plain_text(text)

    assert found is None or repr(found) == repr(load(text, "data"))


@pytest.mark.parametrize("first", LETTERS)
def test_every_short_text_is_written_as_pyyaml_writes_it(first: str):
    texts = [first + rest for rest in ["", *LETTERS]]

    written = [write_plain_text({"key": [text]}) for text in texts]

    theirs = [dump({"key": [text]}, "data") for text in texts]
    assert [text for text, other in zip(written, theirs, strict=True) if text not in (None, other)] == []


@pytest.mark.parametrize(
    "data",
    [
        {"name": "shot", "range": "1-10", "user": None, "layers": [{"name": "a", "args": {"chunk": 5, "on": True}}]},
        {"command": ["render", "-s", "#FRAME#", "%{FRAME}", "a: b", "it's", "", "yes", "1", "0.02"]},
        {"cores": 2.5, "ratio": -0.1, "user": "Zoë", "path": "/renders/" + "shot/" * 40, "title": "two words"},
        {"nothing": {}, "none": [], "deep": [[["a", []], {}], {"b": [{"c": 1}]}]},
    ],
    ids=["outline", "command", "values", "nested"],
)
def test_simple_data_is_written_and_read_without_pyyaml(data: dict[str, Any]):
    text = write_plain_text(data)

    assert text == dump(data, "data")
    assert read_plain_text(text) == data


SHARED: list[str] = ["a"]
INSIDE_ITSELF: dict[str, Any] = {}
INSIDE_ITSELF["self"] = INSIDE_ITSELF


@pytest.mark.parametrize(
    "data",
    [
        {"a": SHARED, "b": SHARED},
        INSIDE_ITSELF,
        {"a": (1, 2)},
        {"a": 1e30},
        {"a": float("inf")},
        {"a": "\N{CLAPPER BOARD}"},
        {"a" * 130: "long key"},
        {"a": "two\nlines"},
        {"a": "word " * 40},
        {"a": "012"},
    ],
    ids=["shared", "inside itself", "tuple", "float", "infinite", "letter", "key", "lines", "long", "octal"],
)
def test_all_other_data_is_left_to_pyyaml(data: dict[str, Any]):
    assert write_plain_text(data) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "- a\n",
        "a: 1",
        "a: 1\na: 2\n",
        "a: 'b'\n",
        "a:  b\n",
        "# note\na: 1\n",
        "a: !tuple [1]\n",
        "a: &x [1]\n",
    ],
)
def test_all_other_text_is_left_to_pyyaml(text: str):
    assert read_plain_text(text) is None


def test_job_with_a_simple_outline_runs_without_importing_pyyaml(tmp_path: Path, unmeasured: dict[str, str]):
    outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('a', command=['true'])\n")
    code = """
import sys
from pathlib import Path
from outline.cli import pycuerun_main
assert pycuerun_main(["shot.outline", "1-2", "--backend", "local", "--quiet"]) == 0
session, = Path().glob("sessions/*/*/outline.yaml")
assert pycuerun_main([str(session), "-e", "1-a"]) == 0
assert "yaml" not in sys.modules
"""
    environ = {**unmeasured, "OUTLINE_OUTLINE_SESSION_DIR": "sessions"}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environ)

    assert (done.returncode, done.stderr) == (0, "")
