# SPDX-License-Identifier: Apache-2.0
"""What people see of a work folder: which frames of a launch run, and why."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..frames import FrameSet
from ..work.decide import Reason
from ..work.folder import WorkFolder
from ..work.orphans import Orphan, find_orphans
from ..work.results import Summary, layer_records, results_of, results_text, write_shards
from .text import facts, plural, quoted, shorten, table

if TYPE_CHECKING:
    from ..work.plan import WorkPlan

__all__ = ["after_launch", "plan_json", "plan_text", "print_results", "status_json", "status_text"]

_LONGEST = 60


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
        reads = ", ".join(one.path or (one.maker.get_name() if one.maker else "") for one in links.inputs)
        writes = ", ".join(output.path for output in links.outputs)
        rows.append([layer, shorten(reads, _LONGEST), shorten(writes, _LONGEST), f"{runs} of {len(decisions)}", ""])
        rows[-1][-1] = ", ".join(f"{count} {reason.value}" for reason, count in plan.counts(layer).items())
    lines = table(["layer", "reads", "writes", "run", "why"], rows, numbers=[3])
    lines += [f"{layer} {text}" for layer, text in plan.covers.items()]
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
    rows = [[layer, name, f"{value:g}"] for (layer, name), value in counted.items() if layer in plan.decisions]
    lines = ["", *table(["layer", "counter", "sum"], rows, numbers=[2])] if rows else []
    return "\n".join([*lines, *(f"{layer} {text}" for layer, text in plan.covers.items() if plan.has_work)])


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
                "reads": [one.path or (one.maker.get_name() if one.maker else "") for one in links.inputs],
                "writes": [output.path for output in links.outputs],
                "run": [frame for frame, one in decisions.items() if one.reason.runs and frame not in failed],
                "frames": [{"frames": str(FrameSet(numbers)), "why": why} for why, numbers in frames.items()],
            }
        )
    return json.dumps({"has_work": plan.has_work, "layers": layers}, indent=2)


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
    summary = Summary(WorkFolder(folder))
    orphans = [orphan._asdict() for orphan in _orphans(summary)]
    return json.dumps({**summary.to_dict(), "orphans": orphans}, indent=2)


def _orphans(summary: Summary) -> list[Orphan]:
    """The files of frames that are gone; files are looked at only when there are such frames."""
    is_any_gone = any("gone" in states for states in summary.layers.values())
    return find_orphans(WorkFolder(summary.folder)) if is_any_gone else []


def status_text(folder: str) -> str:
    """What the records of a work folder say: layers, errors, counters, orphans, and the last launch."""
    summary = Summary(WorkFolder(folder))
    launched = summary.launched
    when = _time(launched)
    lines = facts(
        [
            ("work folder", summary.folder),
            ("as of", f"launch {summary.launch}, {when}, process {launched.get('pid')} on {launched.get('host')}"),
            ("damaged", f"{plural(len(summary.damaged), 'record')} left out: {', '.join(summary.damaged[:3])}"),
        ][: 3 if summary.damaged else 2]
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
    if summary.counts:
        counted = [[layer, name, f"{value:g}"] for (layer, name), value in summary.counts.items()]
        lines += ["", *table(["layer", "counter", "sum"], counted, numbers=[2])]
    lines += ["", *table(["launch", "when", "who", "what"], _launches(summary), numbers=[0])]
    orphans = _orphans(summary)
    if orphans:
        files = plural(len(orphans), "file")
        lines += ["", f"{files} that no frame makes any more; outline prune {quoted(folder)} lists them"]
    return "\n".join(lines)


def _launches(summary: Summary) -> list[list[str]]:
    """Number, time, user and host, and the frames by reason, of the newest launches."""
    rows = []
    for number, launch in summary.launches.items():
        reasons: Counter[str] = Counter()
        for counts in launch.get("counts", {}).values():
            reasons.update(counts)
        what = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        rows.append([str(number), _time(launch), f"{launch.get('user') or '?'} on {launch.get('host')}", what])
    return rows


def _time(launch: Mapping[str, Any]) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(float(launch.get("started") or 0)))


def _range_of(keys: Sequence[str], numbers: dict[str, int]) -> str:
    """The frames of some keys as a range; a frame without an item has its number for a key."""
    return str(FrameSet(sorted(numbers[key] if key in numbers else int(key) for key in keys)))


def print_results(folder: str, layer: str, format: str, output: str | None, shards: int, failed: bool) -> int:
    """Print what the frames of a layer returned, or write it into files and print their paths."""
    rows = results_of(layer_records(WorkFolder(folder), layer), failed=failed)
    if output is None:
        print(results_text(rows, format), end="")
    else:
        print("\n".join(write_shards(rows, output, shards, format)))
    return 0
