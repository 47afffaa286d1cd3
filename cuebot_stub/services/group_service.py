# SPDX-License-Identifier: Apache-2.0
"""Groups: folders of jobs, with limits and defaults; their departments, and the tasks that shows plan for these."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..farm import changing
from ..farm.errors import Exists, InUse, Invalid
from ..farm.things import NO_LIMIT, Department, Group, Task
from .calls import Call, call, sets
from .cores import core_points, least_points, whole_points
from .finding import by_name, checked_name, existing, find, find_department, find_job, new_name
from .rpc import Answer, Service

__all__ = ["DepartmentService", "GroupService", "TaskService"]


class DepartmentService(Service):
    """``department.DepartmentInterface``."""

    name, kind = "department.DepartmentInterface", "department"

    GetDepartmentNames = call(lambda farm, request: sorted(one.name for one in farm.departments.where(show="")))

    def AddDepartmentName(self, request: Any) -> None:
        self.farm.departments.create(new_name(self.farm.departments, request.name, show=""))

    def RemoveDepartmentName(self, request: Any) -> None:
        """Remove a name that no show has used."""
        name = find_department(self.farm.departments, request.name)
        shows = [self.farm.shows[one.show].name for one in self.farm.departments.where(name=name.name) if one.show]
        if shows:
            raise InUse(f"{', '.join(sorted(shows))} have the department {name.name}; it cannot be removed")
        self.farm.departments.remove(name)

    def EnableTiManaged(self, department: Department, request: Any) -> None:
        """Store that another program manages the tasks, and the cores that it has for them."""
        points = least_points(request.managed_cores)
        self._change(department, managed=True, ti_task=request.ti_task, min_cores=points)

    def DisableTiManaged(self, department: Department, request: Any) -> None:
        """Store that no program manages the tasks, and delete them."""
        self._change(department, managed=False, ti_task="", min_cores=0, tasks=[])

    SetManagedCores = sets("min_cores", least_points)

    def GetTasks(self, department: Department, request: Any) -> Answer:
        """The tasks of a department, sorted by shot."""
        return [(department, task) for task in sorted(department.tasks, key=lambda task: task.shot)]

    def AddTask(self, department: Department, request: Any) -> Answer:
        """Add a task with cores for a shot."""
        return self._add(department, department.tasks, {request.shot: core_points(request.min_cores)})[0]

    def AddTasks(self, department: Department, request: Any) -> Answer:
        """Add tasks with core points for some shots."""
        return self._add(department, department.tasks, request.tmap)

    def ReplaceTasks(self, department: Department, request: Any) -> Answer:
        """Replace all tasks with core points for some shots."""
        return self._add(department, [], request.tmap)

    def _add(
        self, department: Department, kept: list[Task], points: Mapping[str, int]
    ) -> list[tuple[Department, Task]]:
        taken = {task.shot for task in kept}.intersection(points)
        if taken:
            raise Exists(f"the department {department.name} already has a task for the shot {min(taken)!r}")
        made = [Task(str(uuid.uuid4()), checked_name(shot, "shot"), max(0, points[shot])) for shot in sorted(points)]
        self._change(department, tasks=[*kept, *made])
        return [(department, task) for task in made]

    def ClearTasks(self, department: Department, request: Any) -> None:
        self._change(department, tasks=[])

    def ClearTaskAdjustments(self, department: Department, request: Any) -> None:
        for task in department.tasks:
            task.adjust_cores = 0
        self._change(department)


class TaskService(Service):
    """``task.TaskInterface``."""

    name = "task.TaskInterface"

    def SetMinCores(self, found: tuple[Department, Task], request: Any) -> None:
        """Change the cores of a task, and divide them among the pending jobs of its shot."""
        department, task = found
        points = least_points(request.new_min_cores)
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

    def ClearAdjustments(self, found: tuple[Department, Task], request: Any) -> None:
        department, task = found
        task.adjust_cores = 0
        self.farm.departments.save(department)

    def Delete(self, found: tuple[Department, Task], request: Any) -> None:
        department, task = found
        self.farm.departments.change(department, tasks=[one for one in department.tasks if one is not task])


def _most_points(cores: float) -> int:
    points = whole_points(cores)
    if points == 0:
        raise Invalid(f"a group cannot have {cores:g} cores; give 1 or more, or -1 for any number")
    return max(NO_LIMIT, points)


def _sets_default(fact: str, change: Any = int) -> Call:
    """A call that sets a default for jobs. As on Cuebot 0 is none, and yet the jobs that are there get it."""

    def set_default(service: GroupService, group: Group, request: Any) -> None:
        value = change(getattr(request, fact))
        service._change(group, **{f"default_job_{fact}": value if value > 0 else NO_LIMIT})
        if value != NO_LIMIT:
            service._change_jobs(group, **{fact: value})

    return set_default


class GroupService(Service):
    """``job.GroupInterface``."""

    name, kind = "job.GroupInterface", "group"

    def FindGroup(self, request: Any) -> Answer:
        show = find(self.farm.shows, request.show)
        groups = (one for one in self.farm.groups.where(show=show.id) if one.name.lower() == request.name.lower())
        return existing(next(groups, None), f"the show {show.name} has no group {request.name!r}")

    GetGroup = call(lambda farm, request: find(farm.groups, request.id))
    GetGroups = call(lambda farm, group, request: sorted(farm.groups.where(parent=group.id), key=by_name))
    GetJobs = call(lambda farm, group, request: farm.jobs.where(group=group.id, state="PENDING"))  # not of those below

    def CreateSubGroup(self, group: Group, request: Any) -> Answer:
        return self.farm.groups.create(self._new_name(group, request.name), group.show, group.id, group.department)

    def _new_name(self, group: Group, name: str) -> str:
        where = f"the show {self.farm.shows[group.show].name}"
        return new_name(self.farm.groups, name, where, str.lower, show=group.show)

    def SetName(self, group: Group, request: Any) -> None:
        is_same = group.name == request.name
        self.farm.groups.change(group, name=group.name if is_same else self._new_name(group, request.name))

    def SetGroup(self, group: Group, request: Any) -> None:
        self._move([group], find(self.farm.groups, request.parent_group))

    def ReparentGroups(self, group: Group, request: Any) -> None:
        self._move([find(self.farm.groups, message) for message in request.groups.groups], group)

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

    def ReparentJobs(self, group: Group, request: Any) -> None:
        jobs = [find_job(self.farm.jobs, message) for message in request.jobs.jobs]
        for job in jobs:
            changing.check_group(job, group)
        for job in jobs:
            changing.move_to_group(self.farm, job, group)

    def Delete(self, group: Group, request: Any) -> None:
        """Delete an empty group. Its finished jobs move to the parent."""
        farm = self.farm
        if not group.parent:
            raise InUse(f"{group.name} is the root group of its show; delete the show instead")
        jobs, children = farm.jobs.where(group=group.id), farm.groups.where(parent=group.id)
        busy = [job for job in jobs if job.facts.state != "FINISHED"]
        if busy or children:
            raise InUse(f"the group {group.name} has {len(busy)} jobs and {len(children)} groups; move them first")
        for mover in farm.filters.values():
            if any(action.value_type == "GROUP_TYPE" and action.value == group.id for action in mover.actions):
                raise InUse(f"the filter {mover.name} moves jobs to the group {group.name}; change it first")
        for job in jobs:
            changing.put_into_group(farm, job, group.parent)
        farm.groups.remove(group)

    SetDefaultJobMinCores = _sets_default("min_cores", whole_points)
    SetDefaultJobMaxCores = _sets_default("max_cores", whole_points)
    SetDefaultJobMinGpus = _sets_default("min_gpus")
    SetDefaultJobMaxGpus = _sets_default("max_gpus")
    SetMinCores = sets("min_cores", lambda cores: max(0, whole_points(cores)))
    SetMaxCores = sets("max_cores", _most_points)  # of all jobs in the group together
    SetMinGpus = sets("min_gpus", lambda gpus: max(0, gpus))
    SetMaxGpus = sets("max_gpus", lambda gpus: max(NO_LIMIT, gpus))

    def SetDepartment(self, group: Group, request: Any) -> None:
        """Set the department of a group. The first group with a department brings it to its show."""
        departments = self.farm.departments
        if departments.first(name=request.dept, show=group.show) is None:
            departments.create(find_department(departments, request.dept).name, group.show)
        self._change(group, department=request.dept)

    def SetDefaultJobPriority(self, group: Group, request: Any) -> None:
        """Say what priority jobs of a group get; those that come into it keep their own when it is below 0."""
        self._change(group, default_job_priority=max(NO_LIMIT, request.priority))
        self._change_jobs(group, priority=request.priority)

    def _change_jobs(self, group: Group, **facts: int) -> None:
        for job in self.farm.jobs.where(group=group.id):
            changing.change_job(self.farm, job, **facts)
