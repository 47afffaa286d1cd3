# SPDX-License-Identifier: Apache-2.0
"""Frame ranges as text: reads them with errors that point at the fault, writes them as short as possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from outline.cuebot_limits import LONGEST_TEXT

from ..exception import OutlineException
from .parts import Interleaved, Inverse, Part, find_runs

__all__ = ["LARGEST_FRAME", "LONGEST_TEXT", "FrameRangeError", "parse", "spell_out", "write"]

# ASCII digits only, as the server. Fifteen are more than any shot needs, and keep every length a machine word.
LARGEST_FRAME = 10**15 - 1
_NUMBER = r"(-?[0-9]{1,15})"
_PART = re.compile(f"{_NUMBER}(?:-{_NUMBER}(?:(x|y|:|by){_NUMBER})?|:{_NUMBER}:{_NUMBER})?")
# The patterns below serve error messages only, so they stay uncompiled until an error needs one.
_READABLE = r"-?[0-9]{1,15}(?:-(?:-?[0-9]{1,15}(?:(?:x|y|:|by)-?[0-9]{0,15})?)?)?"
_LONG_TEXT = 60

_HINTS = (
    (r"(-?\d+)-(-?\d+)(?:@|X|Y|BY|step|every|/|%)(-?\d+)", r"a step is written \1-\2x\3"),
    (r"(-?\d+)(?:\.\.+|->|:|_|~|\u2013|\u2014)(-?\d+)", r"a range is written \1-\2"),
    (r"-?\d+\.\d+.*|.*-\d+\.\d+", "frames are whole numbers"),
    (r"(.+)[;|+&/](.+)", r"parts are separated by commas: \1,\2"),
    (r"-+", "a range has no blanks inside, as in 1-10"),
    (r".*[#@%$].*", "a range has no padding or variables in it"),
    (r".*\d{16}.*", "frame numbers have at most 15 digits"),
)
_LEAVES_NONE = "the step hits every frame, so y leaves none"
_FORMS = "a part is one of 7, 1-10, 1-10x2, 1-10y2, 1-10:2"


class FrameRangeError(OutlineException, ValueError):
    """A frame range is invalid, or it lacks a frame or chunk that somebody asked for.

    Attributes:
        text: The whole range as given. May be empty.
        part: The part of it that is wrong.
        column: Where in ``text`` the fault is, counted from 1. 0 when the fault has no single place.
        reason: What is wrong there, and how to write it.
    """

    def __init__(self, text: str, part: str, column: int, reason: str) -> None:
        super().__init__(text, part, column, reason)  # all args, so that pickle can rebuild it
        self.text, self.part, self.column, self.reason = text, part, column, reason

    def __str__(self) -> str:
        if not self.text and not self.column:
            return self.reason
        place = f", part {_shorten(self.part)!r}" if self.part not in ("", self.text) else ""
        column = f", column {self.column}" if self.column else ""
        return f"frame range {_shorten(self.text)!r}{place}{column}: {self.reason}"


def parse(text: str) -> Iterator[Part]:
    """Read a frame range, one part after the other.

    Raises:
        FrameRangeError: A part is not a valid range, or no part holds a frame.
    """
    column = 0
    empty: FrameRangeError | None = None
    is_empty = True
    for section in text.split(","):
        words = section.split()
        if not words:
            reason = "a frame or range is missing here" if text.strip() else "the range is empty"
            raise FrameRangeError(text, "", column + 1, reason)
        place = column
        for word in words:
            place = text.index(word, place)
            part = _parse_part(text, word, place)
            if isinstance(part, FrameRangeError):
                empty = empty or part
            else:
                is_empty = False
                yield part
            place += len(word)
        column += len(section) + 1
    if is_empty and empty:
        raise empty


def spell_out(frames: Iterable[int]) -> str:
    """Write frames in the words of PyOutline, which scripts may split at the commas.

    Frames that count up by one become a range, all others stand alone.
    """
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def write(parts: Iterable[Part]) -> str:
    """Write parts as a range that reads back the same. Keeps ``y`` and ``:`` where the original used them."""
    parts = tuple(parts)
    if len(parts) == 1 and isinstance(parts[0], range) and len(parts[0]) == 1:
        return str(parts[0][0])  # a chunk of one; this runs in every frame
    written: list[str] = []
    plain: list[Part] = []
    for part in parts:
        if isinstance(part, (Inverse, Interleaved)):
            written += map(_write_run, find_runs(plain))
            written.append(part.text)
            plain = []
        else:
            plain.append(part)
    written += map(_write_run, find_runs(plain))
    return ",".join(written)


def _write_run(run: range) -> str:
    if len(run) == 1:
        return str(run[0])
    # Counting down could do without its x-1, but the server writes it in CUE_RANGE.
    return f"{run[0]}-{run[-1]}" if run.step == 1 else f"{run[0]}-{run[-1]}x{run.step}"


def _parse_part(text: str, part: str, place: int) -> Part | FrameRangeError:
    """Read a part. Returns the error instead of raising it when the farm server accepts the part but finds no frame."""
    match = _PART.fullmatch(part)
    if match is None:
        raise FrameRangeError(text, part, *_explain(part, place))
    first, last, kind, step, colon_last, colon_step = match.groups()
    start = int(first)
    if last is None and colon_last is None:
        return range(start, start + 1)
    end = int(last or colon_last)
    if kind is None and colon_step is None:
        return range(start, end + 1) if end >= start else range(start, end - 1, -1)
    kind = kind if kind in ("y", ":") else "x"
    stride = int(step or colon_step)
    fault = _step_fault(start, end, kind, stride)
    if fault:
        error = FrameRangeError(text, part, place + match.start(4 if step else 6) + 1, fault)
        if fault == _LEAVES_NONE or (stride == 1 and end < start):
            return error
        raise error
    return _stepped(start, end, kind, stride)


def _stepped(start: int, end: int, kind: str, step: int) -> Part:
    toward = 1 if step > 0 else -1
    full = range(start, end + toward, toward)
    if kind == ":":
        return Interleaved(full, step) if abs(step) > 1 and len(full) > 1 else full
    if kind == "x":
        return full[:: abs(step)]
    if abs(step) == 2:  # every other frame: a plain run
        return full[1::2]
    return Inverse(full, step) if abs(step) < len(full) else full[1:]


def _step_fault(start: int, end: int, kind: str, step: int) -> str:
    """Why the farm server refuses a step or finds no frame with it. Empty when the step is fine."""
    if step == 0:
        return "the step cannot be 0"
    if step > 0 and end < start:
        return f"counting down needs a negative step: {start}-{end}{kind}{-step}"
    if step < 0 and end >= start:
        return f"counting up needs a positive step: {start}-{end}{kind}{-step}"
    if kind == "y" and (abs(step) == 1 or start == end):
        return _LEAVES_NONE
    return ""


def _explain(part: str, place: int) -> tuple[int, str]:
    """The column of the first invalid character, and what is wrong with it."""
    readable = re.match(_READABLE, part)
    stop = readable.end() if readable else int(part.startswith("-") and len(part) > 1)
    found = f"unexpected {part[stop]!r}" if stop < len(part) else "something is missing at the end"
    for pattern, hint in _HINTS:
        match = re.fullmatch(pattern, part)
        if match:
            return place + stop + 1, f"{found}; {match.expand(hint)}"
    return place + stop + 1, f"{found}; {_FORMS}"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONG_TEXT else f"{text[: _LONG_TEXT - 3]}..."
