# SPDX-License-Identifier: Apache-2.0
"""Groups: folders of jobs, with limits and defaults; their departments, and the tasks that shows plan for these."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..farm import changing
from ..farm.errors import Exists, InUse, Invalid, NotFound
from ..farm.farm import Farm
from ..farm.job import Job
from ..farm.things import NO_LIMIT, Department, Group, Show, Task
from .calls import Call, call, sets
from .cores import core_points, whole_points
from .finding import checked_name, find, find_department, find_job, new_name
from .rpc import Answer, Service

__all__ = ["DepartmentService", "GroupService", "TaskService", "show_department"]


def show_department(farm: Farm, show: Show, name: str) -> Department:
    """The department of a show. Creates it for the first group that has it."""
    found = farm.departments.first(name=name, show=show.id)
    if found is not None:
        return found
    return farm.departments.add(Department(str(uuid.uuid4()), find_department(farm, name).name, show.id))


class DepartmentService(Service):
    """``department.DepartmentInterface``."""

    name = "department.DepartmentInterface"

    GetDepartmentNames = call(lambda farm, request: sorted(one.name for one in farm.departments.where(show="")))

    def AddDepartmentName(self, request: Any) -> None:
        name = new_name(self.farm.departments, request.name, show="")
        self.farm.departments.add(Department(str(uuid.uuid4()), name))

    def RemoveDepartmentName(self, request: Any) -> None:
        """Remove a name that no show has used."""
        name = find_department(self.farm, request.name)
        shows = [self.farm.shows[one.show].name for one in self.farm.departments.where(name=name.name) if one.show]
        if shows:
            raise InUse(f"{', '.join(sorted(shows))} have the department {name.name}; it cannot be removed")
        self.farm.departments.remove(name)

    def EnableTiManaged(self, request: Any) -> None:
        """Store that another program manages the tasks, and the cores that it has for them."""
        points = _whole_points(request.managed_cores)
        self._change(request, managed=True, ti_task=request.ti_task, min_cores=points)

    def DisableTiManaged(self, request: Any) -> None:
        """Store that no program manages the tasks, and delete them."""
        self._change(request, managed=False, ti_task="", min_cores=0, tasks=[])

    def SetManagedCores(self, request: Any) -> None:
        self._change(request, min_cores=_whole_points(request.managed_cores))

    def GetTasks(self, request: Any) -> Answer:
        """The tasks of a department, sorted by shot."""
        department = self._find(request)
        return [(department, task) for task in sorted(department.tasks, key=lambda task: task.shot)]

    def AddTask(self, request: Any) -> Answer:
        """Add a task with cores for a shot."""
        return self._add(request, {request.shot: core_points(request.min_cores)}, keep=True)[0]

    def AddTasks(self, request: Any) -> Answer:
        """Add tasks with core points for some shots."""
        return self._add(request, request.tmap, keep=True)

    def ReplaceTasks(self, request: Any) -> Answer:
        """Replace all tasks with core points for some shots."""
        return self._add(request, request.tmap, keep=False)

    def _add(self, request: Any, points: Mapping[str, int], *, keep: bool) -> list[tuple[Department, Task]]:
        department = self._find(request)
        kept = department.tasks if keep else []
        taken = {task.shot for task in kept}.intersection(points)
        if taken:
            raise Exists(f"the department {department.name} already has a task for the shot {min(taken)!r}")
        made = [Task(str(uuid.uuid4()), checked_name(shot, "shot"), max(0, points[shot])) for shot in sorted(points)]
        self._change(request, tasks=[*kept, *made])
        return [(department, task) for task in made]

    def ClearTasks(self, request: Any) -> None:
        self._change(request, tasks=[])

    def ClearTaskAdjustments(self, request: Any) -> None:
        for task in self._find(request).tasks:
            task.adjust_cores = 0
        self._change(request)

    def _find(self, request: Any) -> Department:
        department = self.farm.departments.get(request.department.id)
        if department is None or not department.show:
            raise NotFound(f"no department {request.department.id!r} of a show")
        return department

    def _change(self, wanted: Any, **facts: Any) -> None:
        self.farm.departments.change(self._find(wanted), **facts)


class TaskService(Service):
    """``task.TaskInterface``."""

    name = "task.TaskInterface"

    def SetMinCores(self, request: Any) -> None:
        """Change the cores of a task, and divide them among the pending jobs of its shot."""
        department, task = self._find(request.task)
        points = _whole_points(request.new_min_cores)
        if department.managed:
            task.adjust_cores = points - task.min_cores
        else:
            task.min_cores = points
        self.farm.departments.save(department)
        groups = {one.id for one in self.farm.groups.where(show=department.show, department=department.name)}
        pending = self.farm.jobs.pending.values()
        jobs = [job for job in pending if job.facts.shot == task.shot and job.facts.group in groups]
        cores = task.min_cores // 100
        for place, job in enumerate(jobs):
            mine = cores // len(jobs) + (place < cores % len(jobs))
            changing.change_job(self.farm, job, min_cores=mine * 100)

    def ClearAdjustments(self, request: Any) -> None:
        department, task = self._find(request.task)
        task.adjust_cores = 0
        self.farm.departments.save(department)

    def Delete(self, request: Any) -> None:
        department, task = self._find(request.task)
        self.farm.departments.change(department, tasks=[one for one in department.tasks if one is not task])

    def _find(self, message: Any) -> tuple[Department, Task]:
        for department in self.farm.departments.values():
            for task in department.tasks:
                if task.id in (message.id, message.name):
                    return department, task
        raise NotFound(f"no task {message.id or message.name!r}")


def _whole_points(cores: float) -> int:
    points = whole_points(cores)
    if points < 0:
        raise Invalid(f"{cores:g} is not a number of cores")
    return points


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
