# SPDX-License-Identifier: Apache-2.0
"""The sessions of this user: a list of them, one of them by a short name, and old ones removed."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..exception import OutlineException, did_you_mean
from ..session import find_sessions, is_session_path
from ..session_paths import SessionPaths
from .text import moment, plural, table

__all__ = [
    "ListedJob",
    "clean_sessions",
    "find_session",
    "list_text",
    "listed_jobs",
    "no_session",
    "session_folder",
    "sessions_by_age",
]

LAST = "last"
_TAIL_BYTES = 4096
_ID = re.compile(r"[0-9a-f][0-9a-f-]{3,}\Z")
_AGE = re.compile(r"(\d+)\s*([smhdw])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class ListedJob(NamedTuple):
    """A session in a list.

    Attributes:
        name: The job's name.
        id: The part of the session's name that no other session has.
        session: The folder.
        launched: When it was launched, in seconds since 1970.
        touched: When something last happened to the job here.
        state: As in ``JobStatus``; empty when the job did not run on this machine, so that only a farm can tell.
        done: How many frames are SUCCEEDED or EATEN.
        total: How many there are.
    """

    name: str
    id: str
    session: str
    launched: float
    touched: float
    state: str = ""
    done: int = 0
    total: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as data for JSON."""
        facts = {"job": self.name, "job_id": self.id, "session": self.session, "launched": round(self.launched)}
        ran = {"state": self.state, "done": self.done, "frames": self.total}
        return {**facts, **(ran if self.state else dict.fromkeys(ran))}


# -- finding ------------------------------------------------------------------------------------------------------


def session_folder(text: str) -> str:
    """Find a session's folder.

    Args:
        text: The folder, or a file in it, such as its outline.yaml; the job's name, a part of it that fits one job
            alone, or the beginning of its id, which give the newest session; or ``last``.

    Raises:
        OutlineException: There is no such session, or several jobs fit.
    """
    if os.path.exists(text):
        paths = SessionPaths.holding(text)
        if not os.path.exists(paths.marker) and not os.path.exists(paths.journal):
            raise OutlineException(f"{text} is not a session: {_what_is_there(paths.folder)}")
        return paths.folder
    found = find_session(text)
    if found is None:
        raise OutlineException(no_session(text))
    return found.session


def no_session(text: str) -> str:
    """Say that there is no such session, and name one that resembles it."""
    hint = did_you_mean(text, list({job.name for job in sessions_by_age()})) if os.sep not in text else ""
    return f"no session {text} on this machine{hint or ';'} outline list shows what there is"


def _what_is_there(folder: str) -> str:
    """What a folder is that is no session."""
    from ..work.folder import WorkFolder  # only for a mistake

    if WorkFolder(folder).exists():
        return "it is a work folder; outline status shows its frames, and outline list the sessions of its launches"
    return f"{folder} holds no file 'session', and is no work folder"


def find_session(text: str) -> ListedJob | None:
    """Find the newest session of a job by its name, a part of it, the beginning of its id, or ``last``; None: no such.

    Raises:
        OutlineException: Several jobs fit.
    """
    if os.sep in text or not text:
        return None
    jobs = sessions_by_age()
    if text == LAST:
        if not jobs:
            raise OutlineException("no job was launched yet; launch one with pycuerun")
        return jobs[0]
    fitting = (
        [job for job in jobs if job.name == text]
        or [job for job in jobs if _ID.match(text) and job.id.startswith(text)]
        or [job for job in jobs if text in job.name]
    )
    names = list(dict.fromkeys(job.name for job in fitting))
    if len(names) > 1:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise OutlineException(f"{text!r} fits {len(names)} jobs: {shown}; give more of the name")
    return fitting[0] if fitting else None


def sessions_by_age() -> list[ListedJob]:
    """Give all sessions without what their journals say, the newest first."""
    found = []
    for paths in find_sessions():
        name, identity = paths.folder.split(os.sep)[-2:]
        launched = os.stat(paths.marker).st_mtime
        found.append(ListedJob(name, identity, paths.folder, launched, launched))
    return sorted(found, key=lambda job: job.launched, reverse=True)


# -- listing ------------------------------------------------------------------------------------------------------


def listed_jobs(part: str | None = None) -> list[ListedJob]:
    """Give the sessions of this user, the newest first.

    Args:
        part: Only jobs with this in their name.
    """
    return [_with_state(job) for job in sessions_by_age() if part is None or part in job.name]


