# SPDX-License-Identifier: Apache-2.0
"""A job on the farm for ``outline status``, ``log`` and ``retry``: the same shape as a job of the local backend."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ..backend.cue.actions import ACTIONS, act_on_frames, kill_whole_job, reason_of
from ..backend.cue.client import connect, farm_errors
from ..backend.cue.jobs import FarmChunk, chunk_of, find_session_job, job_with_layer, log_path, post_job_of
from ..backend.cue.names import full_job_name
from ..backend.cue.snapshot import frame_state, frames_of, layers_of, snapshot_of
from ..backend.cue.status import job_attempts, job_status
from ..backend.status import FrameAttempt, JobStatus
from ..exception import OutlineException, SessionException
from ..names import split_frame_name
from ..scheduler import FrameState
from ..session_paths import SessionPaths
from .ending import EXIT_DEAD
from .log_view import follow_log_file, print_log_file
from .text import plural, quoted, server_option

__all__ = ["FarmPlace", "farm_job_of"]

_OVER = (FrameState.SUCCEEDED, FrameState.DEAD, FrameState.EATEN)
_LOOK_SECONDS = 1.0
# RQD makes the folder of the logs a moment after the server has said that a frame runs.
_LOOKS_FOR_FOLDER = 5
_DONE = {
    "retry": "will run again on the farm",
    "eat": "eaten",
    "done": "marked done; what waits for them may run",
    "kill": "killed",
}

# Any: PyCue's objects.


class FarmPlace:
    """A job on the farm; see ``outline.cli.places``."""

    def __init__(self, job: Any, server: str | None = None, session: str | None = None) -> None:
        """Take PyCue's job.

        Args:
            server: The server that the command line named, if it did.
            session: The session that the job was launched from, if that is known.
        """
        self.__job = job
        self.__server = server
        self.__session = session

    def status(self) -> JobStatus:
        """Ask the server for the job as it is now."""
        opencue = connect()
        with farm_errors(f"find the job {self.__job.data.name}"):
            self.__job = opencue.api.getJob(self.__job.data.id)
        return job_status(self.__job, server=self.__server, session=self.__session)

    def attempts(self) -> list[FrameAttempt]:
        """Ask the server for the last attempt at each frame, those of Post layers too."""
        post = post_job_of(self.__job)
        found = [one for job in (self.__job, post) if job is not None for one in job_attempts(job)]
        return sorted(found, key=lambda one: one.started)

    def print_log(self, frame: str, attempt: int | None) -> int:
        """Print the log of a frame, where this machine sees the folder of the logs.

        Raises:
            OutlineException: There is no such frame, or no log to be seen here.
        """
        chunk = self.__chunk(frame)
        for _ in range(_LOOKS_FOR_FOLDER):
            if os.path.isdir(self.__job.data.log_dir) or frame_state(self.__frame(chunk)) is not FrameState.RUNNING:
                break
            time.sleep(_LOOK_SECONDS)
        return print_log_file(self.__visible_log(chunk), frame, attempt)

    def follow_log(self, frame: str) -> int:
        """Print the log of a frame as it grows, until the server says that the frame is over.

        Raises:
            OutlineException: There is no such frame, or its log is not to be seen here.
        """
        chunk = self.__chunk(frame)
        looked, looks = -_LOOK_SECONDS, 0

        def is_over() -> bool:
            nonlocal looked, looks
            if time.monotonic() - looked < _LOOK_SECONDS:
                return False
            looked = time.monotonic()
            state = frame_state(self.__frame(chunk))
            looks += state is FrameState.RUNNING
            if state in _OVER or looks == _LOOKS_FOR_FOLDER:
                self.__visible_log(chunk)  # raises when the folder is not there by now
            return state in _OVER

        return follow_log_file(log_path(self.__job, chunk.name), is_over)

    def retry(self, *, quiet: bool, no_run: bool, states: tuple[str, ...], **options: Any) -> int:
        """Let the farm run frames again, which it does by itself; the exit code is 0.

        Raises:
            OutlineException: There is no such layer, or an option is for jobs on this machine.
        """
        layer, frames = options.pop("layer"), options.pop("frames")
        options["no_run"] = no_run
        only_here = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
        if only_here:
            raise OutlineException(f"{' and '.join(only_here)} is for jobs on this machine only")
        wanted = tuple(state.upper() for state in states)
        return self.act("retry", layer=layer, frames=frames, states=wanted, quiet=quiet)

    def act(
        self, what: str, *, layer: str | None, frames: str | None, states: tuple[str, ...] = (), quiet: bool = False
    ) -> int:
        """Retry, eat, kill or mark frames done, wait until the server shows it, and give the exit code.

        Raises:
            OutlineException: There is no such layer, or the server refuses.
        """
        self.__job = job_with_layer(self.__job, layer) if layer else self.__job
        action = ACTIONS[what]
        effect = act_on_frames(
            self.__job, action, states=states, layer=layer, frames=frames, reason=reason_of(f"outline {what}")
        )
        name = quoted(self.__job.data.name) + server_option(self.__server)
        meant = states or (action.chosen_states if layer or frames else action.states)
        if effect.unchanged:
            shown = ", ".join(effect.unchanged[:5])
            more = ", ..." if len(effect.unchanged) > 5 else ""
            print(
                f"the farm does not show the change yet for {plural(len(effect.unchanged), 'frame')}: {shown}{more}",
                file=sys.stderr,
            )
        if not quiet and effect.frames:
            print(f"{plural(effect.frames, 'frame')} {_DONE[what]}: outline status {name}")
        elif not quiet:
            print(f"nothing to {what}, none of these frames is {' or '.join(meant)}: outline status {name}")
        return EXIT_DEAD if effect.unchanged else 0

    def kill(self, *, quiet: bool = False) -> int:
        """End the whole job, wait until the server shows it, and give the exit code.

        Raises:
            OutlineException: The server refuses.
        """
        name = self.__job.data.name
        if not kill_whole_job(self.__job, reason_of("outline kill")):
            print(f"the farm does not show it yet: outline status {quoted(name)}", file=sys.stderr)
            return EXIT_DEAD
        if not quiet:
            print(f"{name} is killed")
        return 0

    def is_over(self) -> bool:
        """Whether the server has finished the job."""
        return snapshot_of(self.__job, layers_of(self.__job)).state in ("FINISHED", "STOPPED")

    def __chunk(self, name: str) -> FarmChunk:
        frame, layer = split_frame_name(name)
        self.__job = job_with_layer(self.__job, layer)
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


def farm_job_of(folder: str, server: str | None) -> FarmPlace:
    """Find the job on the farm that was launched from a session.

    Raises:
        UnknownToServer: The farm does not know it, or does not know it any more.
        LaunchException: No server answers.
        SessionException: The session holds no job.
    """
    from ..serialize.data import load_file

    path = SessionPaths(folder).outline
    try:
        data = load_file(path)
        name = full_job_name(*(str(data[key]) for key in ("show", "shot", "user", "name")))
    except (OSError, KeyError, TypeError) as error:
        raise SessionException(f"{folder} holds no job: it has neither a journal nor an outline.yaml") from error
    connect(server)
    return FarmPlace(find_session_job(name, path), server, folder)
