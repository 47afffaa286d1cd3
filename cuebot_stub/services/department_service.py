# SPDX-License-Identifier: Apache-2.0
"""Departments of groups, and the tasks that shows plan for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from opencue_proto import department_pb2, task_pb2

from ..farm import changing
from ..farm.farm import Farm
from ..farm.things import Department, Show, Task
from .cores import core_points, whole_points
from .rpc import Exists, Fields, InUse, Invalid, NotFound, Service
from .thing_finding import checked_name

__all__ = ["DepartmentService", "TaskService", "department_message", "find_department", "show_department"]


def department_message(farm: Farm, department: Department) -> department_pb2.Department:
    """The department of a show."""
    return department_pb2.Department(
        id=department.id,
        name=f"{farm.shows[department.show].name}.{department.name}",
        dept=department.name,
        ti_task=department.ti_task,
        ti_managed=department.managed,
        min_cores=department.min_cores / 100,
    )


def _task_message(department: Department, task: Task) -> task_pb2.Task:
    return task_pb2.Task(
        id=task.id,
        name=task.id,  # Cuebot finds a task by what a client has as its name
        shot=task.shot,
        dept=department.name,
        point_id=department.id,
        min_cores=task.min_cores // 100,
        adjust_cores=task.adjust_cores // 100,
    )


def find_department(farm: Farm, name: str, show: str = "") -> Department:
    """A department by its name, or that of a show.

    Raises:
        NotFound: There is none.
    """
    found = next((one for one in farm.departments.values() if one.name == name and one.show == show), None)
    if found is None:
        of = f" of the show {farm.shows[show].name}" if show else ""
        raise NotFound(f"no department {name!r}{of}")
    return found


def show_department(farm: Farm, show: Show, name: str) -> Department:
    """The department of a show. Creates it for the first group that has it."""
    try:
        return find_department(farm, name, show.id)
    except NotFound:
        find_department(farm, name)
    made = Department(str(uuid.uuid4()), name, show.id)
    farm.departments[made.id] = made
    farm.touch("department", made.id, made)
    return made


class DepartmentService(Service):
    """``department.DepartmentInterface``."""

    name = "department.DepartmentInterface"

    # -- names ---------------------------------------------------------------------------------------------------

    def GetDepartmentNames(self, request: Any) -> Fields:
        """All names, sorted."""
        return {"names": sorted(one.name for one in self.farm.departments.values() if not one.show)}

    def AddDepartmentName(self, request: Any) -> None:
        name = checked_name(request.name, "department")
        if any(one.name == name and not one.show for one in self.farm.departments.values()):
            raise Exists(f"the department {name!r} already exists")
        made = Department(str(uuid.uuid4()), name)
        self.farm.departments[made.id] = made
        self._changed(made)

    def RemoveDepartmentName(self, request: Any) -> None:
        """Remove a name that no show has used."""
        department = find_department(self.farm, request.name)
        shows = [self.farm.shows[one.show].name for one in self._all_of(department.name) if one.show]
        if shows:
            raise InUse(f"{', '.join(sorted(shows))} have the department {department.name}; it cannot be removed")
        del self.farm.departments[department.id]
        self.farm.touch("department", department.id, None)

    def _all_of(self, name: str) -> list[Department]:
        return [one for one in self.farm.departments.values() if one.name == name]

    # -- management ----------------------------------------------------------------------------------------------

    def EnableTiManaged(self, request: Any) -> None:
        """Store that another program manages the tasks, and the cores that it has for them."""
        department = self._find(request)
        points = _whole_points(request.managed_cores)
        department.managed, department.ti_task, department.min_cores = True, request.ti_task, points
        self._changed(department)

    def DisableTiManaged(self, request: Any) -> None:
        """Store that no program manages the tasks, and delete them."""
        department = self._find(request)
        department.managed, department.ti_task, department.min_cores, department.tasks = False, "", 0, []
        self._changed(department)

    def SetManagedCores(self, request: Any) -> None:
        department = self._find(request)
        department.min_cores = _whole_points(request.managed_cores)
        self._changed(department)

    # -- tasks ---------------------------------------------------------------------------------------------------

    def GetTasks(self, request: Any) -> Fields:
        """The tasks of a department, sorted by shot."""
        department = self._find(request)
        return self._tasks(department, sorted(department.tasks, key=lambda task: task.shot))

    def AddTask(self, request: Any) -> Fields:
        department = self._find(request)
        (task,) = self._add(department, {request.shot: core_points(request.min_cores)}, department.tasks)
        return {"task": _task_message(department, task)}

    def AddTasks(self, request: Any) -> Fields:
        """Add tasks with core points for some shots."""
        department = self._find(request)
        return self._tasks(department, self._add(department, request.tmap, department.tasks))

    def ReplaceTasks(self, request: Any) -> Fields:
        """Replace all tasks with core points for some shots."""
        department = self._find(request)
        return self._tasks(department, self._add(department, request.tmap, []))

    def _add(self, department: Department, points: Mapping[str, int], kept: list[Task]) -> list[Task]:
        taken = {task.shot for task in kept}.intersection(points)
        if taken:
            raise Exists(f"the department {department.name} already has a task for the shot {min(taken)!r}")
        made = [Task(str(uuid.uuid4()), checked_name(shot, "shot"), max(0, points[shot])) for shot in sorted(points)]
        department.tasks = [*kept, *made]
        self._changed(department)
        return made

    def ClearTasks(self, request: Any) -> None:
        """Remove all tasks."""
        department = self._find(request)
        department.tasks = []
        self._changed(department)

    def ClearTaskAdjustments(self, request: Any) -> None:
        """Undo the changes of managed tasks."""
        department = self._find(request)
        for task in department.tasks:
            task.adjust_cores = 0
        self._changed(department)

    def _tasks(self, department: Department, tasks: list[Task]) -> Fields:
        return {"tasks": {"tasks": [_task_message(department, task) for task in tasks]}}

    def _find(self, request: Any) -> Department:
        department = self.farm.departments.get(request.department.id)
        if department is None or not department.show:
            raise NotFound(f"no department {request.department.id!r} of a show")
        return department

    def _changed(self, department: Department) -> None:
        self.farm.touch("department", department.id, department)


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
        self.farm.touch("department", department.id, department)
        self._share(department, task)

    def _share(self, department: Department, task: Task) -> None:
        jobs = [
            job
            for job in self.farm.pending.values()
            if job.facts.shot == task.shot and _has(self.farm.groups[job.facts.group], department)
        ]
        cores = task.min_cores // 100
        for place, job in enumerate(jobs):
            mine = cores // len(jobs) + (place < cores % len(jobs))
            changing.change_job(self.farm, job, min_cores=mine * 100)

    def ClearAdjustments(self, request: Any) -> None:
        """Undo the change of a managed task."""
        department, task = self._find(request.task)
        task.adjust_cores = 0
        self.farm.touch("department", department.id, department)

    def Delete(self, request: Any) -> None:
        department, task = self._find(request.task)
        department.tasks.remove(task)
        self.farm.touch("department", department.id, department)

    def _find(self, message: Any) -> tuple[Department, Task]:
        for department in self.farm.departments.values():
            for task in department.tasks:
                if task.id in (message.id, message.name):
                    return department, task
        raise NotFound(f"no task {message.id or message.name!r}")


def _has(group: Any, department: Department) -> bool:
    return bool(group.show == department.show and group.department == department.name)


def _whole_points(cores: float) -> int:
    points = whole_points(cores)
    if points < 0:
        raise Invalid(f"{cores:g} is not a number of cores")
    return points