def list_text(jobs: Sequence[ListedJob]) -> str:
    """Tell sessions for people, a line each."""
    if not jobs:
        return "no jobs; pycuerun launches one"
    rows = [
        [job.name, job.state or "-", f"{job.done}/{job.total}" if job.state else "-", moment(job.launched), job.id[:8]]
        for job in jobs
    ]
    lines = table(["job", "state", "done", "launched", "id"], rows, numbers=[2])
    if not all(job.state for job in jobs):
        lines += ["", "-  not run on this machine; outline status JOB asks the farm"]
    return "\n".join(lines)


def _with_state(job: ListedJob) -> ListedJob:
    """Read what the journal says: for a job that is over its last line, else all of it."""
    paths = SessionPaths(job.session)
    try:
        with open(paths.journal, "rb", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL_BYTES))
            tail = stream.read()
            touched = os.fstat(stream.fileno()).st_mtime
    except OSError:
        return job
    job = job._replace(touched=touched)
    try:
        entry = json.loads(tail[tail.rstrip().rfind(b"\n") + 1 :])
        why, counts = entry["why"], entry["counts"]
        done, total = counts.get("SUCCEEDED", 0) + counts.get("EATEN", 0), sum(counts.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return _with_whole_journal(job)
    return job._replace(state=_STATES.get(why, "STOPPED"), done=done, total=total)


_STATES = {"done": "FINISHED", "failed": "FAILED"}


def _with_whole_journal(job: ListedJob) -> ListedJob:
    from ..backend.local.job import LocalJob
    from ..scheduler import FrameState

    try:
        found = LocalJob(job.session)
    except OutlineException:
        return job._replace(state="UNREADABLE")
    counts = found.record.job.counts()
    done = counts.get(FrameState.SUCCEEDED, 0) + counts.get(FrameState.EATEN, 0)
    return job._replace(state=found.state, done=done, total=len(found.record.job.frames))


# -- removing -----------------------------------------------------------------------------------------------------


def parse_age(text: str) -> float:
    """Read an age such as ``7d``, ``12h`` or ``2w`` as seconds.

    Raises:
        OutlineException: It is none.
    """
    match = _AGE.match(text.strip())
    if not match:
        raise OutlineException(f"write an age as a number and s, m, h, d or w, such as 7d, not {text!r}")
    return int(match[1]) * float(_SECONDS[match[2]])


def clean_sessions(
    older_than: str, *, yes: bool, part: str | None = None, lost: bool = False, server: str | None = None
) -> int:
    """List the sessions of jobs that are over since some time, ask, remove them, and give the exit code.

    A job that runs is never touched; of one that did not run on this machine the farm is asked.

    Args:
        older_than: How long nothing has happened to the job.
        yes: Remove without asking.
        part: Only jobs with this in their name.
        lost: Also of jobs that the farm server does not know any more.
        server: The farm server; else PyCue's configuration names it.

    Raises:
        OutlineException: The age cannot be read, or there is nobody to ask.
    """
    before = time.time() - parse_age(older_than)
    old = [job for job in listed_jobs(part) if job.touched < before and job.state != "RUNNING"]
    jobs = [job for job in old if job.state or _is_over_on_farm(job.session, server, lost)]
    if len(jobs) < len(old):
        left = plural(len(old) - len(jobs), "session")
        print(f"{left} left alone: not run on this machine, and no farm server says that the job is over")
    if not jobs:
        print(f"no session to remove: no job ended more than {older_than} ago")
        return 0
    print(list_text(jobs))
    if not yes and not _agreed(f"remove {plural(len(jobs), 'session')}, with their logs? [y/N] "):
        return 0
    problems = [problem for job in jobs if (problem := _remove(job.session))]
    print(f"removed {plural(len(jobs) - len(problems), 'session')}")
    for problem in problems:
        print(f"outline: {problem}", file=sys.stderr)
    return 2 if problems else 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise OutlineException("nothing was removed: cannot ask without a terminal; give --yes")
    return input(question).strip().lower() in ("y", "yes")


def _is_over_on_farm(folder: str, server: str | None, lost: bool) -> bool:
    from ..backend.cue.client import UnknownToServer
    from .farm_place import farm_job_of

    try:
        return farm_job_of(folder, server).is_over()
    except UnknownToServer:
        return lost
    except OutlineException:
        return False


def _remove(folder: str) -> str:
    """Remove a session, if it is one and nobody runs it, and say what went wrong."""
    import shutil

    from ..backend.local.claim import take_claim

    if os.path.islink(folder) or not is_session_path(folder):
        return f"{folder} is not a session any more"
    try:
        claim = take_claim(SessionPaths(folder))  # nobody can begin to run it from here on
    except OutlineException as error:
        return str(error)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        claim.release()
        return f"cannot remove {error.filename or folder}: {error.strerror}"
    try:
        os.rmdir(os.path.dirname(folder))  # of the job, when this was its last session
    except OSError:
        pass
    return ""
