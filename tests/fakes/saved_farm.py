# SPDX-License-Identifier: Apache-2.0
"""A farm as plain data, to compare what a server knows with what its file would give back."""

from __future__ import annotations

import json
from typing import Any

from cuebot_stub.farm.facts import LayerTotals
from cuebot_stub.farm.farm import Farm
from cuebot_stub.farm.saving import Changes, as_data
from cuebot_stub.store import SqliteStore

__all__ = ["Mirror", "live_data", "picture"]

_PLACES = {
    "facility": "facilities", "show": "shows", "group": "groups", "allocation": "allocations", "limit": "limits",
    "subscription": "subscriptions", "service": "services", "comment": "comments", "filter": "filters",
    "department": "departments", "partition": "partitions", "owner": "owners", "deed": "deeds", "host": "hosts",
    "proc": "procs", "depend": "depends",
}  # fmt: skip
# What is not worth a write of its own: hosts tell it again, or it begins anew with the server.
_PASSING = {
    "host": ("asked", "refusals", "refused_until", "no_taskset", "ping_time"),
    "proc": ("launched", "kill_at", "kills", "missing_since", "lost_since", "lost_status", "pinged"),
}
_NO_TOTALS = as_data(LayerTotals())
_as_json = json.JSONEncoder(default=as_data).encode
Data = dict[tuple[str, str], Any]


class Mirror(SqliteStore):
    """A file that also knows what it holds.

    Attributes:
        held: All things and frames in the file, as ``live_data`` has them.
    """

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        self.held: Data = {}

    def write(self, changes: Changes) -> None:
        """Save changes, and note them."""
        super().write(changes)
        for (kind, id), data in changes.things.items():
            self.held.pop((kind, id), None)
            if data is not None:
                self.held |= _plain(kind, id, data)
            elif kind == "job":
                self.held = {
                    key: one for key, one in self.held.items() if key[0] != "frame" or not key[1].startswith(id)
                }
        for (job, ref), row in changes.frames.items():
            self.held.pop(("frame", f"{job} {ref}"), None)
            self.held |= _frame(job, ref, row)


def live_data(farm: Farm) -> Data:
    """All that a farm knows and that has to be in its file."""
    found: Data = {}
    for kind, place in _PLACES.items():
        for id, thing in getattr(farm, place).items():
            found |= _plain(kind, id, thing)
    for job in farm.jobs.values():
        found |= _plain("job", job.id, job.facts)
        found |= _plain("layers", job.id, {"layers": job.layers})
        for number, totals in enumerate(job.totals):
            found |= _plain("totals", job.layer_id(number), totals)
        for ref in job.state.frames:
            found |= _frame(job.id, ref, job.frame_row(ref))
    return found


def picture(farm: Farm) -> dict[str, Any]:
    """``live_data``, and what a farm works out of it."""
    jobs = farm.jobs.values()
    return {
        "data": live_data(farm),
        "states": {job.id: [job.state.state(ref).value for ref in job.state.frames] for job in jobs},
        "order": {job.id: [job.state.ready.rank(ref) for ref in job.state.frames] for job in jobs},
        "alive": {job.id: [ref for ref in job.state.frames if job.state.is_alive(ref)] for job in jobs},
        "active": {
            row.id: row.is_active for job in jobs for ref in job.state.frames for row in farm.depends.of_frame(job, ref)
        },
        "usage": farm.procs.usage._sums,
        "hungry": sorted(farm.jobs.hungry),
        "pending": {name: job.id for name, job in farm.jobs.pending.items()},
    }


def _plain(kind: str, id: str, thing: Any) -> Data:
    data = json.loads(_as_json(thing))
    if kind == "spec" or (kind == "totals" and data == _NO_TOTALS):
        return {}
    return {(kind, id): {name: value for name, value in data.items() if name not in _PASSING.get(kind, ())}}


def _frame(job: str, ref: int, row: list[Any]) -> Data:
    state, tries, values = row
    if state in ("WAITING", "DEPEND"):  # which is worked out
        state = "IDLE"
    return {} if (state, tries, values) == ("IDLE", 0, []) else {("frame", f"{job} {ref}"): [state, tries, values]}
