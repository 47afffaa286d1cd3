# SPDX-License-Identifier: Apache-2.0
"""Dependencies, between the frames and layers of one job or across jobs.

Those between two layers of one job are part of the job's plan, and the scheduler watches them. All others are holds
on what waits, taken back when what they wait for is done.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outline.scheduler import DependPlan
from outline.scheduler.edges import FrameEdges, LayerNeed, frame_edges

if TYPE_CHECKING:
    from .farm import Farm
    from .jobs import Job

__all__ = ["IN_PLAN", "Depend", "DependBook", "plan_depend"]

#: Between two layers of one job, these are left to the scheduler.
IN_PLAN = ("FRAME_BY_FRAME", "PREVIOUS_FRAME", "LAYER_ON_LAYER", "LAYER_ON_SIM_FRAME")
_FRAME_WISE = ("FRAME_BY_FRAME", "PREVIOUS_FRAME")
#: These hold again when what they waited for is retried; the farm makes frame-wise ones of FRAME_ON_FRAME ones.
_COMES_BACK = ("FRAME_ON_FRAME", "LAYER_ON_LAYER", "FRAME_BY_FRAME", "PREVIOUS_FRAME", "LAYER_ON_SIM_FRAME")


@dataclass(slots=True)
class Depend:
    """One dependency: ``er`` waits for ``on``.

    Attributes:
        er_layer: The layer that waits; empty when all of the job does.
        er_ref: The frame that waits; -1 when all of the layer does.
        plan: Its number in the plan of the job, or -1 when it is a hold.
        is_dropped: Somebody satisfied it by hand.
    """

    id: str
    type: str
    er_job: str
    er_layer: str
    er_ref: int
    on_job: str
    on_layer: str
    on_ref: int
    any_frame: bool = False
    plan: int = -1
    active: bool = True
    is_dropped: bool = False

    @property
    def is_internal(self) -> bool:
        """Both ends are in one job."""
        return self.er_job == self.on_job

    @property
    def is_frame_wise(self) -> bool:
        """Single frames wait for single frames."""
        return self.type in _FRAME_WISE and not self.any_frame


class DependBook:
    """All dependencies of a farm, found by either end."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self.all: dict[str, Depend] = {}
        self._of: defaultdict[str, list[Depend]] = defaultdict(list)
        self._on: defaultdict[str, list[Depend]] = defaultdict(list)
        self._edges: dict[str, FrameEdges] = {}

    # -- asking ------------------------------------------------------------------------------------------------

    def of_job(self, job_id: str) -> list[Depend]:
        """Return the dependencies by which something of a job waits."""
        return list(self._of[job_id])

    def on_job(self, job_id: str) -> list[Depend]:
        """Return the dependencies that wait for something of a job."""
        return list(self._on[job_id])

    def is_active(self, depend: Depend) -> bool:
        """Tell whether a dependency still holds something back."""
        if depend.plan < 0:
            return depend.active
        job = self._farm.jobs.get(depend.er_job)
        return job is not None and not job.state.is_met(depend.plan)

    # -- making ------------------------------------------------------------------------------------------------

    def add(self, depend: Depend) -> Depend:
        """Take in a dependency; one that is met already is stored inactive.

        One that says the same as another is not added again; the other one is returned.
        """
        for other in self._of[depend.er_job]:
            if _signature(other) == _signature(depend):
                if not self.is_active(other):
                    self.unsatisfy(other)
                return other
        er, on = self._farm.jobs[depend.er_job], self._farm.jobs[depend.on_job]
        if depend.plan < 0 and _is_in_plan(depend):
            plan = DependPlan(depend.er_layer, depend.on_layer, depend.type, depend.any_frame)
            depend.plan = er.state.add_depend(plan)
            er.facts.added_depends.append(list(plan))
            self._farm.touch_job(er)
        self.register(depend)
        if depend.plan < 0:
            depend.active = not self._is_met(depend, on)
            if depend.active:
                self._hold(depend, er, 1)
        self._farm.touch("depend", depend.id, depend)
        self._farm.job_changed(er)
        return depend

    def register(self, depend: Depend) -> None:
        """Make a dependency known, without a look at whether it is met."""
        self.all[depend.id] = depend
        self._of[depend.er_job].append(depend)
        self._on[depend.on_job].append(depend)

    def register_plan(self, job: Job) -> None:
        """Make the dependencies of a job's plan known, those that are not yet."""
        known = {depend.plan for depend in self._of[job.id]}
        for number, plan in enumerate(job.state.plan.depends):
            if number not in known:
                self.register(plan_depend(job, number, plan))

    def hold_again(self) -> None:
        """Put the holds of all active dependencies back, after the farm was read from its store."""
        for depend in self.all.values():
            er, on = self._farm.jobs.get(depend.er_job), self._farm.jobs.get(depend.on_job)
            if depend.plan < 0 and depend.active and er is not None and on is not None:
                self._hold(depend, er, 1)

    def forget_job(self, job_id: str) -> list[Depend]:
        """Forget what a job that is gone had to do with dependencies; return what was forgotten."""
        gone = [*self._of.pop(job_id, []), *self._on.pop(job_id, [])]
        for depend in gone:
            self.all.pop(depend.id, None)
            self._edges.pop(depend.id, None)
            for index in (self._of, self._on):
                for job in (depend.er_job, depend.on_job):
                    if depend in index.get(job, ()):
                        index[job].remove(depend)
        return gone

    # -- moving ------------------------------------------------------------------------------------------------

    def satisfy(self, depend: Depend, *, by_hand: bool = True) -> None:
        """Let a dependency hold nothing back any more."""
        job = self._farm.jobs[depend.er_job]
        if depend.plan >= 0:
            job.state.drop_depends([depend.plan])
            if depend.plan not in job.facts.dropped:
                job.facts.dropped.append(depend.plan)
            self._farm.touch_job(job)
        elif depend.active:
            self._hold(depend, job, -1)
            depend.active = False
        depend.is_dropped = depend.is_dropped or by_hand
        self._farm.touch("depend", depend.id, depend)
        self._farm.job_changed(job)

    def unsatisfy(self, depend: Depend) -> None:
        """Take back that a dependency was satisfied, by hand or by itself; one that is met holds nothing back."""
        job, on = self._farm.jobs[depend.er_job], self._farm.jobs[depend.on_job]
        was_dropped, depend.is_dropped = depend.is_dropped, False
        if depend.plan >= 0:
            job.state.restore_depend(depend.plan)
            job.facts.dropped = [plan for plan in job.facts.dropped if plan != depend.plan]
            self._farm.touch_job(job)
        elif not depend.active and not self._is_met(depend, on):
            depend.active = True
            self._hold(depend, job, 1)
        elif not was_dropped:
            return
        self._farm.touch("depend", depend.id, depend)
        self._farm.job_changed(job)

    def frame_moved(self, job: Job, ref: int, *, was_satisfied: bool) -> None:
        """Look at what waits for a frame, its layer or its job from outside, after its state or its mark has changed.

        Args:
            job: The job.
            ref: The frame.
            was_satisfied: It counted as done before.
        """
        is_satisfied, layer = job.state.is_satisfied(ref), job.state.layer(ref).name
        for depend in self.on_job(job.id):
            if depend.plan >= 0 or (depend.on_layer and depend.on_layer != layer) or depend.on_ref not in (-1, ref):
                continue
            if depend.is_frame_wise and depend.active and is_satisfied != was_satisfied:
                self._frame_wise_moved(depend, job, ref, is_satisfied=is_satisfied)
            if depend.active and self._is_met(depend, job):
                self.satisfy(depend, by_hand=False)
            elif not depend.active and not depend.is_dropped and depend.type in _COMES_BACK:
                self.unsatisfy(depend)

    def job_over(self, job: Job) -> None:
        """Satisfy what waits for the end of a job."""
        for depend in self.on_job(job.id):
            if depend.plan < 0 and depend.active and (not depend.on_layer or self._is_met(depend, job)):
                self.satisfy(depend, by_hand=False)

    # -- holds -------------------------------------------------------------------------------------------------

    def _hold(self, depend: Depend, er: Job, change: int) -> None:
        state = er.state
        if depend.is_frame_wise:
            self._hold_frame_wise(depend, er, change)
        elif depend.er_ref >= 0:
            (state.hold_frame if change > 0 else state.release_frame)(depend.er_ref)
        else:
            names = [depend.er_layer] if depend.er_layer else [layer.name for layer in er.layers]
            for name in names:
                (state.hold_layer if change > 0 else state.release_layer)(name)
        self._farm.job_changed(er)

    def _hold_frame_wise(self, depend: Depend, er: Job, change: int) -> None:
        on = self._farm.jobs[depend.on_job]
        edges, base = self._edges_of(depend, er, on), er.state.refs(depend.er_layer).start
        for place, ref in enumerate(on.state.refs(depend.on_layer)):
            if not on.state.is_satisfied(ref):
                for target in edges.waiting_for(place):
                    (er.state.hold_frame if change > 0 else er.state.release_frame)(base + target)

    def _frame_wise_moved(self, depend: Depend, on: Job, ref: int, *, is_satisfied: bool) -> None:
        er = self._farm.jobs[depend.er_job]
        edges, base = self._edges_of(depend, er, on), er.state.refs(depend.er_layer).start
        for target in edges.waiting_for(ref - on.state.refs(depend.on_layer).start):
            (er.state.release_frame if is_satisfied else er.state.hold_frame)(base + target)
        self._farm.job_changed(er)

    def _edges_of(self, depend: Depend, er: Job, on: Job) -> FrameEdges:
        if depend.id not in self._edges:
            layers = [
                er.state.plan.layers[er.by_name[depend.er_layer]],
                on.state.plan.layers[on.by_name[depend.on_layer]],
            ]
            plan = DependPlan(depend.er_layer, depend.on_layer, depend.type)
            self._edges[depend.id] = frame_edges(plan, layers, 0, 1, len(on.state.refs(depend.on_layer)))
        return self._edges[depend.id]

    def _is_met(self, depend: Depend, on: Job) -> bool:
        if on.facts.state == "FINISHED":
            return True
        if depend.on_ref >= 0:
            return on.state.is_satisfied(depend.on_ref)
        return bool(depend.on_layer) and on.state.offers(depend.on_layer, _need_of(depend))


def plan_depend(job: Job, number: int, plan: DependPlan) -> Depend:
    """Return the dependency that stands for one of a job's plan."""
    id = str(uuid.uuid5(uuid.UUID(job.id), f"depend {number}"))
    return Depend(id, plan.type, job.id, plan.layer, -1, job.id, plan.on, -1, plan.any_frame, plan=number)


def _need_of(depend: Depend) -> LayerNeed:
    """Return what a dependency needs of a layer; an eaten frame is good for a layer, but not for single frames."""
    if depend.any_frame:
        return LayerNeed.ANY
    is_frames = depend.type in _FRAME_WISE or depend.type == "LAYER_ON_SIM_FRAME"
    return LayerNeed.ALL_SUCCEEDED if is_frames else LayerNeed.ALL_DONE


def _is_in_plan(depend: Depend) -> bool:
    return depend.is_internal and depend.type in IN_PLAN and depend.er_ref < 0 and depend.on_ref < 0


def _signature(depend: Depend) -> tuple[object, ...]:
    er = (depend.er_job, depend.er_layer, depend.er_ref)
    return depend.type, depend.any_frame, er, (depend.on_job, depend.on_layer, depend.on_ref)
