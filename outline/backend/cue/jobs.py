# SPDX-License-Identifier: Apache-2.0
"""Jobs on the farm by their names: with their Post jobs, their chunks and their logs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...exception import LaunchException, did_you_mean, known_names
from ...frames import FrameSet, chunk_frames
from ...names import log_name
from .client import UnknownToServer, connect, farm_errors, server_names
from .command import FRAME_TOKEN, literal
from .names import conform_layer, frame_name
from .snapshot import layers_of

__all__ = [
    "MONITOR",
    "FarmChunk",
    "chunk_of",
    "chunks_of",
    "find_job",
    "find_session_job",
    "job_with_layer",
    "layer_named",
    "log_path",
    "post_job_of",
    "why_post_waits",
]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
MONITOR = "monitor"  # takes the user's place in the name of the job of the Post layers
_CLOCK_SECONDS = 2  # a job and its Post layers are launched together, but not in the same second

# Any: PyCue's objects.


class FarmChunk(NamedTuple):
    """A frame of the farm: a chunk of a layer, named by its first number."""

    layer: str
    head: int
    frames: FrameSet

    @property
    def name(self) -> str:
        """The frame's name."""
        return frame_name(self.head, self.layer)


def find_job(text: str) -> Any:
    """PyCue's job of a name or an id; of several jobs of one name the one that runs, or else the last.

    Raises:
        LaunchException: There is none, or no server answers.
    """
    opencue = connect()
    name = text.strip().lower()
    try:
        with farm_errors(f"find the job {text}"):
            return opencue.api.getJob(name) if _ID.match(name) else opencue.api.findJob(name)
    except UnknownToServer:
        with farm_errors("look for jobs"):
            over = [] if _ID.match(name) else opencue.api.getJobs(job=[name], include_finished=True)
            if over:
                return _by_age(over)[-1]
            known = list(opencue.api.getJobNames())
    hint = did_you_mean(name, known)
    raise LaunchException(f"the farm server {server_names()} has no job {text!r}{hint}")


def find_session_job(name: str, outline_path: str) -> Any:
    """PyCue's job that was launched from a session.

    Args:
        name: The job's name.
        outline_path: The path of the session's ``outline.yaml``, which is in the command of its frames.

    Raises:
        UnknownToServer: The farm does not know it, or does not know it any more.
        LaunchException: No server answers.
    """
    opencue = connect()
    with farm_errors("look for jobs"):
        found = list(opencue.api.getJobs(job=[name], include_finished=True))
    for job in reversed(_by_age(found)):
        if any(literal(outline_path) in layer.data.command for layer in layers_of(job)[:1]):
            return job
    raise UnknownToServer(f"the farm server {server_names()} does not know the job {name} of this session any more")


def _by_age(jobs: list[Any]) -> list[Any]:
    """Jobs, the last launched one last; servers count in whole seconds, and list jobs as they came."""
    return sorted(jobs, key=lambda job: (int(job.data.start_time), int(job.data.stop_time)))


def post_job_of(job: Any) -> Any | None:
    """PyCue's job of the Post layers of a job, which the farm runs when the job is finished; None without any.

    Its name is that of the job, the user's name replaced by ``monitor`` where it comes first, and the time of the
    launch in milliseconds. So jobs of two users can have Post jobs of one name, and the command tells them apart.
    """
    opencue = connect()
    prefix = f"{_as_monitor(job.data.name, job.data.user)}_post_job_"
    try:
        with farm_errors("look for jobs"):
            found = list(opencue.api.getJobs(substr=[prefix], include_finished=True))
        numbers = {one.data.name.removeprefix(prefix): one for one in found}
        times = {int(number): one for number, one in numbers.items() if number.isdigit()}
        ours = sorted(one for one in times if one // 1000 >= job.data.start_time - _CLOCK_SECONDS)
        session = _session_in_command(job) if ours else ""
        return next((times[one] for one in ours if _session_in_command(times[one]) == session), None)
    except LaunchException:
        return None


def _as_monitor(name: str, user: str) -> str:
    try:
        return re.sub(user, MONITOR, name, count=1)  # to Cuebot the user is a pattern
    except re.error:
        return name


def _session_in_command(job: Any) -> str:
    """What the commands of all layers of a session begin with; empty for a job without pycuerun."""
    command = next((str(layer.data.command) for layer in layers_of(job)), "")
    before, found, _ = command.partition(f" -e {FRAME_TOKEN}")
    return before if found else ""


def why_post_waits(job: Any) -> str:
    """What somebody has to do before the Post layers of a job with dead frames run; empty without Post layers."""
    post = post_job_of(job)
    if post is None:
        return ""
    layers = ", ".join(layer.data.name for layer in layers_of(post))
    return f"the Post layers wait until no frame is DEAD (retry, eat or kill them): {layers}"


def job_with_layer(job: Any, layer: str) -> Any:
    """The job itself, or that of its Post layers when such a layer is among those."""
    name = conform_layer(layer)
    if any(one.data.name == name for one in layers_of(job)):
        return job
    post = post_job_of(job)
    return post if post and any(one.data.name == name for one in layers_of(post)) else job


def chunks_of(layer: Any) -> list[FarmChunk]:
    """The frames that a layer has, in render order."""
    data = layer.data
    members = chunk_frames(FrameSet(data.range), max(1, data.chunk_size))
    return [FarmChunk(data.name, frames[0], frames) for frames in members]


def chunk_of(job: Any, layer_name: str, frame: int) -> FarmChunk:
    """The farm's frame that holds a frame number.

    Raises:
        LaunchException: The job has no such layer, or the layer no such frame.
    """
    chunks = chunks_of(layer_named(layers_of(job), layer_name))
    found = next((chunk for chunk in chunks if frame in chunk.frames), None)
    if found is None:
        frames = FrameSet([number for chunk in chunks for number in chunk.frames])
        raise LaunchException(f"layer {layer_name!r} has no frame {frame}; its frames are {frames}")
    return found


def log_path(job: Any, name: str) -> str:
    """The path of a frame's log, as the hosts of the farm see it."""
    return os.path.join(job.data.log_dir, log_name(job.data.name, name))


def layer_named(layers: Sequence[Any], name: str) -> Any:
    """PyCue's layer of a name.

    Raises:
        LaunchException: There is none.
    """
    names = [layer.data.name for layer in layers]
    if conform_layer(name) not in names:
        raise LaunchException(f"no layer {name!r} in this job{known_names(conform_layer(name), names)}")
    return layers[names.index(conform_layer(name))]
