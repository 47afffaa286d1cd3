# SPDX-License-Identifier: Apache-2.0
"""The works that are compared, the rows that are read off them, and the targets of this library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Usage
from benchmarks.tools import Case, Tool

OURS, BARE = "outline", "bare"
SLOWER = ("parallel", "doit", "dask", "luigi", "openjd", "pyoutline")  # joblib on threads is the bare loop: no record


class Verdict(NamedTuple):
    """One target and whether this run met it."""

    text: str
    met: bool


class NotMeasured(Exception):
    """A target needs a number that this run does not have."""


class Medians:
    """The medians of a run, by work and tool."""

    def __init__(self, usages: Mapping[str, Mapping[str, Usage]]) -> None:
        self._usages = usages

    def tools(self, work: str) -> Mapping[str, Usage]:
        """Return what each tool that did the work needed."""
        return self._usages.get(work, {})

    def get(self, work: str, tool: str, metric: str = "seconds") -> float:
        """Return one number.

        Raises:
            NotMeasured: the tool did not do the work in this run.
        """
        usage = self.tools(work).get(tool)
        if usage is None:
            raise NotMeasured(f"{tool} was not measured")
        return float(getattr(usage, metric))


@dataclass(frozen=True)
class Work:
    """Something that every tool is asked to do; ``sampled`` runs watch the memory of the whole process tree."""

    name: str
    case: Callable[[Tool, Path, bool], Case]
    only: Sequence[str] = ()
    sampled: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the table: a number of a work, for each tool."""

    work: str
    title: str
    judge: Callable[[Medians], list[Verdict]]
    metric: str = "seconds"


def at_most(label: str, value: float, limit: float) -> Verdict:
    """Judge a value; the text shows target and value."""
    return Verdict(f"{label} (is {value:.2f})", value <= limit)


def _sizes(quick: bool, size: int, small: int) -> int:
    return small if quick else size


WORKS = (
    Work("independent", lambda tool, folder, quick: tool.independent(folder, _sizes(quick, 1000, 200))),
    Work("lines", lambda tool, folder, quick: tool.lines(folder, _sizes(quick, 1000, 200))),
    Work("chain", lambda tool, folder, quick: tool.chain(folder, _sizes(quick, 10, 5), _sizes(quick, 50, 20))),
    Work("one", lambda tool, folder, quick: tool.one(folder)),
    Work("help", lambda tool, folder, quick: tool.show_help(folder)),
    Work("import", lambda tool, folder, quick: tool.import_it(folder)),
    Work("rerun", lambda tool, folder, quick: tool.rerun(folder, _sizes(quick, 1000, 200))),
    Work("list", lambda tool, folder, quick: tool.list_jobs(folder, 1000), only=(OURS,)),
    Work("describe-long", lambda tool, folder, quick: tool.describe(folder, 1, 100_000)),
    Work("describe-wide", lambda tool, folder, quick: tool.describe(folder, 200, 100)),
    Work("describe-hundred", lambda tool, folder, quick: tool.describe(folder, 1, 100), only=(OURS,)),
    Work("describe-million", lambda tool, folder, quick: tool.describe(folder, 1, 1_000_000), only=(OURS,)),
    Work("plan", lambda tool, folder, quick: tool.plan(folder, 10, _sizes(quick, 100_000, 20_000)), only=(OURS,)),
    Work("plan-tenth", lambda tool, folder, quick: tool.plan(folder, 10, _sizes(quick, 10_000, 2_000)), only=(OURS,)),
    Work("drive", lambda tool, folder, quick: tool.drive(folder, 10, _sizes(quick, 100_000, 20_000)), only=(OURS,)),
    Work("drive-tenth", lambda tool, folder, quick: tool.drive(folder, 10, _sizes(quick, 10_000, 2_000)), only=(OURS,)),
    Work("memory", lambda tool, folder, quick: tool.independent(folder, _sizes(quick, 1000, 200)), sampled=True),
)


def _judge_independent(medians: Medians) -> list[Verdict]:
    ours = medians.get("independent", OURS)
    others = {name: usage for name, usage in medians.tools("independent").items() if name in SLOWER}
    behind = sorted(name for name, usage in others.items() if usage.seconds <= ours)
    return [
        at_most("at most 2 x make", ours / medians.get("independent", "make"), 2.0),
        Verdict(f"ahead of {', '.join(SLOWER)}" + (f" (not of {', '.join(behind)})" if behind else ""), not behind),
    ]


