# SPDX-License-Identifier: Apache-2.0
"""Reads what a report tells, from where each fact is kept; no code of the user is needed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ...backend.log_tail import last_lines
from ...backend.status import FrameAttempt, JobStatus, LayerStatus
from ...frames import FrameSet
from ...scheduler import FrameState
from ...work.decide import Record
from ...work.folder import WorkFolder, number_of
from ...work.results import flat_rows, records_by_layer, results_of
from ..places import job_place
from .facts import Death, Report, Results
from .made import Made, made_in_session, made_in_work, outline_of
from .pictures import pictures_of

__all__ = ["gather"]

S = FrameState
_MOST_DEATHS = 100
_LAST_LINES = 20
_MOST_ROWS = 20_000


def gather(text: str, server: str | None = None, *, pictures: int = 0) -> Report:
    """Read a job.

    Args:
        text: A work folder, or a job as ``outline status`` takes it.
        server: The farm server, when the command line names one.
        pictures: How many pictures there may be.

    Raises:
        OutlineException: There is no such job, or it cannot be read.
    """
    notes: list[str] = []
    attempts: list[FrameAttempt] = []
    work = WorkFolder(text) if WorkFolder(text).exists() else None
    session = work.launch(work.last_launch()).get("session") if work is not None else text
    job = None
    if session is not None and (work is None or os.path.exists(session)):
        place = job_place(session, server)
        job, attempts = _with_post(place.status()), place.attempts()
    data = outline_of(job.session) if job is not None and job.session else {}
    if work is None:
        work = _work_in(data)
    records = records_by_layer(work) if work is not None else {}
    if job is None:
        assert work is not None
        notes.append("The session of the last launch is gone, and with it times, memory and logs.")
        job = _status_of(work, records)
    made: Iterable[Made] = made_in_session(job, data) if work is None else made_in_work(work, records)
    shown, note = pictures_of(made, pictures)
    results = tuple(found for layer, mine in records.items() if (found := _results(layer, mine)))
    notes += [note] if note else []
    notes += [
        f"{one.layer}: {one.total - len(one.rows)} more results; outline results prints all of them"
        for one in results
        if one.total > len(one.rows)
    ]
    deaths = tuple(Death(one, tuple(last_lines(one.log, _LAST_LINES))) for one in job.dead[:_MOST_DEATHS])
    where = work.folder if work is not None else ""
    return Report(job, time.time(), tuple(attempts), deaths, shown, results, where, tuple(notes))


def _with_post(job: JobStatus) -> JobStatus:
    """A job with its Post layers, which are a job of their own on a farm."""
    if job.post is None:
        return job
    parts = {name: getattr(job, name) + getattr(job.post, name) for name in ("layers", "running", "retrying", "dead")}
    return job._replace(**parts, post=None)


def _work_in(data: Mapping[str, Any]) -> WorkFolder | None:
    named = data.get("work")
    folder = named.get("folder") if isinstance(named, dict) else None
    work = WorkFolder(str(folder)) if folder else None
    return work if work is not None and work.exists() else None


def _status_of(work: WorkFolder, records: Mapping[str, list[Record]]) -> JobStatus:
    """How the frames of a work folder are, as its records alone tell."""
    numbers = work.numbers()
    layers = []
    for name, mine in records.items():
        states: dict[FrameState, list[int]] = {}
        for record in mine:
            state = S.DEAD if record.has_failed else S.SUCCEEDED if record.has_succeeded else S.WAITING
            states.setdefault(state, []).append(number_of(record.key, numbers))
        counts = {state: len(frames) for state, frames in states.items()}
        known = str(FrameSet([frame for found in states.values() for frame in found]))
        layers.append(LayerStatus(name, counts, known, states={state: FrameSet(one) for state, one in states.items()}))
    is_done = all(layer.done == layer.total for layer in layers)
    name = os.path.basename(work.folder.rstrip(os.sep)) or work.folder
    return JobStatus(name, "", "FINISHED" if is_done else "STOPPED", tuple(layers))


def _results(layer: str, records: Iterable[Record]) -> Results | None:
    """What the frames of a layer returned; None when that is nothing but their outputs."""
    rows = results_of(records)
    if not any(set(row) - {"key", "outputs"} for row in rows):
        return None
    return Results(layer, tuple(flat_rows(rows[:_MOST_ROWS])), len(rows))
