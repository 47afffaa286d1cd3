# SPDX-License-Identifier: Apache-2.0
"""The end of a job as text: what is done, what is dead and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..backend.log_tail import last_lines
from ..backend.status import STATES, LayerStatus, add_counts
from ..scheduler import FrameState
from ..session_paths import SessionPaths
from .text import duration, facts, plural, quoted, table

if TYPE_CHECKING:
    from ..backend.status import FrameStatus, JobStatus

__all__ = ["is_stuck", "state_table", "summary"]

S = FrameState
_SHOWN = 5
_TAIL = 8
_MOST_LAYERS = 40


def summary(job: JobStatus, seconds: float, *, word: str | None = None) -> list[str]:
    """Tell how a job ended: a table of layers, and the dead frames with the last lines of their logs.

    Args:
        seconds: How long somebody waited for it.
        word: How the job ended, when its state does not say it.
    """
    lines = ["", f"{job.name}  {word or job.state} in {duration(seconds)}", ""]
    if job.layers:
        lines += [*(f"  {line}" for line in state_table(job.layers)), ""]
    for frame in _some_of_each_layer(job.dead, _SHOWN):
        lines += _dead_frame(job, frame)
    if len(job.dead) > _SHOWN:
        lines += [f"and {len(job.dead) - _SHOWN} more: outline status {quoted(job.session or job.name)}", ""]
    if is_stuck(job):
        lines += [f"{plural(job.counts[S.DEPEND], 'frame')} not run: what they wait for was eaten", ""]
    return lines


def is_stuck(job: JobStatus) -> bool:
    """Tell whether frames wait for eaten ones, which never release them, and nothing else is left."""
    counts = job.counts
    return bool(counts[S.EATEN] and counts[S.DEPEND]) and not (counts[S.DEAD] or counts[S.RUNNING] or counts[S.WAITING])


def state_table(layers: Sequence[LayerStatus]) -> list[str]:
    """Make a table of layers and how many of their frames are in each state; states that no frame has are left out.

    A frame is what runs at a time: with chunks, a chunk. Of very many layers, those that are done share a row.
    """
    columns = [one for one in STATES if one is S.SUCCEEDED or any(layer.counts.get(one) for layer in layers)]
    if len(layers) > _MOST_LAYERS:
        done = [layer for layer in layers if layer.counts.get(S.SUCCEEDED, 0) == layer.total]
        name = plural(len(done), "other layer" if len(done) < len(layers) else "layer")
        together = LayerStatus(name, add_counts(layer.counts for layer in done))
        layers = [*(layer for layer in layers if layer not in done), *([together] if done else [])]
    rows = [
        [layer.name, *(str(layer.counts.get(column) or "-") for column in columns), str(layer.total)]
        for layer in layers
    ]
    head = ["layer", *(column.value.lower() for column in columns), "total"]
    return table(head, rows, numbers=range(1, len(head)))


def _some_of_each_layer(dead: Sequence[FrameStatus], count: int) -> list[FrameStatus]:
    """Choose so many of the frames, in their order: as many different layers as possible, first frames first."""
    seen: dict[str, int] = {}
    ranked = []
    for place, frame in enumerate(dead):
        seen[frame.layer] = seen.get(frame.layer, 0) + 1
        ranked.append((seen[frame.layer], place))
    return [dead[place] for place in sorted(place for _, place in sorted(ranked)[:count])]


def _dead_frame(job: JobStatus, frame: FrameStatus) -> list[str]:
    pairs = [("log", frame.log)]
    if job.log_dir is None and job.session:
        run_it = f"pycuerun {quoted(SessionPaths(job.session).outline)} -e {frame.name}"
        pairs += [("host", frame.host or ""), ("run it", run_it)]
    return [
        f"DEAD {frame.name} after {plural(frame.attempt, 'attempt')}: {frame.reason}",
        *(f"    | {line}" for line in last_lines(frame.log, _TAIL)),
        *facts(pairs, "    "),
        "",
    ]
