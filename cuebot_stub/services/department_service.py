# SPDX-License-Identifier: Apache-2.0
"""Departments of groups, and the tasks that shows plan for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..farm import changing
from ..farm.farm import Farm
from ..farm.things import Department, Show, Task
from .calls import call
from .cores import core_points, whole_points
from .errors import Exists, InUse, Invalid, NotFound
from .finding import checked_name, find_department, new_name
from .rpc import Answer, Service

__all__ = ["DepartmentService", "TaskService", "show_department"]


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
