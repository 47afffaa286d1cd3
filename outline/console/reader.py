# SPDX-License-Identifier: Apache-2.0
"""Applies an application's rules to its output."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from outline.console.lines import LineSplitter
from outline.console.literals import required_texts
from outline.console.rules import OutputRules
from outline.console.track import Progress, Tracker
from outline.exception import OutlineException
from outline.frames import FrameSet

__all__ = ["MOST_LINES", "OutputReader"]

MOST_LINES = 100
"""How many warnings, and how many errors, are kept; those after them are only counted."""

_LONGEST_KEPT = 1000
# The kinds of line in the order in which they are tried; a line is of one kind.
_JUDGEMENTS = ("harmless", "fatal", "error", "warning")
_UNITS_KB = {"": 1 / 1024, "K": 1.0, "M": 1024.0, "G": 1024.0**2}


class _Rule(NamedTuple):
    kind: str
    texts: tuple[str, ...]
    pattern: re.Pattern[str]
    ignores_case: bool

    def may_match(self, line: str) -> bool:
        return _holds_one(self.texts, line.lower() if self.ignores_case else line)


class _Filter(NamedTuple):
    """Texts of which a line must contain one to matter. Without any text, every line matters."""

    texts: tuple[str, ...]
    small_texts: tuple[str, ...]

    def passes(self, block: str) -> bool:
        if not self.texts and not self.small_texts:
            return True
        if self.texts and _holds_one(self.texts, block):
            return True
        return bool(self.small_texts) and _holds_one(self.small_texts, block.lower())


class OutputReader:
    """Takes an application's output as it comes and keeps what it found in it.

    Make one for each chunk of frames and use it from one thread. It does not matter how the output is split into
    pieces.

    Attributes:
        warnings: The first warnings, word for word.
        errors: The first errors, fatal ones too.
        fatal: The first errors that fail the frame, whatever the exit status is.
        warning_count: The number of warnings.
        error_count: The number of errors.
    """

    def __init__(
        self,
        rules: OutputRules,
        frames: FrameSet | None = None,
        *,
        observe: Callable[[Progress], object] | None = None,
    ) -> None:
        """Make a reader.

        Args:
            rules: What to look for.
            frames: The frames of the chunk in render order. None when unknown.
            observe: The reader calls it with the progress whenever that may have changed. It returns False to decline,
                and then ``look_again`` calls it again.
        """
        self.warnings: list[str] = []
        self.errors: list[str] = []
        self.fatal: list[str] = []
        self.warning_count = self.error_count = 0
        self.__rules = _compiled(rules)
        self.__live = [rule for rule in self.__rules if rule.kind in ("percent", "tenths")]
        self.__filter = _filter(self.__rules)
        self.__most_errors = rules.most_errors
        self.__splitter = LineSplitter()
        self.__tracker = Tracker(frames, tells_frames_apart=rules.tell_frames_apart, tells_done=bool(rules.frame_done))
        self.__observe = observe
        self.__peak_kb = 0
        self.__note = ""
        self.__ahead: float | None = None
        self.is_pending = False

    @property
    def progress(self) -> Progress:
        """How far the chunk is."""
        return self.__tracker.progress(self.__ahead, self.__peak_kb, self.__note)

    def begin(self, frames: FrameSet, share: float | None = None) -> None:
        """Record that the next command begins to render these frames of the chunk.

        Args:
            share: This command's share of the chunk's work, up to 1. None means in proportion to its frames.
        """
        self.__read(self.__splitter.close())
        self.__ahead = None
        self.__tracker.begin(frames, share)
        if self.progress.percent is not None:
            self.__tell()

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes.

        Raises:
            OutlineException: The output has more errors than the rules' ``most_errors`` allows.
        """
        seen = self.__read(self.__splitter.split(chunk))
        if self.__peek() or seen:
            self.__tell()
        if 0 < self.__most_errors <= self.error_count:
            raise OutlineException(
                f"ended the application, which reported {self.error_count} errors, the first one: {self.errors[0]}"
            )

    def close(self) -> None:
        """Read the last line, even without a line end."""
        self.__ahead = None
        if self.__read(self.__splitter.close()):
            self.__tell()

    def look_again(self) -> None:
        """Call the observer again if it declined the last progress."""
        if self.is_pending:
            self.__tell()

    def __tell(self) -> None:
        if self.__observe is not None:
            self.is_pending = self.__observe(self.progress) is False

    def __read(self, block: str) -> bool:
        """Read whole lines. Returns whether one of them mattered."""
        if not block or not self.__rules or not self.__filter.passes(block):
            return False
        if len(self.__live) == len(self.__rules):
            return self.__read_last(block)
        seen = False
        for line in block.split("\n"):
            is_judged = False  # a line is one error, or one warning
            for rule in self.__rules:
                judges = rule.kind in _JUDGEMENTS
                if not (judges and is_judged) and rule.may_match(line):
                    match = rule.pattern.search(line)
                    if match is not None:
                        seen, is_judged = True, is_judged or judges
                        self.__take(rule, match, line)
        return seen

    def __read_last(self, block: str) -> bool:
        """Read only the last line that matters. Earlier lines with nothing but percentages change nothing."""
        texts = self.__filter.texts
        if not texts or self.__filter.small_texts:
            texts = ("",)  # every line is a candidate
        end = len(block)
        while end >= 0:
            place = max(block.rfind(text, 0, end) for text in texts)
            if place < 0:
                return False
            begin = block.rfind("\n", 0, place) + 1
            stop = block.find("\n", place)
            line = block[begin : stop if stop >= 0 else len(block)]
            seen = False
            for rule in self.__rules:
                match = rule.pattern.search(line)
                if match is not None:
                    self.__take(rule, match, line)
                    seen = True
            if seen:
                return True
            end = begin - 1
        return False

    def __peek(self) -> bool:
        """Look for a percentage in the incomplete line, because some programs never end it."""
        before, self.__ahead = self.__ahead, None
        for rule in self.__live:
            line = self.__splitter.unfinished()
            if not line or not rule.may_match(line):
                continue
            for match in rule.pattern.finditer(line):
                # A number at the end may lack its last digits; tenths have one.
                if rule.kind == "tenths" or match.end() < len(line) or not line[-1].isalnum():
                    self.__ahead = _percentage(rule.kind, match)
        return self.__ahead != before

    def __take(self, rule: _Rule, match: re.Match[str], line: str) -> None:
        kind = rule.kind
        if kind in ("percent", "tenths"):
            *_, match = rule.pattern.finditer(line)
            percent = _percentage(kind, match)
            if percent is not None:
                self.__tracker.percent(percent)
        elif kind in ("frame", "frame_index"):
            number = _whole(match[1])
            if number is not None:
                (self.__tracker.begin_frame if kind == "frame" else self.__tracker.begin_place)(number)
        elif kind == "frame_done":
            self.__tracker.end_frame(match[1])
        elif kind == "memory":
            self.__peak_kb = max(self.__peak_kb, _kilobytes(match))
        elif kind == "note":
            self.__note = match[1].strip()[:_LONGEST_KEPT]
        elif kind in ("error", "fatal"):
            self.error_count += 1
            _keep(self.errors, line)
            if kind == "fatal":
                _keep(self.fatal, line)
        elif kind == "warning":
            self.warning_count += 1
            _keep(self.warnings, line)


