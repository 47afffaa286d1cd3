# SPDX-License-Identifier: Apache-2.0
"""Who may run a job: one process at a time, also when two ask at the very same instant, on any two machines.

Each run of a job has a file ``runs/<number>`` in the session, which says who made it. Whoever wants to run the job
makes the file after the last one, and only one process can: a hard link to a name that exists fails, on NFS too. So
there is no lock that somebody has to break, and nothing is removed that a third one may have looked at.
"""

from __future__ import annotations

import json
import os
import platform
import time
from typing import Any

from ...exception import LaunchException, SessionException
from ...files import write_atomic
from ...session import file_mode, make_folder
from ...session_paths import SessionPaths
from .journal import ALIVE_SECONDS, process_birth

__all__ = ["Claim", "take_claim"]


class Claim:
    """The right to run a job; whoever took it gives it back, by ``release`` or by ending."""

    def __init__(self, path: str, owner: dict[str, Any]) -> None:
        self.__path = path
        self.__owner = owner

    def release(self) -> None:
        """Let others run the job; a second time, or where the session is gone, nothing happens."""
        try:
            write_atomic(self.__path, json.dumps({**self.__owner, "over": True}), mode=file_mode())
        except OSError:
            pass  # the end of this process says the same


def take_claim(session_path: str) -> Claim:
    """Make this process the one that runs the job.

    Args:
        session_path: The session folder.

    Raises:
        LaunchException: Another process, or another thread of this one, runs the job, or is about to.
        SessionException: The session cannot be written.
    """
    paths = SessionPaths(session_path)
    owner = {"host": platform.node(), "pid": os.getpid(), "born": process_birth(os.getpid())}
    try:
        make_folder(paths.runs, below=session_path)
        last = max((int(name) for name in os.listdir(paths.runs) if name.isdecimal()), default=0)
        if last:
            _refuse_living(paths.run(last), paths)
        path = paths.run(last + 1)
        if not _make(path, json.dumps(owner)):
            _refuse_living(path, paths)
            raise LaunchException(f"{session_path} was run by another process just now; try again")
    except OSError as error:
        raise SessionException(f"cannot write {paths.runs}: {error.strerror}") from error
    return Claim(path, owner)


def _make(path: str, text: str) -> bool:
    """Make a whole file that is not there yet; False when somebody else has."""
    beside = f"{path}.{platform.node()}.{os.getpid()}.{time.monotonic_ns()}.part"
    write_atomic(beside, text, mode=file_mode())
    try:
        os.link(beside, path)
    except FileExistsError:
        return os.stat(beside).st_nlink == 2  # NFS may have done it, and have lost the answer
    except OSError:  # a file system without hard links
        return _make_without_link(path, text)
    finally:
        os.unlink(beside)
    return True


def _make_without_link(path: str, text: str) -> bool:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with open(fd, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True


def _refuse_living(path: str, paths: SessionPaths) -> None:
    """Refuse a job whose last run may still be going on.

    Raises:
        LaunchException: It may; names host and process.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            owner = json.loads(stream.read())
        host, pid, born = owner["host"], owner["pid"], owner["born"]
    except (ValueError, KeyError, TypeError):
        host, pid, born, owner = "another machine", 0, 0.0, {}  # it is being written
    if owner.get("over"):
        return
    if host == platform.node():
        alive = process_birth(pid)
        is_alive = bool(alive) and alive == born
    else:  # it cannot be asked; but whoever runs a job touches its journal all the time
        is_alive = time.time() - _last_sign_of_life(path, paths) < ALIVE_SECONDS
    if is_alive:
        raise LaunchException(f"{paths.folder} is being run by process {pid} on {host}; wait for it, or end it first")


def _last_sign_of_life(path: str, paths: SessionPaths) -> float:
    made = os.stat(path).st_mtime
    try:
        return max(made, os.stat(paths.journal).st_mtime)
    except OSError:
        return made
