# SPDX-License-Identifier: Apache-2.0
"""Where the job is that ``outline status``, ``log`` and ``retry`` are asked about: a session folder, or the farm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from ..exception import LaunchException, OutlineException, SessionException
from ..session_paths import SessionPaths
from .running import session_folder

if TYPE_CHECKING:
    from ..backend.status import JobStatus

__all__ = ["JobPlace", "job_place"]


class JobPlace(Protocol):
    """A job that can be looked at."""

    def status(self) -> JobStatus:
        """Read how it is."""

    def print_log(self, frame: str, attempt: int | None) -> int:
        """Print the log of a frame and return the exit code."""

    def follow_log(self, frame: str) -> int:
        """Print the log of a frame as it grows, and return the exit code."""

    def retry(self, **options: Any) -> int:
        """Let frames run again and return the exit code; options as for ``outline retry``."""


class SessionPlace:
    """A job of the local backend, in its session folder."""

    def __init__(self, folder: str) -> None:
        self.__folder = folder

    def status(self) -> JobStatus:
        """Read the journal."""
        from ..backend.local import LocalJob
        from ..backend.local.status import job_status

        return job_status(LocalJob(self.__folder))

    def print_log(self, frame: str, attempt: int | None) -> int:
        """Print the log of a frame."""
        from .log_view import print_log

        return print_log(self.__folder, frame, attempt)

    def follow_log(self, frame: str) -> int:
        """Print the log of a frame as it grows."""
        from .log_view import follow_log

        return follow_log(self.__folder, frame)

    def retry(self, **options: Any) -> int:
        """Run frames again, here and now."""
        from .retry import retry_frames

        return retry_frames(self.__folder, **options)


def job_place(text: str, server: str | None = None) -> JobPlace:
    """Return where a job is.

    Args:
        text: A session folder or a file in it; or the name or id of a job on the farm.
        server: The farm server, if the job is on the farm; else PyCue's configuration names it.

    Raises:
        OutlineException: There is no such session or job, or no server answers.
    """
    if os.path.exists(text):
        folder = session_folder(text)
        return SessionPlace(folder) if _ran_here(folder) else _place_of_session(folder, server)
    if server is None and (os.sep in text or not text):
        return SessionPlace(session_folder(text))
    return _farm_place(text, server)


def _ran_here(folder: str) -> bool:
    return os.path.exists(SessionPaths(folder).journal)


def _farm_place(text: str, server: str | None) -> JobPlace:
    from ..backend.cue.client import connect
    from ..backend.cue.jobs import find_job
    from .farm_place import FarmPlace

    try:
        connect(server)
        return FarmPlace(find_job(text), server)
    except LaunchException as error:
        if server is not None:
            raise
        raise OutlineException(f"no session {text} here, and no such job on a farm: {error}") from error


def _place_of_session(folder: str, server: str | None) -> JobPlace:
    """Return the job on the farm that was launched from a session."""
    from ..backend.cue.client import connect
    from ..backend.cue.jobs import find_session_job
    from ..backend.cue.names import full_job_name
    from ..serialize.data import load
    from .farm_place import FarmPlace

    path = SessionPaths(folder).outline
    try:
        with open(path, encoding="utf-8") as stream:
            data = load(stream.read(), path)
        name = full_job_name(*(str(data[key]) for key in ("show", "shot", "user", "name")))
    except (OSError, KeyError, TypeError) as error:
        raise SessionException(f"{folder} holds no job: it has neither a journal nor an outline.yaml") from error
    try:
        connect(server)
        return FarmPlace(find_session_job(name, path), server, folder)
    except LaunchException as error:
        raise OutlineException(f"no job of the local backend ran in {folder}, and on a farm: {error}") from error