def _judge_lines(medians: Medians) -> list[Verdict]:
    ours = medians.get("lines", OURS)
    ratio = ours / medians.get("lines", BARE)
    return [at_most("at most 1.3 x the bare fork loop", ratio, 1.3), at_most("at most 6 s", ours, 6.0)]


def _judge_chain(ideal_seconds: float) -> Callable[[Medians], list[Verdict]]:
    def judge(medians: Medians) -> list[Verdict]:
        ratio = medians.get("chain", OURS) / ideal_seconds
        return [at_most(f"at most 1.10 x the ideal {ideal_seconds:.1f} s", ratio, 1.10)]

    return judge


def _judge_start(work: str, seconds: float, multiple: float) -> Callable[[Medians], list[Verdict]]:
    def judge(medians: Medians) -> list[Verdict]:
        ours = medians.get(work, OURS)
        ratio = ours / medians.get(work, BARE)
        return [
            at_most(f"at most {seconds} s", ours, seconds),
            at_most(f"at most {multiple:g} x `python -c pass`", ratio, multiple),
        ]

    return judge


def _judge_seconds(work: str, seconds: float) -> Callable[[Medians], list[Verdict]]:
    return lambda medians: [at_most(f"at most {seconds} s", medians.get(work, OURS), seconds)]


def _judge_million(medians: Medians) -> list[Verdict]:
    ratio = medians.get("describe-million", OURS) / medians.get("describe-hundred", OURS)
    return [at_most("as much as a hundred frames, within 10 %", ratio, 1.1)]


def _judge_plan(work: str) -> Callable[[Medians], list[Verdict]]:
    def judge(medians: Medians) -> list[Verdict]:
        ours = medians.get(work, OURS)
        ratio = ours / medians.get(f"{work}-tenth", OURS)
        return [at_most("under 10 s", ours, 10.0), at_most("at most 12 x a tenth of the frames", ratio, 12.0)]

    return judge


def _judge_megabytes(work: str, megabytes: float) -> Callable[[Medians], list[Verdict]]:
    return lambda medians: [at_most(f"under {megabytes:g} MB", medians.get(work, OURS, "peak_mb"), megabytes)]


def _no_target(_medians: Medians) -> list[Verdict]:
    return []


def rows(quick: bool) -> list[Row]:
    """Return the rows of the table, in its order."""
    frames = _sizes(quick, 1000, 200)
    layers, chained = _sizes(quick, 10, 5), _sizes(quick, 50, 20)
    planned = f"10 layers x {_sizes(quick, 100_000, 20_000):,} frames, chained"
    ideal_seconds = layers * chained * 0.02 / 2
    return [
        Row("independent", f"{frames} frames of `true`, 2 slots", _judge_independent),
        Row("lines", f"{frames} frames of a Layer subclass that writes a line, 2 slots", _judge_lines),
        Row("chain", f"{layers} layers x {chained} frames chained, `sleep 0.02`, 2 slots", _judge_chain(ideal_seconds)),
        Row("one", "job of one frame, start to exit", _judge_start("one", 0.25, 8)),
        Row("help", "`pycuerun --help`", _judge_start("help", 0.15, 5)),
        Row("import", "`import outline`", _judge_start("import", 0.10, 3)),
        Row("rerun", f"re-run of {frames} frames, {frames // 100} had failed", _judge_seconds("rerun", 0.30)),
        Row("list", "`outline list`, 1000 sessions of 100 frames", _judge_seconds("list", 0.3)),
        Row("describe-long", "describe and write 1 layer x 100,000 frames", _judge_seconds("describe-long", 0.2)),
        Row(
            "describe-wide", "describe and write 200 chained layers x 100 frames", _judge_seconds("describe-wide", 0.4)
        ),
        Row("describe-hundred", "describe and write 1 layer x 100 frames", _no_target),
        Row("describe-million", "describe and write 1 layer x 1,000,000 frames", _judge_million),
        Row("plan", f"plan {planned}", _judge_plan("plan")),
        Row("plan", f"peak memory of it ({planned})", _judge_megabytes("plan", 1024), "peak_mb"),
        Row("drive", f"plan and drive to the end {planned}, running nothing", _no_target),
        Row("drive", "peak memory of it", _no_target, "peak_mb"),
        Row(
            "memory", f"peak memory of a process, {frames} frames of `true`", _judge_megabytes("memory", 60), "peak_mb"
        ),
        Row("memory", "peak memory of the whole process tree (PSS)", _no_target, "tree_mb"),
    ]
