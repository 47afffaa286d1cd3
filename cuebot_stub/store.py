# SPDX-License-Identifier: Apache-2.0
"""Keeps a farm in a SQLite file.

One table has all objects as JSON, by kind and id. A second one has only frames whose state has changed, so a job with
a million waiting frames takes one row. The server commits each change in one transaction before it answers the client,
so a crash loses nothing.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from outline.exception import OutlineException
from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.scheduler import FrameState

from .farm.depend import Depend, edges_of
from .farm.errors import CannotSave
from .farm.facts import FrameFacts, JobFacts, LayerFacts, LayerTotals
from .farm.farm import Farm
from .farm.holds import hold_from_start
from .farm.hosts import Proc
from .farm.job import Job, split_id
from .farm.life import look_for_frames
from .farm.saving import Changes, as_data
from .up.errors import FarmError

__all__ = ["SqliteStore", "StoreError"]

logger = logging.getLogger("cuebot_stub")

VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, data TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frame (job TEXT, ref INTEGER, row TEXT, PRIMARY KEY (job, ref)) WITHOUT ROWID;
"""


_DAMAGES = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OutlineException)


class StoreError(FarmError):
    """The file cannot be used."""


class SqliteStore:
    """The state file of one farm. One server owns it and closes it."""

    def __init__(self, path: Path | str, *, repair: bool = False) -> None:
        """Open the file, and create it if it does not exist.

        Args:
            path: The file.
            repair: Remove damaged rows from the file instead of refusing it.

        Raises:
            StoreError: The file cannot be opened, has another version, or belongs to another program or server.
        """
        self._lock = threading.Lock()
        self._path = path
        self._repair = repair
        self._left_out: list[tuple[str, str]] = []
        try:
            self._db = self._open()
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise StoreError(f"{path} has version {version}, and this server reads {VERSION}; give another --state")
            self._db.execute("BEGIN EXCLUSIVE")
            self._db.execute("COMMIT")
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version={VERSION}")
            self._file = _identity(path)
        except (sqlite3.Error, OSError) as error:
            hint = "another server uses it" if "locked" in str(error) else "give another --state"
            raise StoreError(f"cannot use the state file {path}: {error}; {hint}") from error

    def _open(self) -> sqlite3.Connection:
        # The commands and variables of jobs are in it. SQLite gives what it writes beside it the same mode.
        _make_private(self._path)
        with suppress(PermissionError):  # it is somebody else's, who lets us write
            os.chmod(self._path, 0o600)
        db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=1.0)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        return db

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def write(self, changes: Changes) -> None:
        """Save changes in one transaction.

        Raises:
            CannotSave: The disk is full, or the file cannot be written. Nothing was saved.
        """
        gone = [key for key, thing in changes.things.items() if thing is None]
        things = [(key, thing) for key, thing in changes.things.items() if thing is not None]
        kept = [(*key, json.dumps(thing, default=as_data)) for key, thing in things]
        frames = [(job_id, ref, json.dumps(row)) for (job_id, ref), row in changes.frames.items()]
        with self._lock:
            try:
                self._make_again()
                self._write(kept, frames, gone)
            except (sqlite3.Error, OSError) as error:
                with suppress(sqlite3.Error):  # SQLite has taken it back itself, or the file is closed
                    self._db.execute("ROLLBACK")
                raise CannotSave(f"cannot write to the state file {self._path}: {error}") from error

    def look(self) -> None:
        """Make the file again if somebody has removed it.

        Raises:
            CannotSave: That is not possible.
        """
        with self._lock:
            try:
                self._make_again()
            except (sqlite3.Error, OSError) as error:
                raise CannotSave(f"cannot write to the state file {self._path}: {error}") from error

    def _make_again(self) -> None:
        """Write all to a new file where there is none any more: what is open has no name, and would end with us."""
        try:
            if _identity(self._path) == self._file:
                return
        except FileNotFoundError:
            pass
        else:
            raise OSError("it was removed, and another file is in its place; end the server")
        anew = f"{self._path}.anew"
        with suppress(FileNotFoundError):
            os.unlink(anew)
        _make_private(anew)
        self._db.execute("VACUUM INTO ?", (anew,))
        self._db.close()  # which removes what stands beside the path, so it comes before the new one
        os.replace(anew, self._path)
        self._db = self._open()
        self._file = _identity(self._path)
        logger.warning("the state file %s was removed; it is there again, with all that was in it", self._path)

    def _write(self, kept: list[Any], frames: list[Any], gone: list[tuple[str, str]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", kept)
        self._db.executemany("INSERT OR REPLACE INTO frame VALUES (?, ?, ?)", frames)
        self._delete(gone)
        self._db.execute("COMMIT")

    def _delete(self, things: list[tuple[str, str]]) -> None:
        self._db.executemany("DELETE FROM thing WHERE kind = ? AND id = ?", things)
        self._db.executemany("DELETE FROM frame WHERE job = ?", [(id,) for kind, id in things if kind == "job"])

    def load(self, farm: Farm) -> None:
        """Load everything into an empty farm.

        Raises:
            StoreError: A row is damaged. With ``repair`` it is left out instead.
        """
        try:
            self._load(farm)
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the state file {self._path}: {error}; give another --state") from error
        self._remove_left_out()

    def _remove_left_out(self) -> None:
        for kind, id in self._left_out:
            logger.warning("%s: the %s %s was damaged and is left out", self._path, kind, id)
        with self._lock:
            self._delete(self._left_out)
        self._left_out.clear()

    @contextmanager
    def _reading(self, kind: str, id: str) -> Iterator[None]:
        """Name the damaged row in the error, or skip it."""
        try:
            yield
        except _DAMAGES as error:
            if not self._repair:
                problem = " ".join(f"{type(error).__name__}: {error}".split())
                raise StoreError(
                    f"{self._path}: the {kind} {id} is damaged ({problem:.200}); start with --repair to remove it"
                ) from error
            self._left_out.append((kind, id))

    def _load(self, farm: Farm) -> None:
        for table in farm.tables.values():
            for id, data in self._things(table.kind):
                with self._reading(table.kind, id):
                    table[id] = table.make(**data)
        self._load_jobs(farm)
        for id, data in self._things("depend"):
            with self._reading("depend", id):
                depend = Depend(**data)
                er, on = farm.jobs.get(depend.er_job), farm.jobs.get(depend.on_job)
                if er is not None and on is not None:
                    depend.edges = edges_of(depend, er, on)
                    farm.depends.register(depend)
        self._load_procs(farm)
        hold_from_start(farm, farm.jobs.values())
        farm.moves.clear()  # they are not news
        for job in farm.jobs.values():
            look_for_frames(farm, job)

    def _load_procs(self, farm: Farm) -> None:
        for id, data in self._things("proc"):
            with self._reading("proc", id):
                proc = Proc(**data)
                proc.launched, proc.lost_since = proc.launched or proc.booked, 0.0
                if proc.job in farm.jobs and proc.host in farm.hosts:
                    farm.procs.book(proc)
                    farm.jobs[proc.job].state.adopt(proc.ref)
                    if proc.again:
                        farm.jobs[proc.job].state.retry(proc.ref)
        for job in farm.jobs.values():
            for ref in job.frames:
                if ref not in job.running and job.state.state(ref) is FrameState.RUNNING:
                    job.state.finish(ref, FrameEnd(ended_by=EndedBy.LOST_HOST))

    def _things(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for id, data in self._db.execute("SELECT id, data FROM thing WHERE kind = ?", (kind,)):
            found = None
            with self._reading(kind, id):
                found = _whole(json.loads(data))
            if found is not None:
                yield id, found

    def _load_jobs(self, farm: Farm) -> None:
        layers = dict(self._things("layers"))
        specs = dict(self._things("spec"))
        for id, data in sorted(self._things("job"), key=lambda pair: pair[1].get("number", 0)):
            with self._reading("job", id):
                made = [LayerFacts(**layer) for layer in layers[id]["layers"]]
                job = _make_job(farm, JobFacts(**data), made, specs[id])
                for ref, row in self._db.execute("SELECT ref, row FROM frame WHERE job = ?", (id,)):
                    state, tries, facts = json.loads(row)
                    job.state.restore(ref, FrameState(state), tries)
                    if facts:
                        job.frames[ref] = FrameFacts(*facts)
                _restore_steering(job)
                farm.jobs.register(job)
        for id, data in self._things("totals"):
            with self._reading("totals", id):
                prefix, number, _ = split_id(id)
                if prefix in farm.jobs.by_prefix:
                    farm.jobs.by_prefix[prefix].totals[number] = LayerTotals(**data)


def _make_private(path: Path | str) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _identity(path: Path | str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _whole(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"it is {type(data).__name__}, not an object")
    return data


def _make_job(farm: Farm, facts: JobFacts, layers: list[LayerFacts], spec: dict[str, Any]) -> Job:
    rows = zip(spec["layers"], layers, strict=True)
    plans = [layer.plan(FrameSet(frames), type) for (_, frames, _, type), layer in rows]
    return Job(facts, layers, plans, farm.moves, strict=farm.settings.strict)


def _restore_steering(job: Job) -> None:
    """Restore the changes that clients have made to the job."""
    job.state.settle()
    for layer, refs in job.facts.orders.items():
        job.state.ready.reorder(layer, refs)
    job.done = bytearray(job.state.state(ref) is FrameState.SUCCEEDED for ref in job.state.frames)
