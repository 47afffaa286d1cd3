# SPDX-License-Identifier: Apache-2.0
"""What people see of a work folder: which frames run, and why; its files, their lineage, and those nobody makes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..frames import FrameSet
from ..work.decide import Reason
from ..work.folder import WorkFolder, number_of
from ..work.results import Summary
from .text import facts, moment, plural, quoted, shorten, table

if TYPE_CHECKING:
    from ..work.plan import WorkPlan
    from ..work.trace import Step

__all__ = [
    "after_launch",
    "plan_json",
    "plan_text",
    "status_json",
    "status_text",
    "trace_text",
]

_LONGEST = 60
_SHOWN = 20


def plan_text(plan: WorkPlan, *, each_frame: bool = False) -> str:
    """A table of the layers with what they read and write, and how many frames run for which reason.

    Args:
        plan: The decisions.
        each_frame: Add a line for each frame that runs.
    """
    rows = []
    for layer, decisions in plan.decisions.items():
        links = plan.links[layer]
        runs = sum(one.reason.runs for one in decisions.values()) - len(plan.no_retry.get(layer, ()))
        reads = ", ".join(map(str, links.inputs))
        writes = ", ".join(output.path for output in links.outputs)
        rows.append([layer, shorten(reads, _LONGEST), shorten(writes, _LONGEST), f"{runs} of {len(decisions)}", ""])
        rows[-1][-1] = ", ".join(f"{count} {reason.value}" for reason, count in plan.counts(layer).items())
    lines = table(["layer", "reads", "writes", "run", "why"], rows, numbers=[3])
    lines += [f"{layer} {text}" for layer, text in plan.covers.items()]
    lines += plan.left_out
    if plan.waits:
        lines.append(plan.waiting_text())
    for layer, failed in plan.no_retry.items():
        lines.append(f"{layer}: {plural(len(failed), 'failed frame')} not tried again: {failed}")
    if each_frame:
        lines += _frames(plan)
    return "\n".join(lines)


def after_launch(folder: str, plan: WorkPlan) -> str:
    """What a launch ends with: what its frames have counted, and which layers cover a part of items only."""
    counted = Summary(WorkFolder(folder)).counts if plan.has_work else {}
    lines = _counters({key: value for key, value in counted.items() if key[0] in plan.decisions})
    return "\n".join([*lines, *(f"{layer} {text}" for layer, text in plan.covers.items() if plan.has_work)])


def _counters(counts: Mapping[tuple[str, str], float]) -> list[str]:
    rows = [[layer, name, f"{value:g}"] for (layer, name), value in counts.items()]
    return ["", *table(["layer", "counter", "sum"], rows, numbers=[2])] if rows else []


def plan_json(plan: WorkPlan) -> str:
    """The decisions as JSON: a list of layers, each with what it reads and writes, and its frames for each reason."""
    layers = []
    for name, decisions in plan.decisions.items():
        links, failed = plan.links[name], plan.no_retry.get(name, FrameSet([]))
        frames: dict[str, list[int]] = {}
        for frame, one in decisions.items():
            frames.setdefault("left failed" if frame in failed else str(one), []).append(frame)
        layers.append(
            {
                "name": name,
                "reads": list(map(str, links.inputs)),
                "writes": [output.path for output in links.outputs],
                "run": [frame for frame, one in decisions.items() if one.reason.runs and frame not in failed],
                "frames": [{"frames": str(FrameSet(numbers)), "why": why} for why, numbers in frames.items()],
            }
        )
    return json.dumps({"has_work": plan.has_work, "layers": layers, "left_out": plan.left_out}, indent=2)


def _frames(plan: WorkPlan) -> list[str]:
    """A line for each reason and detail that frames have in common."""
    lines = [""]
    for layer, decisions in plan.decisions.items():
        same: dict[str, list[int]] = {}
        for frame, decision in decisions.items():
            if decision.reason is not Reason.DONE:
                same.setdefault(str(decision), []).append(frame)
        lines += [f"{layer} {FrameSet(frames)}: {why}" for why, frames in same.items()]
    return lines


def status_json(folder: str) -> str:
    """What the records of a work folder say, as JSON."""
    return json.dumps(Summary(WorkFolder(folder)).to_dict(), indent=2)


def status_text(folder: str) -> str:
    """What the records of a work folder say: layers, errors, counters, orphans, and the last launch."""
    summary = Summary(WorkFolder(folder))
    launched = summary.launched
    when = moment(float(launched.get("started") or 0))
    damaged = f"{plural(len(summary.damaged), 'record')} left out: {', '.join(summary.damaged[:3])}"
    lines = facts(
        [
            ("work folder", summary.folder),
            ("as of", f"launch {summary.launch}, {when}, process {launched.get('pid')} on {launched.get('host')}"),
            ("running", summary.running),
            ("job", "" if launched.get("over") else str(launched.get("job_name") or "")),
            ("damaged", damaged if summary.damaged else ""),
        ]
    )
    numbers = WorkFolder(folder).numbers()
    rows = [
        [layer, state, str(len(keys)), shorten(_range_of(keys, numbers), _LONGEST)]
        for layer, states in summary.layers.items()
        for state, keys in sorted(states.items())
    ]
    lines += ["", *table(["layer", "state", "count", "frames"], rows, numbers=[2])]
    if summary.errors:
        errors = sorted(summary.errors.items(), key=lambda pair: -pair[1])
        failed = [[layer, str(count), shorten(text, 2 * _LONGEST)] for (layer, text), count in errors]
        lines += ["", *table(["failed", "count", "why"], failed, numbers=[1])]
    lines += _counters(summary.counts)
    lines += ["", *table(["launch", "when", "who", "what"], _launches(summary), numbers=[0])]
    if summary.orphans:
        files = plural(len(summary.orphans), "file")
        lines += ["", f"{files} that no frame makes any more; outline prune {quoted(folder)} lists what is there"]
    return "\n".join(lines)


def _launches(summary: Summary) -> list[list[str]]:
    """Number, time, user and host, and the frames by reason, of the newest launches."""
    rows = []
    for number, launch in summary.launches.items():
        reasons: Counter[str] = Counter()
        for counts in launch.get("counts", {}).values():
            reasons.update(counts)
        what = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        what = f"did not start: {launch['refused']}" if "refused" in launch else what
        when = moment(float(launch.get("started") or 0))
        rows.append([str(number), when, f"{launch.get('user') or '?'} on {launch.get('host')}", what])
    return rows


def _range_of(keys: Sequence[str], numbers: dict[str, int]) -> str:
    """The frames of some keys as a range."""
    return str(FrameSet(sorted({number_of(key, numbers) for key in keys})))


def trace_text(steps: list[Step]) -> str:
    """A line for each file, those that belong to one below it; of many beside each other only the first."""
    lines: list[str] = []
    counts = [0]  # how many stand beside the last step, and beside each of those above it
    hidden = sys.maxsize
    for step in steps:
        if step.depth > hidden:
            continue
        del counts[step.depth + 1 :]
        counts += [0] * (step.depth + 1 - len(counts))
        counts[step.depth] += 1
        hidden = step.depth if counts[step.depth] > _SHOWN else sys.maxsize
        if counts[step.depth] <= _SHOWN:
            lines.append(f"{'  ' * step.depth}{step.file}  {_maker(step)}")
        elif counts[step.depth] == _SHOWN + 1:
            lines.append(f"{'  ' * step.depth}and more; --json lists all")
    return "\n".join(lines)


def _maker(step: Step) -> str:
    if not step.layer:
        return "a source"
    return f"layer {step.layer}, {step.key}, launch {step.launch}" + ", as above" * step.is_known
