# SPDX-License-Identifier: Apache-2.0
"""Services: the resources of layers that do not set their own, with overrides of shows."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import service_pb2

from ..farm import things
from ..farm.errors import InUse, Invalid
from ..farm.farm import Farm
from .calls import call
from .finding import find_override, find_service, new_name
from .rpc import Service

__all__ = ["OverrideService", "ServiceService", "create_service"]

_FALLBACK = "default"
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


def create_service(farm: Farm, data: service_pb2.Service, show: str) -> things.Service:
    """Make a service, or the override of a show."""
    name = new_name(farm.services, data.name, show=show)
    return farm.services.add(things.Service(str(uuid.uuid4()), name, show, **_values(name, data)))


def _update(farm: Farm, service: things.Service, data: service_pb2.Service) -> None:
    name, values = service.name, _values(service.name, data)
    if data.name and data.name != name:
        name = new_name(farm.services, data.name, show=service.show)
        if service.name == _FALLBACK and not service.show:
            raise InUse("layers without a service get the one named 'default'; it keeps its name")
    farm.services.change(service, name=name, **values)


class ServiceService(Service):
    """``service.ServiceInterface``. Changes apply to layers that are launched later."""

    name = "service.ServiceInterface"

    GetService = call(lambda farm, request: find_service(farm, request.name))
    GetDefaultServices = call(lambda farm, request: sorted(farm.services.where(show=""), key=lambda one: one.name))
    CreateService = call(lambda farm, request: create_service(farm, request.data, ""))
    Update = call(lambda farm, request: _update(farm, find_service(farm, request.service), request.service))

    def Delete(self, request: Any) -> None:
        """Delete a service. Its layers get the values of ``default``."""
        service = find_service(self.farm, request.service)
        if service.name == _FALLBACK:
            raise InUse("layers without a service get the one named 'default'; it cannot be deleted")
        self.farm.services.remove(service)


class OverrideService(Service):
    """``service.ServiceOverrideInterface``."""

    name = "service.ServiceOverrideInterface"

    Update = call(lambda farm, request: _update(farm, find_override(farm, request.service), request.service))
    Delete = call(lambda farm, request: farm.services.remove(find_override(farm, request.service)))
