# SPDX-License-Identifier: Apache-2.0
"""The calls that jobs, layers and frames have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opencue_proto import depend_pb2

from ..farm.depend import End, Row
from ..farm.farm import Farm
from ..farm.holds import connect, drop
from .finding import enum_name, find_frame, find_job, find_layer
from .owner_service import add_partition
from .rpc import Answer, Service

__all__ = ["EndCalls", "ends"]


class EndCalls(Service):
    """The calls about a job, a layer or a frame. The subclass says which dependencies are meant."""

    def _depends_of(self, end: End) -> Iterable[Row]:
        """All dependencies of an end."""
        raise NotImplementedError

    def _depends_on(self, end: End) -> Iterable[Row]:
        """All dependencies on an end."""
        raise NotImplementedError

    def _droppable(self, end: End) -> Iterable[Row]:
        """The dependencies of an end that clients can drop."""
        raise NotImplementedError

    def AddRenderPartition(self, request: Any) -> Answer:
        """Run frames in a render partition of a locked host."""
        return add_partition(self.farm, request, *ends(self.farm, request, 1))

    def GetWhatThisDependsOn(self, request: Any) -> Answer:
        """The dependencies of a job, a layer or a frame."""
        return list(self._depends_of(*ends(self.farm, request, 1)))

    def GetWhatDependsOnThis(self, request: Any) -> Answer:
        """The dependencies on a job, a layer or a frame."""
        return list(self._depends_on(*ends(self.farm, request, 1)))

    def DropDepends(self, request: Any) -> None:
        """Satisfy the dependencies of a job, a layer or a frame."""
        rows = list(self._droppable(*ends(self.farm, request, 1)))
        drop(self.farm, rows, enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Answer:
        """Make one thing depend on another one."""
        er, on = ends(self.farm, request)
        return connect(self.farm, er, on)

    CreateDependencyOnLayer = CreateDependencyOnFrame = CreateDependencyOnJob


_FINDERS: dict[str, Callable[[Farm, Any], End]] = {
    "Job": lambda farm, message: End(find_job(farm, message)),
    "Layer": find_layer,
    "Frame": find_frame,
}


def ends(farm: Farm, request: Any, count: int = 2) -> list[End]:
    """The jobs, layers or frames that the first fields of a request name."""
    fields = request.DESCRIPTOR.fields[:count]
    return [_FINDERS[field.message_type.name](farm, getattr(request, field.name)) for field in fields]
