# SPDX-License-Identifier: Apache-2.0
"""Why a frame runs, or that it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from outline.frame_end import FrameEnd
from outline.work.decide import (
    Decision,
    FileState,
    FrameNow,
    Reason,
    Record,
    Rerun,
    Signature,
    decide,
)

PARTS = {"arg res": "64", "code Sim": "c0ffee"}


class FakeFiles:
    """Files by their contents; a file's signature is its length, so that contents of one length look the same."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.read: list[str] = []

    def signature(self, path: str) -> Signature | None:
        return Signature(len(self.files[path]), 0, 0) if path in self.files else None

    def digest(self, path: str, known: FileState | None) -> str | None:
        if known is not None and known.signature == self.signature(path):
            return known.digest
        self.read.append(path)
        return self.files.get(path)

    def is_cut_short(self, path: str) -> bool:
        return self.files[path].endswith("pix")


def _state(path: str, text: str) -> FileState:
    return FileState("", path, Signature(len(text), 0, 0), text)


SUCCEEDED = Record("sim", "a", 1, 1, FrameEnd(), "7", (_state("in", "plate"),), (_state("out", "pixels"),))
NOW = FrameNow(PARTS, "7", [("", "in")], [("", "out")])
_BOTH = (_state("out", "pixels"), _state("log", "said"))
FILES = {"in": "plate", "out": "pixels"}


@pytest.mark.parametrize(
    ("record", "now", "files", "expected"),
    [
        ({}, {}, {}, Decision(Reason.DONE)),
        (None, {}, {}, Decision(Reason.NEW)),
        ({"end": None}, {}, {}, Decision(Reason.INTERRUPTED)),
        ({"end": FrameEnd(1, reason="exit status 1")}, {}, {}, Decision(Reason.FAILED, "exit status 1")),
        ({}, {}, {"out": None}, Decision(Reason.MISSING, "out")),
        ({}, {}, {"out": ""}, Decision(Reason.MISSING, "out is empty")),
        ({}, {}, {"out": "pix"}, Decision(Reason.MISSING, "out is cut short")),
        ({}, {}, {"out": "painted over"}, Decision(Reason.EDITED, "out")),
        ({"outputs": ()}, {}, {}, Decision(Reason.EDITED, "out")),
        (
            {"outputs": (_state("out", "caches+3"),)},
            {},
            {"out": "fewer+2"},
            Decision(Reason.MISSING, "out lacks files"),
        ),
        ({"outputs": (_state("out", "caches+3"),)}, {}, {"out": "another+3"}, Decision(Reason.EDITED, "out")),
        ({}, {"item": "8"}, {}, Decision(Reason.STALE, "item 7 -> 8")),
        ({}, {"parts": {**PARTS, "arg res": "128"}}, {}, Decision(Reason.STALE, "arg res 64 -> 128")),
        ({}, {"parts": {**PARTS, "arg visc": "1"}}, {}, Decision(Reason.STALE, "arg visc is new")),
        ({}, {"parts": {"code Sim": "c0ffee"}}, {}, Decision(Reason.STALE, "arg res is gone")),
        ({}, {"parts": {**PARTS, "code Sim": "beef"}}, {}, Decision(Reason.STALE, "code Sim")),
        ({}, {"parts": {**PARTS, "arg res": "6" * 50}}, {}, Decision(Reason.STALE, "arg res")),
        ({}, {}, {"in": "a new plate"}, Decision(Reason.STALE, "input in")),
        ({}, {}, {"in": None}, Decision(Reason.STALE, "input in is gone")),
        ({}, {"inputs": [("", "in"), ("", "in2")]}, {}, Decision(Reason.STALE, "1 inputs -> 2")),
        ({}, {"inputs": [("", "moved")]}, {"moved": "plate"}, Decision(Reason.DONE)),
        ({}, {"is_forced": True}, {}, Decision(Reason.FORCED)),
        ({}, {"rerun": Rerun.ALWAYS}, {}, Decision(Reason.FORCED, 'rerun="always"')),
        ({}, {"rerun": Rerun.MISSING, "item": "8"}, {}, Decision(Reason.DONE)),
        ({}, {"rerun": Rerun.MISSING}, {"out": None}, Decision(Reason.MISSING, "out")),
        (None, {"rerun": Rerun.MISSING}, {}, Decision(Reason.DONE)),
        (None, {"rerun": Rerun.MISSING, "outputs": []}, {}, Decision(Reason.NEW)),
        ({"outputs": ()}, {"outputs": []}, {}, Decision(Reason.DONE)),
        ({}, {"optional": [("", "log")]}, {}, Decision(Reason.DONE)),
        ({"outputs": _BOTH}, {"optional": [("", "log")]}, {}, Decision(Reason.MISSING, "log")),
        ({"outputs": _BOTH}, {"optional": [("", "log")]}, {"log": "painted"}, Decision(Reason.EDITED, "log")),
        ({"outputs": _BOTH}, {"optional": [("", "log")]}, {"log": "said"}, Decision(Reason.DONE)),
    ],
)
def test_a_reason_has_a_cause(
    record: dict[str, Any] | None, now: dict[str, Any], files: dict[str, str | None], expected: Decision
):
    there = {path: text for path, text in {**FILES, **files}.items() if text is not None}
    known = None if record is None else SUCCEEDED._replace(**record)

    assert decide(known, PARTS, NOW._replace(**now), FakeFiles(there)) == expected


def test_a_frame_that_is_done_reads_no_file():
    files = FakeFiles(FILES)

    decide(SUCCEEDED, PARTS, NOW, files)

    assert files.read == []


def test_a_missing_output_is_found_before_anything_is_read():
    files = FakeFiles({"in": "a new plate"})

    decide(SUCCEEDED, PARTS, NOW, files)

    assert files.read == []


@pytest.mark.parametrize(
    ("decision", "text"),
    [(Decision(Reason.NEW), "new"), (Decision(Reason.MISSING, "a b.exr"), "missing (a b.exr)")],
)
def test_a_decision_reads_as_its_reason(decision: Decision, text: str):
    assert str(decision) == text


def test_all_reasons_but_two_run():
    assert [reason for reason in Reason if not reason.runs] == [Reason.CACHED, Reason.DONE]
