# SPDX-License-Identifier: Apache-2.0
"""``outline status``: the states of a job's frames, as its journal or the farm tells; no code of the user is needed.

docs/command-line.md#outline-status describes what ``--json`` prints.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..backend.status import STATES
from ..frames import FrameSet, chunk_frames
from .text import counted_chunks, duration, facts, memory, plural, progress_words, quoted, server_option, shorten, table

if TYPE_CHECKING:
    from ..backend.status import FrameStatus, JobStatus, LayerStatus

__all__ = ["print_status", "status_text", "watch_status"]

_SHOWN_RUNNING, _SHOWN_DEAD = 40, 20
_LONGEST_WORDS = 100
_CLEAR = "\x1b[H\x1b[2J"


def print_status(read: Callable[[], JobStatus], as_json: bool) -> int:
    """Print the status once; the exit code is 0.

    Args:
        read: Reads the status.
        as_json: Print it as JSON.

    Raises:
        OutlineException: There is no such job.
    """
    print(_rendered(read(), as_json))
    return 0


def watch_status(read: Callable[[], JobStatus], as_json: bool, seconds: float = 1.0) -> int:
    """Print the status every second until the job does not run; on a terminal, over the one before.

    Elsewhere people read a status only when something has changed in it. Programs, which ask for JSON, get each.
    """
    is_terminal = sys.stdout.isatty()
    told: object = None
    while True:
        job = read()
        if is_terminal or as_json or told != (told := _without_times(job)):
            print(f"{_CLEAR if is_terminal else ''}{_rendered(job, as_json)}", flush=True)
        if job.state not in ("RUNNING", "WAITING"):
            return 0
        time.sleep(seconds)


def _without_times(job: JobStatus) -> tuple[object, ...]:
    """What of a status is worth a new one."""
    post = _without_times(job.post) if job.post else ()
    return job.state, job.held_up, job.waiting_for, job.layers, [(one.name, one.attempt) for one in job.retrying], post


def _rendered(job: JobStatus, as_json: bool) -> str:
    return json.dumps(job.to_dict(), indent=2 if sys.stdout.isatty() else None) if as_json else status_text(job)


def status_text(job: JobStatus) -> str:
    """Tell the status for people."""
    lines = facts(
        [
            ("job", job.name),
            ("state", job.state + (f", by process {job.runner[1]} on {job.runner[0]}" if job.runner else "")),
            ("", f"nothing runs: {job.held_up}" if job.held_up else ""),
            ("", job.waiting_for),
            ("done", f"{job.done} of {counted_chunks(job.frames, job.total)}"),
            ("session", job.session or ""),
            ("logs", job.log_dir or ""),
        ]
    )
    lines += ["", *_state_lines(job)]
    for part in (_running_lines(job.running), _retrying_lines(job.retrying), _dead_lines(job)):
        lines += ["", *part] if part else []
    if job.post is not None:
        lines += ["", status_text(job.post)]
    return "\n".join(lines)


def _state_lines(job: JobStatus) -> list[str]:
    rows = []
    for layer in job.layers:
        name = layer.name
        for state in STATES:
            if heads := layer.states.get(state):
                rows.append([name, state.value, str(layer.counts[state]), _frames(layer, heads)])
                name = ""
    return table(["layer", "state", "count", "frames"], rows, numbers=[2])


def _frames(layer: LayerStatus, heads: FrameSet) -> str:
    """Name the frames of some chunks: ``1-12 in chunks of 2``."""
    if layer.chunk == 1:
        return str(heads)
    chosen = set(heads)
    chunks = chunk_frames(FrameSet(layer.range), layer.chunk)
    frames = FrameSet([frame for chunk in chunks if chunk[0] in chosen for frame in chunk])
    return f"{frames} in chunks of {layer.chunk}"


def _running_lines(running: Sequence[FrameStatus]) -> list[str]:
    rows = [[one.name, duration(one.seconds or 0.0), _running_words(one)] for one in running[:_SHOWN_RUNNING]]
    return _table_of(["running", "for", ""], rows, [1], len(running))


def _running_words(one: FrameStatus) -> str:
    """Say which attempt a running frame is, how far it is, and what else it tells."""
    words = [f"attempt {one.attempt}"] if one.attempt > 1 else []
    if one.progress:
        words += [f"{one.progress.percent:.0f} %"] if one.progress.percent is not None else []
        words += [progress_words(one.progress)] if progress_words(one.progress) else []
    words += [f"on {one.host}"] if one.host else []
    return shorten(", ".join(words), _LONGEST_WORDS)


def _retrying_lines(retrying: Sequence[FrameStatus]) -> list[str]:
    rows = [[one.name, _retrying_words(one)] for one in retrying[:_SHOWN_DEAD]]
    return _table_of(["tried again", ""], rows, [], len(retrying))


def _retrying_words(one: FrameStatus) -> str:
    words = [plural(one.attempt, "failed try", "failed tries")]
    words += [f"memory raised to {memory(one.memory_kb)}"] if one.memory_kb else []
    words += [f"last: {one.reason}"] if one.reason else []
    return ", ".join(words)


def _dead_lines(job: JobStatus) -> list[str]:
    if not job.dead:
        return []
    rows = [
        [
            one.name,
            str(one.attempt),
            duration(one.seconds or 0.0),
            one.reason + (f" (on {one.host})" if one.host else ""),
        ]
        for one in job.dead[:_SHOWN_DEAD]
    ]
    session, server = quoted(job.session or job.name), server_option(job.server)
    return [
        *_table_of(["dead", "tries", "ran", "why"], rows, [1, 2], len(job.dead)),
        "",
        f"outline log {session} {job.dead[0].name}{server}",
        f"outline retry {session}{server}",
    ]


def _table_of(head: list[str], rows: list[list[str]], numbers: list[int], total: int) -> list[str]:
    """Make a table, and say how many more there are than it shows; nothing without rows."""
    more = [f"and {total - len(rows)} more"] if total > len(rows) else []
    return [*table(head, rows, numbers=numbers), *more] if rows else []
