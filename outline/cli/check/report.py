# SPDX-License-Identifier: Apache-2.0
"""What ``outline check`` has found, and how it is shown.

docs/command-line.md#outline-check describes what ``--json`` prints, and the rules.
"""

from __future__ import annotations

import json
import linecache
from collections.abc import Sequence
from typing import NamedTuple

from ..text import frame_count, plural

__all__ = ["Finding", "Report", "report_json", "report_text"]

_ORDER = {"error": 0, "warning": 1, "note": 2}


class Finding(NamedTuple):
    """One problem."""

    level: str
    rule: str
    message: str
    layer: str = ""
    file: str = ""
    line: int = 0


class Report(NamedTuple):
    """All problems of an outline, in the order of the script."""

    script: str
    layers: int
    frames: int
    chunks: int
    findings: Sequence[Finding]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.level == "warning" for finding in self.findings)


def in_order(findings: Sequence[Finding], script: str) -> list[Finding]:
    """The findings in the order of the script's lines, each once; those of other files come last."""
    return sorted(dict.fromkeys(findings), key=lambda one: (one.file != script, one.file, one.line, _ORDER[one.level]))


def report_json(report: Report) -> str:
    """The report as JSON."""
    data = {
        "script": report.script,
        "layers": report.layers,
        "frames": report.frames,
        "chunks": report.chunks,
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [finding._asdict() for finding in report.findings],
    }
    return json.dumps(data, indent=2)


def report_text(report: Report) -> str:
    """The report as compilers print it: ``file:line: level: message [rule]``, with the line of the script."""
    lines = []
    for finding in report.findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file or report.script
        lines.append(f"{place}: {finding.level}: {finding.message} [{finding.rule}]")
        source = linecache.getline(finding.file, finding.line).strip() if finding.line else ""
        if source:
            lines.append(f"    {source}")
    notes = len(report.findings) - report.errors - report.warnings
    counted = [
        plural(count, noun)
        for count, noun in ((report.errors, "error"), (report.warnings, "warning"), (notes, "note"))
        if count
    ]
    size = f"{plural(report.layers, 'layer')}, {frame_count(report.frames, report.chunks)}"
    return "\n".join([*lines, f"{report.script}: {size}: {', '.join(counted) or 'no problems'}"])