@lru_cache(maxsize=64)
def _compiled(rules: OutputRules) -> tuple[_Rule, ...]:
    """The rules in the order in which a line meets them: which frame it belongs to comes before what it says."""
    order = ("frame_index", "frame", "percent", "tenths", "frame_done", "memory", "note", *_JUDGEMENTS)
    return tuple(_rule(kind, pattern) for kind in order for pattern in getattr(rules, kind))


def _rule(kind: str, pattern: str) -> _Rule:
    compiled = re.compile(pattern)
    ignores_case = bool(compiled.flags & re.IGNORECASE)
    if ignores_case:  # ASCII only, for which comparing lower case is enough
        compiled = re.compile(pattern, re.ASCII)
    if kind == "memory" and "number" not in compiled.groupindex:
        raise ValueError(f"the output rule {pattern!r} for memory needs a group named 'number'")
    if kind not in ("memory", *_JUDGEMENTS) and not compiled.groups:
        raise ValueError(f"the output rule {pattern!r} for {kind} needs a group")
    return _Rule(kind, required_texts(pattern), compiled, ignores_case)


def _filter(rules: tuple[_Rule, ...]) -> _Filter:
    if not all(rule.texts for rule in rules):
        return _Filter((), ())
    texts = dict.fromkeys(text for rule in rules if not rule.ignores_case for text in rule.texts)
    small_texts = dict.fromkeys(text for rule in rules if rule.ignores_case for text in rule.texts)
    return _Filter(tuple(texts), tuple(small_texts))


def _holds_one(texts: tuple[str, ...], line: str) -> bool:
    if not texts:
        return True
    for text in texts:  # noqa: SIM110  # the generator of any() costs more than the search
        if text in line:
            return True
    return False


def _percentage(kind: str, match: re.Match[str]) -> float | None:
    try:
        value = float(match[1].replace(",", "."))
        if kind == "tenths":
            return value * 10.0
        if match.re.groups < 2 or match[2] is None:
            return value
        total = float(match[2].replace(",", "."))
    except (ValueError, AttributeError):
        return None
    return 100.0 * value / total if total > 0 else None


def _whole(text: str) -> int | None:
    try:
        return int(float(text)) if "." in text else int(text)
    except (ValueError, OverflowError):
        return None


def _kilobytes(match: re.Match[str]) -> int:
    groups = match.groupdict()
    try:
        number = float(groups["number"].replace(",", ""))
        return int(number * _UNITS_KB[(groups.get("unit") or "").upper()[:1]])
    except (KeyError, ValueError, OverflowError):
        return 0


def _keep(lines: list[str], line: str) -> None:
    if len(lines) < MOST_LINES:
        lines.append(line.strip()[:_LONGEST_KEPT])
