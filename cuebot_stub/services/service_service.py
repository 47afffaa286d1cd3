# SPDX-License-Identifier: Apache-2.0
"""Services: the resources of layers that do not set their own, with overrides of shows."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import service_pb2

from ..farm import things
from ..farm.farm import Farm
from .rpc import Exists, Fields, InUse, Invalid, Service
from .thing_finding import checked_name, find_override, find_service
from .thing_messages import service_message

__all__ = ["OverrideService", "ServiceService", "create_override", "override_message"]

_FALLBACK = "default"
_PLAIN = (
    "threadable", "min_cores", "max_cores", "min_memory", "min_gpu_memory", "timeout", "timeout_llu", "min_gpus",
    "max_gpus", "min_memory_increase",
)  # fmt: skip
_UNSET = things.Service("", "")


def _check(name: str, data: service_pb2.Service) -> None:
    """Check the numbers of a message.

    Raises:
        Invalid: A number other than the cores is negative.
    """
    for field in _PLAIN:
        if field != "min_cores" and getattr(data, field) < 0:
            raise Invalid(f"{field} of the service {name!r} cannot be {getattr(data, field)}")


def _fill(service: things.Service, data: service_pb2.Service) -> None:
    for name in _PLAIN:
        setattr(service, name, getattr(data, name))
    service.min_memory = service.min_memory or _UNSET.min_memory
    service.min_memory_increase = service.min_memory_increase or _UNSET.min_memory_increase
    service.tags = list(data.tags) or list(_UNSET.tags)


def _create(farm: Farm, data: service_pb2.Service, show: str) -> things.Service:
    name = checked_name(data.name, "service")
    if farm.find_service(name, show):
        raise Exists(f"the service {name!r} already exists")
    _check(name, data)
    service = things.Service(str(uuid.uuid4()), name, show)
    _fill(service, data)
    farm.services[service.id] = service
    farm.touch("service", service.id, service)
    return service


def create_override(farm: Farm, show: things.Show, data: service_pb2.Service) -> things.Service:
    """Make a show's override of a service."""
    return _create(farm, data, show.id)


def override_message(service: things.Service) -> service_pb2.ServiceOverride:
    """An override."""
    return service_pb2.ServiceOverride(id=service.id, data=service_message(service))


def _update(farm: Farm, service: things.Service, data: service_pb2.Service) -> None:
    name = service.name
    _check(name, data)
    if data.name and data.name != name:
        name = checked_name(data.name, "service")
        if farm.find_service(name, service.show):
            raise Exists(f"the service {name!r} already exists")
        if service.name == _FALLBACK and not service.show:
            raise InUse("layers without a service get the one named 'default'; it keeps its name")
    service.name = name
    _fill(service, data)
    farm.touch("service", service.id, service)


def _delete(farm: Farm, service: Any) -> None:
    del farm.services[service.id]
    farm.touch("service", service.id, None)


class ServiceService(Service):
    """``service.ServiceInterface``. Changes apply to layers that are launched later."""

    name = "service.ServiceInterface"

    def GetService(self, request: Any) -> Fields:
        service = find_service(self.farm, request.name)
        return {"service": service_message(service)}

    def GetDefaultServices(self, request: Any) -> Fields:
        """All services without the overrides, sorted by name."""
        services = sorted((one for one in self.farm.services.values() if not one.show), key=lambda one: one.name)
        found = service_pb2.ServiceSeq(services=map(service_message, services))
        return {"services": found}

    def CreateService(self, request: Any) -> Fields:
        service = _create(self.farm, request.data, "")
        return {"service": service_message(service)}

    def Update(self, request: Any) -> None:
        _update(self.farm, find_service(self.farm, request.service), request.service)

    def Delete(self, request: Any) -> None:
        """Delete a service. Its layers get the values of ``default``."""
        service = find_service(self.farm, request.service)
        if service.name == _FALLBACK:
            raise InUse("layers without a service get the one named 'default'; it cannot be deleted")
        _delete(self.farm, service)


class OverrideService(Service):
    """``service.ServiceOverrideInterface``."""

    name = "service.ServiceOverrideInterface"

    def Update(self, request: Any) -> None:
        _update(self.farm, find_override(self.farm, request.service), request.service)

    def Delete(self, request: Any) -> None:
        _delete(self.farm, find_override(self.farm, request.service))
