# SPDX-License-Identifier: Apache-2.0
"""The end of a job on this machine as text: what is done, what is dead and why, how to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..scheduler import FrameState
from .text import duration, plural, quoted, table

if TYPE_CHECKING:
    from ..backend.local.job import DeadFrame, LocalJob
    from ..frame_end import FrameEnd

__all__ = ["state_table", "summary", "why"]

S = FrameState
_COLUMNS = (S.SUCCEEDED, S.RUNNING, S.DEAD, S.EATEN, S.DEPEND, S.WAITING)
_SHOWN = 5
_MOST_LAYERS = 40


def summary(job: LocalJob, seconds: float, tail: int = 8) -> str:
    """Return the end of a run: a table of layers, the dead frames with their last log lines, how to go on.

    Args:
        job: The job.
        seconds: How long the run took.
        tail: How many lines of each dead frame's log.
    """
    state = job.record.job
    lines = ["", f"{job.name}  {job.state} in {duration(seconds)}", ""]
    lines += [
        f"  {line}" for line in state_table({layer.name: state.counts(layer.name) for layer in state.plan.layers})
    ]
    lines.append("")
    lines += _dead_lines(job, tail)
    lines.append(f"session  {job.path}")
    if not state.succeeded:
        lines.append(f"go on    pycuerun --resume {quoted(job.path)}")
    return "\n".join(lines)


def state_table(counts: Mapping[str, Mapping[FrameState, int]]) -> list[str]:
    """Return a table of layers and how many of their frames are in each state; states that no frame has are left out.

    A frame is what runs at a time: with chunks, a chunk. Of very many layers, those that are done share a row.

    Args:
        counts: The states of the frames, by layer.
    """
    columns = [one for one in _COLUMNS if one is S.SUCCEEDED or any(states.get(one) for states in counts.values())]
    counts_of = dict(counts)
    done = [name for name, states in counts.items() if states[S.SUCCEEDED] == sum(states.values())]
    if len(counts_of) > _MOST_LAYERS:
        succeeded = sum(counts_of.pop(name)[S.SUCCEEDED] for name in done)
        if done:
            counts_of[plural(len(done), "other layer")] = {**dict.fromkeys(S, 0), S.SUCCEEDED: succeeded}
    rows = []
    for name, states in counts_of.items():
        cells = [str(states[column] or "-") for column in columns]
        rows.append([name, *cells, str(sum(states.values()))])
    head = ["layer", *(column.value.lower() for column in columns), "total"]
    return table(head, rows, numbers=range(1, len(head)))


def why(end: FrameEnd | None) -> str:
    """Return why a frame ended as it did, in a few words."""
    if end is None:
        return "unknown"
    if end.reason:
        return end.reason
    return f"signal {end.signal}" if end.signal else f"exit status {end.status}"


def _dead_lines(job: LocalJob, tail: int) -> list[str]:
    dead = job.dead_frames()
    lines = []
    for frame in _some_of_each_layer(dead, _SHOWN):
        lines += _dead_frame(job, frame, tail)
    if len(dead) > _SHOWN:
        lines += [f"and {len(dead) - _SHOWN} more: outline status {quoted(job.path)}", ""]
    return lines


def _some_of_each_layer(dead: list[DeadFrame], count: int) -> list[DeadFrame]:
    """Return so many of the frames, in their order: as many different layers as possible, first frames first."""
    seen: dict[str, int] = {}
    ranked = []
    for place, frame in enumerate(dead):
        seen[frame.layer] = seen.get(frame.layer, 0) + 1
        ranked.append((seen[frame.layer], place))
    return [dead[place] for place in sorted(place for _, place in sorted(ranked)[:count])]


def _dead_frame(job: LocalJob, frame: DeadFrame, tail: int) -> list[str]:
    attempts = plural(frame.record.attempt, "attempt")
    return [
        f"DEAD {frame.name} after {attempts}: {why(frame.record.end)}",
        *(f"    | {line}" for line in frame.last_lines(tail)),
        f"    log     {frame.log}",
        f"    run it  pycuerun {quoted(job.paths.outline)} -e {frame.name}",
        "",
    ]
