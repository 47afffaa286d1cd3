# SPDX-License-Identifier: Apache-2.0
"""What is done to frames and jobs on the farm: retry, eat, mark done, kill.

A server queues these, and answers before they have happened, so each is waited for until the server shows it.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ...frames import FrameSet
from ...process import host_name
from ...scheduler import FrameState
from .client import farm_errors
from .jobs import chunks_of, layer_named
from .snapshot import frame_state, frames_of, job_by_id, layers_of, state_name

__all__ = ["ACTIONS", "Effect", "FrameAction", "act_on_frames", "kill_whole_job"]

EFFECT_SECONDS = 30.0  # a kill holds one of a few threads of Cuebot for three seconds
_LOOK_SECONDS = 0.3
_AT_ONCE = 500

# Any: PyCue's objects, and its messages of frames.


class FrameAction(NamedTuple):
    """Something that is done to frames.

    Attributes:
        states: Frames in these states are meant when nobody chose any.
        chosen_states: Frames in these states can be chosen by layer or number.
        send: Asks the server for it; gets the job, the ids of frames, and a reason.
        has_happened: Whether it shows in a frame, before and after.
    """

    states: tuple[str, ...]
    chosen_states: tuple[str, ...]
    send: Callable[[Any, Sequence[str], str], object]
    has_happened: Callable[[Any, Any], bool]


class Effect(NamedTuple):
    """How many frames something was done to, and the names of those that do not show it."""

    frames: int
    unchanged: tuple[str, ...] = ()


def _has_changed(before: Any, after: Any) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in ("state", "start_time", "stop_time"))


ACTIONS: dict[str, FrameAction] = {
    "retry": FrameAction(
        ("DEAD",),
        ("DEAD",),
        lambda job, ids, reason: job.retryFrames(id=ids),
        _has_changed,
    ),
    "eat": FrameAction(
        ("DEAD",),
        ("DEAD", "WAITING", "DEPEND", "RUNNING", "CHECKPOINT"),
        lambda job, ids, reason: job.eatFrames(id=ids),
        lambda before, after: frame_state(after) in (FrameState.EATEN, FrameState.SUCCEEDED),
    ),
    "done": FrameAction(
        ("DEAD",),
        ("DEAD", "WAITING", "DEPEND", "RUNNING", "CHECKPOINT", "EATEN"),
        lambda job, ids, reason: job.markdoneFrames(id=ids),
        lambda before, after: True,  # what waits for it changes, and not the frame
    ),
    "kill": FrameAction(
        ("RUNNING",),
        ("RUNNING",),
        lambda job, ids, reason: job.killFrames(reason=reason, id=ids),
        _has_changed,
    ),
}


def act_on_frames(
    job: Any, action: FrameAction, *, states: Sequence[str] = (), layer: str | None = None, frames: Any = None,
    reason: str = "", sleep: Callable[[float], None] = time.sleep,
) -> Effect:  # fmt: skip
    """Do something to frames of a job, and wait until it shows.

    Args:
        job: PyCue's job.
        action: What to do.
        states: Only frames in these states; those of the action when empty.
        layer: Only frames of this layer.
        frames: Only frames in this range; of a chunk, any of its frames counts.
        reason: Why, for a kill.
        sleep: Waits so many seconds.

    Raises:
        LaunchException: There is no such layer, or the server refuses.
        FrameRangeError: The range cannot be read.
    """
    states = states or (action.states if layer is None and frames is None else action.chosen_states)
    chosen = {data.id: data for data in _chosen(job, states, layer, frames)}
    for ids in _parts(list(chosen), _AT_ONCE):
        with farm_errors(f"change frames of {job.data.name}"):
            action.send(job, ids, reason)
    if action is ACTIONS["done"]:
        _release_layers(job, layer, frames)
    left = dict(chosen)
    deadline = time.monotonic() + EFFECT_SECONDS
    while left:
        for ids in _parts(list(left), _AT_ONCE):
            for frame in frames_of(job, id=ids):
                if action.has_happened(chosen[frame.data.id], frame.data):
                    left.pop(frame.data.id, None)
        if not left or time.monotonic() > deadline:
            break
        sleep(_LOOK_SECONDS)
    return Effect(len(chosen), tuple(data.name for data in left.values()))


def _chosen(job: Any, states: Sequence[str], layer: str | None, frames: Any) -> list[Any]:
    layers = layers_of(job)
    criteria = {} if layer is None else {"layer": [layer_named(layers, layer).data.name]}
    found = [frame.data for frame in frames_of(job, states, **criteria)]
    if frames is None:
        return found
    wanted = FrameSet(frames)
    names = {chunk.name for one in layers for chunk in chunks_of(one) if wanted.intersection(chunk.frames)}
    return [data for data in found if data.name in names]


def _release_layers(job: Any, layer: str | None, frames: Any) -> None:
    """Release what waits for a layer as a whole, when all of it is meant: frames that are done do not."""
    if layer is None or frames is not None:
        return
    with farm_errors(f"mark the layer {layer} done"):
        layer_named(layers_of(job), layer).markdone()


def kill_whole_job(job: Any, reason: str) -> bool:
    """End a job, and say whether it has ended.

    Args:
        job: PyCue's job.
        reason: Why; a server ignores who gives none.

    Raises:
        LaunchException: The server refuses.
    """
    with farm_errors(f"kill {job.data.name}"):
        job.kill(reason=reason)
    deadline = time.monotonic() + EFFECT_SECONDS
    while state_name(job_by_id(job.data.id).data.state) != "FINISHED":
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def reason_of(command: str) -> str:
    """What a server is told of why: who did it, where, and how."""
    return f"{command} by {getpass.getuser()} on {host_name()}"


def _parts(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
