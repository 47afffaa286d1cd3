# SPDX-License-Identifier: Apache-2.0
"""Groups: folders of jobs, with limits for their jobs and defaults for new ones."""

from __future__ import annotations

import uuid
from typing import Any

from ..farm import changing
from ..farm.farm import Farm
from ..farm.job import Job
from ..farm.things import NO_LIMIT, Group
from .calls import Call, call, sets
from .cores import whole_points
from .department_service import show_department
from .errors import InUse, Invalid, NotFound
from .finding import find, find_job, new_name
from .rpc import Answer, Service

__all__ = ["GroupService"]


def _jobs_in(farm: Farm, group: Group) -> list[Job]:
    return [job for job in farm.jobs.values() if job.facts.group == group.id]


def _most_points(cores: float) -> int:
    points = whole_points(cores)
    if points == 0:
        raise Invalid(f"a group cannot have {cores:g} cores; give 1 or more, or -1 for any number")
    return max(NO_LIMIT, points)


def _sets_default(fact: str, change: Any = int) -> Call:
    """A call that sets a default for jobs. As on Cuebot 0 is none, and yet the jobs that are there get it."""

    def call(service: GroupService, request: Any) -> None:
        value = change(getattr(request, fact))
        service._change(request.group, **{f"default_job_{fact}": value if value > 0 else NO_LIMIT})
        if value != NO_LIMIT:
            service._change_jobs(request.group, **{fact: value})

    return call


class GroupService(Service):
    """``job.GroupInterface``."""

    name, kind = "job.GroupInterface", "group"

    def FindGroup(self, request: Any) -> Answer:
        show = find(self.farm.shows, request.show)
        groups = (one for one in self.farm.groups.where(show=show.id) if one.name.lower() == request.name.lower())
        group = next(groups, None)
        if group is None:
            raise NotFound(f"the show {show.name} has no group {request.name!r}")
        return group

    GetGroup = call(lambda farm, request: find(farm.groups, request.id))

    def GetGroups(self, request: Any) -> Answer:
        children = self.farm.groups.where(parent=find(self.farm.groups, request.group).id)
        return sorted(children, key=lambda one: one.name)

    def GetJobs(self, request: Any) -> Answer:
        """The pending jobs of a group itself."""
        return [job for job in _jobs_in(self.farm, find(self.farm.groups, request.group)) if job.is_pending]

    def CreateSubGroup(self, request: Any) -> Answer:
        parent = find(self.farm.groups, request.group)
        name = self._new_name(parent, request.name)
        return self.farm.groups.add(Group(str(uuid.uuid4()), name, parent.show, parent.id, parent.department))

    def _new_name(self, group: Group, name: str) -> str:
        where = f"the show {self.farm.shows[group.show].name}"
        return new_name(self.farm.groups, name, where, str.lower, show=group.show)

    def SetName(self, request: Any) -> None:
        group = find(self.farm.groups, request.group)
        is_same = group.name == request.name
        self.farm.groups.change(group, name=group.name if is_same else self._new_name(group, request.name))

    def SetGroup(self, request: Any) -> None:
        self._move([find(self.farm.groups, request.group)], find(self.farm.groups, request.parent_group))

    def ReparentGroups(self, request: Any) -> None:
        parent = find(self.farm.groups, request.group)
        self._move([find(self.farm.groups, message) for message in request.groups.groups], parent)

    def _move(self, groups: list[Group], parent: Group) -> None:
        for group in groups:
            self._check_move(group, parent)
        for group in groups:
            self.farm.groups.change(group, parent=parent.id)

    def _check_move(self, group: Group, parent: Group) -> None:
        if not group.parent:
            raise Invalid(f"{group.name} is the root group of its show; it cannot be moved")
        if group.show != parent.show:
            raise Invalid(f"the groups {group.name} and {parent.name} are not of the same show")
        above: Group | None = parent
        while above is not None:
            if above is group:
                raise Invalid(f"the group {group.name} cannot be moved into itself or into one within it")
            above = self.farm.groups.get(above.parent)

    def ReparentJobs(self, request: Any) -> None:
        group = find(self.farm.groups, request.group)
        jobs = [find_job(self.farm, message) for message in request.jobs.jobs]
        for job in jobs:
            changing.check_group(job, group)
        for job in jobs:
            changing.move_to_group(self.farm, job, group)

    def Delete(self, request: Any) -> None:
        """Delete an empty group. Its finished jobs move to the parent."""
        farm, group = self.farm, find(self.farm.groups, request.group)
        if not group.parent:
            raise InUse(f"{group.name} is the root group of its show; delete the show instead")
        jobs, children = _jobs_in(farm, group), farm.groups.where(parent=group.id)
        busy = [job for job in jobs if job.facts.state != "FINISHED"]
        if busy or children:
            raise InUse(f"the group {group.name} has {len(busy)} jobs and {len(children)} groups; move them first")
        for mover in farm.filters.values():
            if any(action.value_type == "GROUP_TYPE" and action.value == group.id for action in mover.actions):
                raise InUse(f"the filter {mover.name} moves jobs to the group {group.name}; change it first")
        for job in jobs:
            with farm.procs.recounting(farm.procs.of_job(job)):
                job.facts.group = group.parent
            farm.jobs.save(job)
        farm.groups.remove(group)

    SetDefaultJobMinCores = _sets_default("min_cores", whole_points)
    SetDefaultJobMaxCores = _sets_default("max_cores", whole_points)
    SetDefaultJobMinGpus = _sets_default("min_gpus")
    SetDefaultJobMaxGpus = _sets_default("max_gpus")
    SetMinCores = sets("min_cores", lambda cores: max(0, whole_points(cores)))
    SetMaxCores = sets("max_cores", _most_points)  # of all jobs in the group together
    SetMinGpus = sets("min_gpus", lambda gpus: max(0, gpus))
    SetMaxGpus = sets("max_gpus", lambda gpus: max(NO_LIMIT, gpus))

    def SetDepartment(self, request: Any) -> None:
        show = self.farm.shows[find(self.farm.groups, request.group).show]
        self._change(request.group, department=show_department(self.farm, show, request.dept).name)

    def SetDefaultJobPriority(self, request: Any) -> None:
        """Say what priority jobs of a group get; those that come into it keep their own when it is below 0."""
        self._change(request.group, default_job_priority=max(NO_LIMIT, request.priority))
        self._change_jobs(request.group, priority=request.priority)

    def _change_jobs(self, message: Any, **facts: int) -> None:
        for job in _jobs_in(self.farm, find(self.farm.groups, message)):
            changing.change_job(self.farm, job, **facts)
