# SPDX-License-Identifier: Apache-2.0
"""Who may run a job: one process at a time, also when two ask at the very same instant, on any two machines.

Each run of a job has a file ``runs/<number>`` in the session, which says who made it. Whoever wants to run the job
makes the file after the last one, and only one process can: a hard link to a name that exists fails, on NFS too. So
there is no lock that somebody has to break, and nothing is removed that a third one may have looked at.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ...exception import LaunchException, SessionException, file_errors
from ...files import make_whole, write_atomic
from ...process import host_name, process_birth
from ...session_paths import SessionPaths
from ...session_places import file_mode, make_folder

__all__ = ["TOUCH_SECONDS", "Claim", "living_runner", "take_claim"]

TOUCH_SECONDS = 30.0
"""How often whoever runs a job touches its journal, for those on other machines who cannot ask for its process."""

_ALIVE_SECONDS = 6 * TOUCH_SECONDS
_WRITING_SECONDS = 5.0


class Claim:
    """The right to run a job; whoever took it gives it back: by ``release``, at the end of a ``with``, or by ending."""

    def __init__(self, path: str, owner: dict[str, Any]) -> None:
        self.__path = path
        self.__owner = owner

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others run the job; a second time, or where the session is gone, nothing happens."""
        try:
            write_atomic(self.__path, json.dumps({**self.__owner, "over": True}), mode=file_mode())
        except OSError:
            pass  # the end of this process says the same


def take_claim(paths: SessionPaths) -> Claim:
    """Make this process the one that runs the job.

    Raises:
        LaunchException: Another process, or another thread of this one, runs the job, or is about to.
        SessionException: The session cannot be written.
    """
    owner = {"host": host_name(), "pid": os.getpid(), "born": process_birth(os.getpid())}
    with file_errors(SessionException, f"cannot write {paths.runs}"):
        make_folder(paths.runs, below=paths.folder)
        last = _last_number(paths)
        _refuse(_runner(paths, last), paths)
        path = paths.run(last + 1)
        if not make_whole(path, json.dumps(owner), mode=file_mode()):
            _refuse(_runner(paths, last + 1), paths)
            raise LaunchException(f"{paths.folder} was run by another process just now; try again")
    return Claim(path, owner)


def living_runner(paths: SessionPaths) -> tuple[str, int] | None:
    """Host and process id of who runs the job right now, or None; the id 0 stands for one that is just starting."""
    try:
        return _runner(paths, _last_number(paths))
    except OSError:  # it has never run here
        return None


def _runner(paths: SessionPaths, number: int) -> tuple[str, int] | None:
    path = paths.run(number)
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        made = os.stat(path).st_mtime
    except FileNotFoundError:
        return None
    try:
        owner = json.loads(text)
        host, pid, born = str(owner["host"]), int(owner["pid"]), owner["born"]
    except (ValueError, KeyError, TypeError):  # it is being written, or a power cut has left nothing of it
        return ("some machine", 0) if 0 <= time.time() - made < _WRITING_SECONDS else None
    if owner.get("over"):
        return None
    if host == host_name():
        alive = process_birth(pid)
        return (host, pid) if alive and alive == born else None
    try:
        made = max(made, os.stat(paths.journal).st_mtime)
    except OSError:
        pass
    return (host, pid) if time.time() - made < _ALIVE_SECONDS else None


def _last_number(paths: SessionPaths) -> int:
    return max((int(name) for name in os.listdir(paths.runs) if name.isdecimal()), default=0)


def _refuse(runner: tuple[str, int] | None, paths: SessionPaths) -> None:
    if runner is not None:
        who = f"process {runner[1]} on {runner[0]}" if runner[1] else "a process that is just starting"
        raise LaunchException(f"{paths.folder} is being run by {who}; wait for it, or end it first")
