# SPDX-License-Identifier: Apache-2.0
"""Single dependencies: find them, satisfy them, and activate them again."""

from __future__ import annotations

from typing import Any

from ..farm.depend import Row
from .messages import depend_message
from .rpc import Fields, NotFound, Service

__all__ = ["DependService"]


class DependService(Service):
    """``depend.DependInterface``."""

    name = "depend.DependInterface"

    def GetDepend(self, request: Any) -> Fields:
        return {"depend": depend_message(self.farm, self._find(request.id))}

    def Satisfy(self, request: Any) -> None:
        self.farm.depends.satisfy(self._find(request.depend.id))
        self.farm.follow()

    def Unsatisfy(self, request: Any) -> None:
        """Activate a dependency between two frames or two layers again."""
        self.farm.depends.unsatisfy(self._find(request.depend.id))
        self.farm.follow()

    def _find(self, id: str) -> Row:
        row = self.farm.depends.find(id)
        if row is None:
            raise NotFound(f"no dependency {id!r}")
        return row
