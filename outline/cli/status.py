# SPDX-License-Identifier: Apache-2.0
"""``outline status``: the states of a job's frames, as its journal or the farm tells; no code of the user is needed.

``--json`` prints one object:

========== ==========================================================================================================
job        the job's name; ``job_id`` and ``session`` (the folder; null for a job on the farm) say which one
state      ``RUNNING``, ``FINISHED`` (all succeeded or eaten), ``FAILED``, ``PAUSED`` (no frame was ever started, or the
           farm starts none) or ``STOPPED`` (was cut short and can go on; on the farm, it was killed)
runner     ``{"host": …, "pid": …}`` of the process that runs it, else null
frames     how many frames the job has; with chunks, a frame is a chunk, named by its first number
counts     frames by state, states without frames left out
layers     in their order: ``name``, ``range`` (all frame numbers), ``chunk``, ``frames``, ``counts``, and ``states``:
           the frames in each state as a range
running    ``frame`` (its name), ``layer``, ``attempt``, ``seconds`` (so far), and ``progress``: null, or what the
           application tells: ``percent`` of the chunk, the ``frame`` at work, ``frames_done``, ``peak_memory_kb``,
           ``note``, ``warnings``, ``errors``
dead       ``frame``, ``layer``, ``attempts``, ``exit_status``, ``signal``, ``reason``, ``seconds``, ``log`` (its path),
           ``peak_memory_kb`` and ``warnings`` that the application told of
log_dir    only of a job on the farm: the folder of the logs, as the hosts see it; ``server`` as the command line named
           it, or null; ``held_up``, why no host starts a frame, or empty; each running and dead frame has its ``host``
========== ==========================================================================================================
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from ..backend.local.job import LocalJob
from ..progress import FrameProgress, read_progress
from ..scheduler import FrameState
from .progress_rows import progress_words
from .summary import why
from .text import duration, facts, plural, quoted, server_option, shorten, table

__all__ = ["print_status", "status_data", "status_text", "watch_status"]

_SHOWN_RUNNING, _SHOWN_DEAD = 40, 20
_LONGEST_WORDS = 100
_CLEAR = "\x1b[H\x1b[2J"


def print_status(read: Callable[[], dict[str, Any]], as_json: bool) -> int:
    """Print the status once and return the exit code 0.

    Args:
        read: Returns the status as data, see the top of this module.
        as_json: Print it as JSON.

    Raises:
        OutlineException: There is no such job.
    """
    print(_rendered(read(), as_json))
    return 0


def watch_status(read: Callable[[], dict[str, Any]], as_json: bool, seconds: float = 1.0) -> int:
    """Print the status every second until the job does not run; on a terminal, over the one before."""
    clear = _CLEAR if sys.stdout.isatty() else ""
    while True:
        data = read()
        print(f"{clear}{_rendered(data, as_json)}", flush=True)
        if data["state"] != "RUNNING":
            return 0
        time.sleep(seconds)


def _rendered(data: dict[str, Any], as_json: bool) -> str:
    return json.dumps(data, indent=None if not sys.stdout.isatty() else 2) if as_json else status_text(data)


def status_data(job: LocalJob) -> dict[str, Any]:
    """Return the status of a job as data for JSON, see the top of this module."""
    record = job.record
    return {
        "job": job.name,
        "job_id": record.job_id,
        "session": job.path,
        "state": job.state,
        "runner": {"host": record.runner[0], "pid": record.runner[1]} if record.runner else None,
        "frames": len(record.job),
        "counts": job.counts,
        "layers": [_layer_data(job, layer.name, str(layer.frames), layer.chunk) for layer in record.job.plan.layers],
        "running": _running(job, time.time()),
        "dead": _dead(job),
    }


def _layer_data(job: LocalJob, name: str, frames: str, chunk: int) -> dict[str, Any]:
    counts = {state.value: count for state, count in job.record.job.counts(name).items() if count}
    return {
        "name": name,
        "range": frames,
        "chunk": chunk,
        "frames": sum(counts.values()),
        "counts": counts,
        "states": {state: str(heads) for state, heads in job.ranges(name).items()},
    }


def _running(job: LocalJob, now: float) -> list[dict[str, Any]]:
    state = job.record.job
    return [
        {
            "frame": state.frame_name(ref),
            "layer": state.layer(ref).name,
            "attempt": record.attempt,
            "seconds": round(max(0.0, now - record.started), 3),  # a clock that was set back gives 0
            "progress": _progress(job.log_path(state.frame_name(ref)), record.attempt),
        }
        for ref, record in sorted(job.record.frames.items())
        if state.state(ref) is FrameState.RUNNING
    ]


def _progress(log: str, attempt: int) -> dict[str, Any] | None:
    found = read_progress(log)
    if found is None or found.attempt != attempt:
        return None
    return {name: value for name, value in found._asdict().items() if name != "attempt"}


def _dead(job: LocalJob) -> list[dict[str, Any]]:
    found = []
    for frame in job.dead_frames():
        end = frame.record.end
        found.append(
            {
                "frame": frame.name,
                "layer": frame.layer,
                "attempts": frame.record.attempt,
                "exit_status": end.status if end else None,
                "signal": end.signal if end else None,
                "reason": why(end),
                "seconds": round(end.seconds, 3) if end else None,
                "log": frame.log,
                "peak_memory_kb": end.peak_kb if end else 0,
                "warnings": end.warnings if end else 0,
            }
        )
    return found


def status_text(data: dict[str, Any]) -> str:
    """Return the status as text for people."""
    runner, held_up = data["runner"], data.get("held_up")
    done = data["counts"].get("SUCCEEDED", 0) + data["counts"].get("EATEN", 0)
    lines = facts(
        [
            ("job", data["job"]),
            ("state", data["state"] + (f", by process {runner['pid']} on {runner['host']}" if runner else "")),
            ("", f"nothing runs: {held_up}" if held_up else ""),
            ("done", f"{done} of {plural(data['frames'], 'frame')}"),
            ("session", data["session"] or ""),
            ("logs", data.get("log_dir", "")),
        ]
    )
    lines += ["", *_state_lines(data)]
    if data["running"]:
        lines += ["", *_running_lines(data["running"])]
    if data["dead"]:
        lines += ["", *_dead_lines(data)]
    return "\n".join(lines)


def _state_lines(data: dict[str, Any]) -> list[str]:
    rows = []
    for layer in data["layers"]:
        name = layer["name"]
        for state, heads in layer["states"].items():
            rows.append([name, state, str(layer["counts"][state]), heads])
            name = ""
    return table(["layer", "state", "count", "frames"], rows, numbers=[2])


def _running_lines(running: list[dict[str, Any]]) -> list[str]:
    rows = [[one["frame"], duration(one["seconds"]), _running_words(one)] for one in running[:_SHOWN_RUNNING]]
    more = [f"and {len(running) - _SHOWN_RUNNING} more"] if len(running) > _SHOWN_RUNNING else []
    return [*table(["running", "for", ""], rows, numbers=[1]), *more]


def _running_words(one: dict[str, Any]) -> str:
    """Return which attempt a running frame is, how far it is, and what else it tells."""
    words = [f"attempt {one['attempt']}"] if one["attempt"] > 1 else []
    if one["progress"]:
        told = FrameProgress(**one["progress"])
        words += [f"{told.percent:.0f} %"] if told.percent is not None else []
        words += [progress_words(told)] if progress_words(told) else []
    return shorten(", ".join(words), _LONGEST_WORDS)


def _dead_lines(data: dict[str, Any]) -> list[str]:
    dead = data["dead"]
    rows = [
        [one["frame"], str(one["attempts"]), duration(one["seconds"] or 0.0), one["reason"]]
        for one in dead[:_SHOWN_DEAD]
    ]
    more = [f"and {len(dead) - _SHOWN_DEAD} more"] if len(dead) > _SHOWN_DEAD else []
    session = quoted(data["session"] or data["job"])
    server = server_option(data.get("server"))
    return [
        *table(["dead", "tries", "ran", "why"], rows, numbers=[1, 2]),
        *more,
        "",
        f"outline log {session} {dead[0]['frame']}{server}",
        f"outline retry {session}{server}",
    ]
