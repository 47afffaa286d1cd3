# SPDX-License-Identifier: Apache-2.0
"""Services: the resources of layers that do not set their own, with overrides of shows."""

from __future__ import annotations

from typing import Any

from opencue_proto import service_pb2

from ..farm import things
from ..farm.errors import InUse, Invalid
from ..farm.saving import Table
from ..spec.layers import DEFAULT_SERVICE
from .calls import call
from .finding import by_name, find_override, find_service, new_name
from .rpc import Service, plain

__all__ = ["OverrideService", "ServiceService", "create_service"]

_PLAIN = (
    "threadable", "min_cores", "max_cores", "min_memory", "min_gpu_memory", "timeout", "timeout_llu", "min_gpus",
    "max_gpus", "min_memory_increase",
)  # fmt: skip
_UNSET = things.Service("", "")


def _values(name: str, data: service_pb2.Service) -> dict[str, Any]:
    """The values of a message.

    Raises:
        Invalid: A number other than the cores is negative.
    """
    values = {field: getattr(data, field) for field in _PLAIN}
    for field, value in values.items():
        if field != "min_cores" and value < 0:
            raise Invalid(f"{field} of the service {name!r} cannot be {value}")
    return {
        **values,
        "min_memory": data.min_memory or _UNSET.min_memory,
        "min_memory_increase": data.min_memory_increase or _UNSET.min_memory_increase,
        "tags": list(data.tags) or list(_UNSET.tags),
    }


def create_service(services: Table[things.Service], data: service_pb2.Service, show: str) -> things.Service:
    """Make a service, or the override of a show."""
    name = new_name(services, data.name, show=show)
    return services.create(name, show, **_values(name, data))


def _update(services: Table[things.Service], service: things.Service, data: service_pb2.Service) -> None:
    name, values = service.name, _values(service.name, data)
    if data.name and data.name != name:
        name = new_name(services, data.name, show=service.show)
        if service.name == DEFAULT_SERVICE and not service.show:
            raise InUse("layers without a service get the one named 'default'; it keeps its name")
    services.change(service, name=name, **values)


class ServiceService(Service):
    """``service.ServiceInterface``. Changes apply to layers that are launched later."""

    name = "service.ServiceInterface"

    GetService = call(lambda farm, request: find_service(farm.services, request.name))
    GetDefaultServices = call(lambda farm, request: sorted(farm.services.where(show=""), key=by_name))
    CreateService = plain(call(lambda farm, request: create_service(farm.services, request.data, "")))
    Update = call(lambda farm, service, request: _update(farm.services, service, request.service))

    def Delete(self, service: things.Service, request: Any) -> None:
        """Delete a service. Its layers get the values of ``default``."""
        if service.name == DEFAULT_SERVICE:
            raise InUse("layers without a service get the one named 'default'; it cannot be deleted")
        self.farm.services.remove(service)


class OverrideService(Service):
    """``service.ServiceOverrideInterface``. The messages are those of plain services."""

    name = "service.ServiceOverrideInterface"

    @plain
    def Update(self, request: Any) -> None:
        services = self.farm.services
        _update(services, find_override(services, request.service), request.service)

    @plain
    def Delete(self, request: Any) -> None:
        self.farm.services.remove(find_override(self.farm.services, request.service))
