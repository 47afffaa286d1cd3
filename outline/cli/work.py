# SPDX-License-Identifier: Apache-2.0
"""What people see of a work folder: which frames run, and why; its files, their lineage, and those nobody makes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..frames import FrameSet
from ..work.decide import Reason
from ..work.folder import WorkFolder
from ..work.orphans import find_orphans, remove_orphans
from ..work.results import Summary, frame_of, layer_records, results_of, results_text, write_shards
from .text import facts, moment, plural, quoted, shorten, table

if TYPE_CHECKING:
    from ..work.plan import WorkPlan
    from ..work.trace import Step

__all__ = [
    "after_launch",
    "merge_folders",
    "plan_json",
    "plan_text",
    "print_results",
    "print_trace",
    "prune_files",
    "status_json",
    "status_text",
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
    return str(FrameSet(sorted({frame_of(key, numbers) for key in keys})))


def print_results(folder: str, layer: str, format: str, output: str | None, shards: int, failed: bool) -> int:
    """Print what the frames of a layer returned, or write it into files and print their paths."""
    rows = results_of(layer_records(WorkFolder(folder), layer), failed=failed)
    if output is None:
        print(results_text(rows, format), end="")
    else:
        print("\n".join(write_shards(rows, output, shards, format)))
    return 0


# -- files ------------------------------------------------------------------------------------------------------


def print_trace(folder: str, file: str, *, down: bool, as_json: bool) -> int:
    """Print the way of a file: a tree of files, or a list of ``Step`` as JSON."""
    from ..work.trace import trace

    steps = trace(WorkFolder(folder), file, down=down)
    print(json.dumps([step._asdict() for step in steps], indent=2) if as_json else "\n".join(_tree(steps)))
    return 0


def _tree(steps: list[Step]) -> list[str]:
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
    return lines


def _maker(step: Step) -> str:
    if not step.layer:
        return "a source"
    return f"layer {step.layer}, {step.key}, launch {step.launch}" + ", as above" * step.is_known


def prune_files(folder: str, *, removes: bool, as_json: bool) -> int:
    """Print the orphans of a work folder, and remove them if asked to."""
    work = WorkFolder(folder)
    orphans = remove_orphans(work, is_running=_runs_on_farm) if removes else find_orphans(work)
    if as_json:
        print(json.dumps([orphan._asdict() for orphan in orphans], indent=2))
        return 0
    rows = [[one.path, one.layer, one.why + ", edited, so it stays" * one.is_edited] for one in orphans]
    if rows:
        print("\n".join(table(["file", "layer", "why"], rows)))
    count = plural(sum(not one.is_edited for one in orphans), "file")
    print(f"{count} removed" if removes else f"{count} that no frame makes any more" + "; --yes removes" * bool(rows))
    return 0


def merge_folders(folders: Sequence[str], output: str, *, prefers_newest: bool) -> int:
    """Put work folders together into a new one, and print how much it holds."""
    from ..work.merge import merge

    sources = [WorkFolder(folder) for folder in folders]
    count = merge(
        sources,
        WorkFolder(output),
        prefers_newest=prefers_newest,
        is_running=_runs_on_farm,
    )
    print(f"{output} holds {plural(count, 'frame')} of {plural(len(sources), 'folder')}")
    return 0


def _runs_on_farm(job_id: str, server: Any) -> bool:
    from ..cuerun import import_backend_module

    return bool(import_backend_module("cue").is_running(job_id, server))
