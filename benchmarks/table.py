# SPDX-License-Identifier: Apache-2.0
"""Turns what was measured into Markdown tables and plain data."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.measure import Usage
from benchmarks.rows import OURS, Medians, NotMeasured, Row, Verdict


@dataclass
class Results:
    """All that one run of the benchmarks has found out; filled by the runner, read by the tables."""

    facts: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # tool -> why it is not there at all
    usages: dict[str, dict[str, list[Usage]]] = field(default_factory=dict)  # work -> tool -> runs
    reasons: dict[str, dict[str, str]] = field(default_factory=dict)  # work -> tool -> why there is no number
    notes: dict[str, dict[str, str]] = field(default_factory=dict)  # work -> tool -> what to know of the number

    def medians(self) -> Medians:
        """Return the median of each number of each tool and work."""
        return Medians(
            {work: {tool: median(runs) for tool, runs in tools.items()} for work, tools in self.usages.items()}
        )


def median(runs: Sequence[Usage]) -> Usage:
    """Return the median of each number on its own."""
    return Usage(*(statistics.median(column) for column in zip(*runs, strict=True)))


def markdown(results: Results, rows: Sequence[Row], *, title: str, judged: bool) -> str:
    """Return the whole report: facts, overview, details, and why some numbers are not there."""
    shown = [row for row in rows if row.work in results.usages]
    table = overview(results, shown, judged=judged)
    parts = [f"# {title}", _facts(results), table, _details(results, shown), _gaps(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview(results: Results, rows: Sequence[Row], *, judged: bool) -> str:
    """Return the table of medians: a line a row, a column a tool, ratios to this library, and the targets."""
    medians = results.medians()
    tools = [name for name in results.versions if any(name in medians.tools(row.work) for row in rows)]
    lines = [_line(["work", *tools, "target", "met"]), _line(["---"] * (len(tools) + 3))]
    for row in rows:
        cells = [_cell(medians, row, tool) for tool in tools]
        lines.append(_line([row.title, *cells, *_targets(medians, row, judged)]))
    return "\n".join(lines)


def as_data(results: Results, rows: Sequence[Row], *, judged: bool) -> dict[str, object]:
    """Return everything as plain data for JSON."""
    medians = results.medians()
    usages = {
        work: {tool: [usage._asdict() for usage in runs] for tool, runs in tools.items()}
        for work, tools in results.usages.items()
    }
    verdicts = [
        {"work": row.work, "title": row.title, "target": verdict.text, "met": verdict.met}
        for row in rows
        if judged and row.work in results.usages
        for verdict in _verdicts(medians, row)
    ]
    return {
        "machine": results.facts,
        "versions": results.versions,
        "left_out": results.left_out,
        "runs": usages,
        "reasons": results.reasons,
        "notes": results.notes,
        "verdicts": verdicts,
    }


def _verdicts(medians: Medians, row: Row) -> list[Verdict]:
    try:
        return row.judge(medians)
    except NotMeasured as reason:
        return [Verdict(str(reason), False)]


def _targets(medians: Medians, row: Row, judged: bool) -> list[str]:
    verdicts = _verdicts(medians, row)
    if not verdicts:
        return ["", ""]
    text = "; ".join(verdict.text for verdict in verdicts)
    if not judged:
        return [text, "not judged"]
    return [text, "; ".join("met" if verdict.met else "**missed**" for verdict in verdicts)]


def _cell(medians: Medians, row: Row, tool: str) -> str:
    usage = medians.tools(row.work).get(tool)
    if usage is None:
        return "-"
    value = float(getattr(usage, row.metric))
    ours = medians.tools(row.work).get(OURS)
    if ours is None or tool == OURS:
        return _number(value, row)
    base = float(getattr(ours, row.metric))
    return f"{_number(value, row)} ({value / base:.2f}x)" if base else _number(value, row)


def _number(value: float, row: Row) -> str:
    if row.metric != "seconds":
        return f"{value:.0f} MB"
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def _facts(results: Results) -> str:
    facts = ", ".join(f"{name}: {value}" for name, value in results.facts.items())
    versions = ", ".join(f"{tool} {version}" for tool, version in results.versions.items())
    return f"Measured on {facts}.\n\nVersions: {versions}. In brackets: how many times as much as this library."


def _details(results: Results, rows: Sequence[Row]) -> str:
    lines = ["## Each tool", "", _line(["work", "tool", "median", "least", "most", "runs", "note"]), _line(["---"] * 7)]
    for row in rows:
        for tool, runs in results.usages[row.work].items():
            values = [float(getattr(usage, row.metric)) for usage in runs]
            numbers = [_number(value, row) for value in (statistics.median(values), min(values), max(values))]
            note = results.notes.get(row.work, {}).get(tool, "")
            lines.append(_line([row.title, tool, *numbers, str(len(values)), note]))
    return "\n".join(lines)


def _gaps(results: Results) -> str:
    lines = [f"- {tool} is left out: {reason}" for tool, reason in results.left_out.items()]
    for work, tools in results.reasons.items():
        lines += [f"- {work}, {tool}: {reason}" for tool, reason in tools.items()]
    return "\n".join(["## Why a number is not there", "", *lines]) if lines else ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
