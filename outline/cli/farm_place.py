# SPDX-License-Identifier: Apache-2.0
"""A job on the farm for ``outline status``, ``log`` and ``retry``: the same shape as a job of the local backend."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..backend.cue.client import connect, farm_errors
from ..backend.cue.jobs import FarmChunk, chunk_of, log_path, retry_frames
from ..backend.cue.snapshot import FarmSnapshot, Outcome, frames_of, layers_of, outcome_of, snapshot_of
from ..backend.cue.waiting import ask_why_nothing_starts
from ..exception import OutlineException
from ..frames import FrameSet, chunk_heads
from ..names import progress_path, split_frame_name
from ..progress import read_progress
from ..scheduler import FrameState
from .farm import exit_reason
from .log_view import follow_log_file, print_log_file
from .text import plural, quoted, server_option

__all__ = ["FarmPlace"]

S = FrameState
_OVER = ("SUCCEEDED", "DEAD", "EATEN")
_LOOK_SECONDS = 1.0
_CLOCK_SECONDS = 5.0  # by which clocks of hosts may differ
_STATES = {
    Outcome.DONE: "FINISHED",
    Outcome.DEAD: "FAILED",
    Outcome.STUCK: "FAILED",
    Outcome.KILLED: "STOPPED",
}

# Any: PyCue's objects.


class FarmPlace:
    """A job on the farm; see ``outline.cli.places``."""

    def __init__(self, job: Any, server: str | None = None, session: str | None = None) -> None:
        """Take PyCue's job.

        Args:
            job: The job.
            server: The server that the command line named, if it did.
            session: The session that the job was launched from, if that is known.
        """
        self.__job = job
        self.__server = server
        self.__session = session

    def status(self) -> dict[str, Any]:
        """Ask the server for the job, its layers, and those frames that are not as most of their layer."""
        self.__refresh()
        job = self.__job
        layers = layers_of(job)
        counts = snapshot_of(job, layers)
        numbers = {layer.name: layer.counts for layer in counts.layers}
        common = {name: max(FrameState, key=lambda state: states[state]) for name, states in numbers.items()}
        others = list(_uncommon_frames(job, common))
        by_layer: dict[str, list[Any]] = {}
        for data in others:
            by_layer.setdefault(data.layer_name, []).append(data)
        return {
            "job": counts.name,
            "job_id": counts.id,
            "session": self.__session,
            "state": _state(counts),
            "runner": None,
            "frames": len(counts),
            "counts": _shown(counts.counts()),
            "layers": [
                _layer_data(data, numbers[data.name], common[data.name], by_layer.get(data.name, []))
                for data in (layer.data for layer in layers)
            ],
            "running": [self.__running(data) for data in _in_state(job, S.RUNNING, common, others)],
            "dead": [self.__dead(data) for data in _in_state(job, S.DEAD, common, others)],
            "log_dir": counts.log_dir,
            "held_up": ask_why_nothing_starts(job) if counts.is_held_up else "",
            "server": self.__server,
        }

    def print_log(self, frame: str, attempt: int | None) -> int:
        """Print the log of a frame, where this machine sees the folder of the logs.

        Raises:
            OutlineException: There is no such frame, or no log to be seen here.
        """
        return print_log_file(self.__visible_log(self.__chunk(frame)), frame, attempt)

    def follow_log(self, frame: str) -> int:
        """Print the log of a frame as it grows, until the server says that the frame is over."""
        chunk = self.__chunk(frame)
        path = self.__visible_log(chunk)
        looked = [-_LOOK_SECONDS]

        def is_over() -> bool:
            if time.monotonic() - looked[0] < _LOOK_SECONDS:
                return False
            looked[0] = time.monotonic()
            return self.__frame(chunk).state in _over_numbers()

        return follow_log_file(path, is_over)

    def retry(self, **options: Any) -> int:
        """Let the farm run frames again, and return the exit code 0; it does so by itself.

        Raises:
            OutlineException: There is no such layer, or an option is for jobs on this machine.
        """
        layer, frames, states, quiet = (options.pop(name) for name in ("layer", "frames", "states", "quiet"))
        only_here = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
        if only_here:
            raise OutlineException(f"{' and '.join(only_here)} is for jobs on this machine only")
        wanted = tuple(state.upper() for state in states)
        count = retry_frames(self.__job, states=wanted, layer=layer, frames=frames)
        name = quoted(self.__job.data.name) + server_option(self.__server)
        if not quiet and count:
            print(f"{plural(count, 'frame')} will run again on the farm: outline status {name}")
        elif not quiet:
            print(f"nothing to retry, no such frame is {' or '.join(wanted)}: outline status {name}")
        return 0

    def __refresh(self) -> None:
        opencue = connect()
        with farm_errors(f"find the job {self.__job.data.name}"):
            self.__job = opencue.api.getJob(self.__job.data.id)

    def __chunk(self, name: str) -> FarmChunk:
        frame, layer = split_frame_name(name)
        return chunk_of(self.__job, layer, frame)

    def __frame(self, chunk: FarmChunk) -> Any:
        found = list(frames_of(self.__job, layer=[chunk.layer], range=str(chunk.head)))
        return next(frame.data for frame in found if frame.data.name == chunk.name)

    def __visible_log(self, chunk: FarmChunk) -> str:
        path = log_path(self.__job, chunk.name)
        if os.path.isdir(self.__job.data.log_dir):
            return path
        host = self.__frame(chunk).last_resource.partition("/")[0]
        if not host:
            raise OutlineException(f"frame {chunk.name} has no log yet; it has not been started")
        raise OutlineException(f"this machine does not see the folder of the log; on {host} it is {path}")

    def __running(self, data: Any) -> dict[str, Any]:
        told = _progress(log_path(self.__job, data.name), data.start_time)
        return {
            "frame": data.name,
            "layer": data.layer_name,
            "attempt": data.retry_count + 1,
            "seconds": round(max(0.0, time.time() - data.start_time), 3),
            "progress": told,
            "host": data.last_resource.partition("/")[0],
        }

    def __dead(self, data: Any) -> dict[str, Any]:
        return {
            "frame": data.name,
            "layer": data.layer_name,
            "attempts": data.retry_count + 1,
            "exit_status": data.exit_status,
            "signal": None,
            "reason": exit_reason(data),
            "seconds": float(max(0, data.stop_time - data.start_time)),
            "log": log_path(self.__job, data.name),
            "peak_memory_kb": int(data.max_rss),
            "warnings": 0,
            "host": data.last_resource.partition("/")[0],
        }


def _progress(log: str, started: int) -> dict[str, Any] | None:
    """Return what a running frame has told beside its log, where this machine sees it.

    A frame on a farm does not know which attempt it is, so that what is older than its start is of another one.
    """
    found = read_progress(log)
    try:
        if found is None or os.path.getmtime(progress_path(log)) < started - _CLOCK_SECONDS:
            return None
    except OSError:
        return None
    return {name: value for name, value in found._asdict().items() if name != "attempt"}


def _state(job: FarmSnapshot) -> str:
    outcome = outcome_of(job)
    if outcome is not None:
        return _STATES[outcome]
    return "PAUSED" if job.is_paused else "RUNNING"


def _uncommon_frames(job: Any, common: Mapping[str, FrameState]) -> Iterator[Any]:
    """Give the frames that are in another state than most of their layer, which are known by what these are."""
    for state in set(common.values()):
        layers = [name for name, one in common.items() if one is state]
        states = [one.value for one in FrameState if one is not state]
        yield from (frame.data for frame in frames_of(job, states, layer=layers))


def _in_state(job: Any, state: FrameState, common: Mapping[str, FrameState], others: list[Any]) -> list[Any]:
    layers = [name for name, one in common.items() if one is state]
    found = [frame.data for frame in frames_of(job, [state.value], layer=layers)] if layers else []
    number = _state_numbers()[state.value]
    return [*found, *(data for data in others if data.state == number)]


def _layer_data(data: Any, counts: Mapping[FrameState, int], common: FrameState, others: list[Any]) -> dict[str, Any]:
    names = {number: name for name, number in _state_numbers().items()}
    rest = dict.fromkeys(chunk_heads(FrameSet(data.range), max(1, data.chunk_size)), common.value)
    rest.update({one.number: names[one.state] for one in others})
    states: dict[str, list[int]] = {}
    for head, state in rest.items():
        states.setdefault(state, []).append(head)
    return {
        "name": data.name,
        "range": data.range,
        "chunk": data.chunk_size,
        "frames": sum(counts.values()),
        "counts": {state: len(heads) for state, heads in states.items()},
        "states": {state: str(FrameSet(heads)) for state, heads in states.items()},
    }


def _shown(counts: dict[FrameState, int]) -> dict[str, int]:
    return {state.value: count for state, count in counts.items() if count}


def _state_numbers() -> dict[str, int]:
    from opencue_proto import job_pb2

    return dict(job_pb2.FrameState.items())


def _over_numbers() -> set[int]:
    numbers = _state_numbers()
    return {numbers[name] for name in _OVER}
