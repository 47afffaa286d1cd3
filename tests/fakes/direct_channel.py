# SPDX-License-Identifier: Apache-2.0
"""A channel to the services of a farm without a network: stubs of the protocol call them in this thread."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc

from cuebot_stub.farm.farm import Farm
from cuebot_stub.services.all import all_services
from cuebot_stub.services.rpc import make_handlers

__all__ = ["DirectChannel"]


class _Refused(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{code.name}: {details}")
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class _Context:
    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise _Refused(code, details)


class DirectChannel:
    """Stands for ``grpc.Channel``, as far as stubs use it. Messages are written and read as on a wire."""

    def __init__(self, farm: Farm) -> None:
        self._services = make_handlers(all_services(farm))

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any) -> Callable[..., Any]:
        """Return a function that makes a call."""
        asked: Any = SimpleNamespace(method=path, invocation_metadata=())
        (handler,) = filter(None, (service.service(asked) for service in self._services))

        def call(request: Any, timeout: float | None = None) -> Any:
            made = handler.unary_unary(request_serializer(request), _Context())
            return response_deserializer(handler.response_serializer(made))

        return call

    def close(self) -> None:
        """Do nothing."""
