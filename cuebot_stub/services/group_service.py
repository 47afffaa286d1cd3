# SPDX-License-Identifier: Apache-2.0
"""Groups: folders of jobs, with limits for their jobs and defaults for new ones."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import job_pb2

from ..farm import changing
from ..farm.farm import Farm
from ..farm.jobs import Job
from ..farm.steering import procs_of
from ..farm.things import NO_LIMIT, Filter, Group
from .cores import whole_points
from .department_service import show_department
from .finding import find_job
from .messages import job_message
from .rpc import Exists, Fields, InUse, Invalid, NotFound, Service
from .thing_finding import checked_name, find_group, find_show
from .thing_messages import copied, group_message

__all__ = ["GroupService", "whiteboard"]


def whiteboard(farm: Farm, group: Group) -> job_pb2.NestedGroup:
    """A group with all groups and pending jobs below it."""
    message, jobs = _nested(farm, group), _jobs_in(farm, group)
    message.jobs.extend(job.id for job in jobs)
    message.inline_jobs.extend(job_message(farm, job) for job in jobs)
    for child in _children(farm, group):
        nested = message.groups.nested_groups.add()
        nested.CopyFrom(whiteboard(farm, child))
        nested.parent.CopyFrom(_nested(farm, group))
    return message


def _nested(farm: Farm, group: Group) -> job_pb2.NestedGroup:
    plain = group_message(farm, group)
    message: job_pb2.NestedGroup = copied(job_pb2.NestedGroup(stats=plain.group_stats), plain)
    return message


def _children(farm: Farm, group: Group) -> list[Group]:
    return sorted((one for one in farm.groups.values() if one.parent == group.id), key=lambda one: one.name)


def _jobs_in(farm: Farm, group: Group) -> list[Job]:
    return [job for job in farm.pending.values() if job.facts.group == group.id]


def _moves_to(filter: Filter, group: Group) -> bool:
    return any(action.value_type == "GROUP_TYPE" and action.value == group.id for action in filter.actions)


class GroupService(Service):
    """``job.GroupInterface``."""

    name = "job.GroupInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindGroup(self, request: Any) -> Fields:
        """The group of a name in a show."""
        show = find_show(self.farm, request.show)
        group = self._named(show.id, request.name)
        if group is None:
            raise NotFound(f"the show {show.name} has no group {request.name!r}")
        return {"group": group_message(self.farm, group)}

    def _named(self, show: str, name: str) -> Group | None:
        groups = [group for group in self.farm.groups.values() if group.show == show]
        return next((group for group in groups if group.name.lower() == name.lower()), None)

    def GetGroup(self, request: Any) -> Fields:
        return {"group": group_message(self.farm, find_group(self.farm, request.id))}

    def GetGroups(self, request: Any) -> Fields:
        """The direct subgroups of a group."""
        children = _children(self.farm, find_group(self.farm, request.group))
        messages = [group_message(self.farm, child) for child in children]
        return {"groups": job_pb2.GroupSeq(groups=messages)}

    def GetJobs(self, request: Any) -> Fields:
        """The pending jobs of a group itself."""
        jobs = [job_message(self.farm, job) for job in _jobs_in(self.farm, find_group(self.farm, request.group))]
        return {"jobs": job_pb2.JobSeq(jobs=jobs)}

    # -- making and moving ---------------------------------------------------------------------------------------

    def CreateSubGroup(self, request: Any) -> Fields:
        parent = find_group(self.farm, request.group)
        group = Group(str(uuid.uuid4()), self._new_name(parent.show, request.name), parent.show, parent.id)
        group.department = parent.department
        self.farm.groups[group.id] = group
        self.farm.touch("group", group.id, group)
        return {"group": group_message(self.farm, group)}

    def _new_name(self, show: str, name: str) -> str:
        if self._named(show, name):
            raise Exists(f"the show {self.farm.shows[show].name} already has a group {name!r}")
        return checked_name(name, "group")

    def SetName(self, request: Any) -> None:
        group = find_group(self.farm, request.group)
        if group.name != request.name:
            group.name = self._new_name(group.show, request.name)
        self.farm.touch("group", group.id, group)

    def SetGroup(self, request: Any) -> None:
        """Move a group into another one of its show."""
        self._move([find_group(self.farm, request.group)], find_group(self.farm, request.parent_group))

    def ReparentGroups(self, request: Any) -> None:
        """Move groups into another one of their show."""
        parent = find_group(self.farm, request.group)
        self._move([find_group(self.farm, message) for message in request.groups.groups], parent)

    def _move(self, groups: list[Group], parent: Group) -> None:
        for group in groups:
            self._check_move(group, parent)
        for group in groups:
            group.parent = parent.id
            self.farm.touch("group", group.id, group)

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
        """Move jobs into a group of their show."""
        group = find_group(self.farm, request.group)
        jobs = [find_job(self.farm, message.id) for message in request.jobs.jobs]
        for job in jobs:
            changing.check_group(job, group)
        for job in jobs:
            changing.move_to_group(self.farm, job, group)

    def Delete(self, request: Any) -> None:
        """Delete an empty group. Its finished jobs move to the parent."""
        group = find_group(self.farm, request.group)
        if not group.parent:
            raise InUse(f"{group.name} is the root group of its show; delete the show instead")
        jobs = [job for job in self.farm.jobs.values() if job.facts.group == group.id]
        busy, children = [job for job in jobs if job.facts.state != "FINISHED"], _children(self.farm, group)
        if busy or children:
            raise InUse(f"the group {group.name} has {len(busy)} jobs and {len(children)} groups; move them first")
        mover = next((one for one in self.farm.filters.values() if _moves_to(one, group)), None)
        if mover is not None:
            raise InUse(f"the filter {mover.name} moves jobs to the group {group.name}; change it first")
        for job in jobs:
            with self.farm.recounting(procs_of(self.farm, job)):
                job.facts.group = group.parent
            self.farm.touch_job(job)
        del self.farm.groups[group.id]
        self.farm.touch("group", group.id, None)

    # -- changing ------------------------------------------------------------------------------------------------

    def SetDepartment(self, request: Any) -> None:
        show = self.farm.shows[find_group(self.farm, request.group).show]
        self._set(request, department=show_department(self.farm, show, request.dept).name)

    def SetDefaultJobPriority(self, request: Any) -> None:
        """Say what priority jobs of a group get; those that come into it keep their own when it is below 0."""
        priority = request.priority
        self._set(request, default_job_priority=max(NO_LIMIT, priority))
        self._change_jobs(request, priority=priority)

    def SetDefaultJobMinCores(self, request: Any) -> None:
        """Set the minimum cores of jobs in a group. 0 or less: their own."""
        self._set_default(request, "min_cores", whole_points(request.min_cores))

    def SetDefaultJobMaxCores(self, request: Any) -> None:
        """Set the maximum cores of a job in a group. 0 or less: unchanged."""
        self._set_default(request, "max_cores", whole_points(request.max_cores))

    def SetDefaultJobMinGpus(self, request: Any) -> None:
        """Set the minimum GPUs of jobs in a group. 0 or less: their own."""
        self._set_default(request, "min_gpus", request.min_gpus)

    def SetDefaultJobMaxGpus(self, request: Any) -> None:
        """Set the maximum GPUs of a job in a group. 0 or less: unchanged."""
        self._set_default(request, "max_gpus", request.max_gpus)

    def SetMinCores(self, request: Any) -> None:
        self._set(request, min_cores=max(0, whole_points(request.min_cores)))

    def SetMaxCores(self, request: Any) -> None:
        """Set the maximum cores of all jobs in a group together. Below 0: no limit."""
        points = whole_points(request.max_cores)
        if points == 0:
            raise Invalid(f"a group cannot have {request.max_cores:g} cores; give 1 or more, or -1 for any number")
        self._set(request, max_cores=max(-1, points))

    def SetMinGpus(self, request: Any) -> None:
        self._set(request, min_gpus=max(0, request.min_gpus))

    def SetMaxGpus(self, request: Any) -> None:
        """Set the maximum GPUs of all jobs in a group together. -1: no limit."""
        self._set(request, max_gpus=max(-1, request.max_gpus))

    def _set_default(self, request: Any, fact: str, value: int) -> None:
        """Set a default of the jobs of a group. As on Cuebot 0 is none, and yet the jobs that are there get it."""
        self._set(request, **{f"default_job_{fact}": value if value > 0 else NO_LIMIT})
        if value != NO_LIMIT:
            self._change_jobs(request, **{fact: value})

    def _change_jobs(self, request: Any, **facts: int) -> None:
        group = find_group(self.farm, request.group)
        for job in self.farm.jobs.values():
            if job.facts.group == group.id:
                changing.change_job(self.farm, job, **facts)

    def _set(self, request: Any, **values: Any) -> None:
        group = find_group(self.farm, request.group)
        for name, value in values.items():
            setattr(group, name, value)
        self.farm.touch("group", group.id, group)
        self.farm.wake()
