# SPDX-License-Identifier: Apache-2.0
"""``outline log``: the log of a frame, as it is or as it grows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from ..exception import OutlineException, known_names
from ..frames import FrameSet
from ..names import older_log, split_frame_name

if TYPE_CHECKING:
    from ..backend.local.job import LocalJob

__all__ = ["find_frame", "follow_log_file", "print_log_file"]

_LOOK_SECONDS = 0.2


def print_log_file(path: str, name: str, attempt: int | None = None) -> int:
    """Print a log; the exit code is 0.

    Args:
        path: The log of the last attempt; those of older ones are beside it.
        name: The frame, for messages.
        attempt: Which attempt, from 1 on; None for the last one.

    Raises:
        OutlineException: There is no log, or not of so many attempts.
    """
    older = _older_logs(path)
    attempts = [*older, *([path] if os.path.exists(path) else [])]
    if not attempts:
        raise OutlineException(f"frame {name} has no log yet; it has not been started")
    if attempt is not None and attempt > len(attempts):
        raise OutlineException(f"frame {name} has no attempt {attempt}, only {len(attempts)}")
    with open(attempts[-1 if attempt is None else attempt - 1], "rb") as stream:
        _copy(stream)
    return 0


def _older_logs(path: str) -> list[str]:
    older: list[str] = []
    while os.path.exists(older_log(path, len(older) + 1)):
        older.append(older_log(path, len(older) + 1))
    return older


def find_frame(job: LocalJob, name: str) -> int:
    """The number of the chunk that holds a frame.

    Raises:
        OutlineException: The job has no such layer, or the layer no such frame.
    """
    frame, layer = split_frame_name(name)
    state = job.record.job
    names = [one.name for one in state.plan.layers]
    if layer not in names:
        raise OutlineException(f"no layer {layer!r} in this job{known_names(layer, names)}")
    plan = state.plan.layers[names.index(layer)]
    place = FrameSet(plan.frames).index(frame)
    if place < 0:
        raise OutlineException(f"layer {layer!r} has no frame {frame}; its frames are {plan.frames}")
    return state.frames.refs(layer)[place // plan.chunk]


def follow_log_file(path: str, is_over: Callable[[], bool]) -> int:
    """Print a log as it grows, attempt after attempt, until its frame is over; the exit code is 0.

    Args:
        path: The log of the last attempt.
        is_over: Tells whether nothing more can come.
    """
    stream: IO[bytes] | None = None
    try:
        while True:
            over = is_over()
            stream = _copy_growth(path, stream)
            if over:
                return 0
            time.sleep(_LOOK_SECONDS)
    finally:
        if stream is not None:
            stream.close()


def _copy_growth(path: str, stream: IO[bytes] | None) -> IO[bytes] | None:
    """Print what is new, then go over to the log of the next attempt if there is one; return the open log."""
    while True:
        if stream is not None:
            _copy(stream)
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return stream
        if stream is not None and os.fstat(stream.fileno()).st_ino == found.st_ino:
            return stream
        if stream is not None:
            _copy(stream)
            stream.close()
        stream = open(path, "rb")  # noqa: SIM115  # kept open, so that a log that is put aside is read to its end


def _copy(stream: IO[bytes]) -> None:
    """Print the rest of a file, byte by byte as the frame wrote it."""
    sys.stdout.flush()
    while data := stream.read(65536):
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
