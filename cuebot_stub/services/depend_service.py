# SPDX-License-Identifier: Apache-2.0
"""Single dependencies: found, satisfied and made to hold again."""

from __future__ import annotations

from typing import Any

from ..farm.depends import Depend
from .messages import depend_message
from .rpc import Fields, NotFound, Service

__all__ = ["DependService"]


class DependService(Service):
    """``depend.DependInterface``."""

    name = "depend.DependInterface"

    def GetDepend(self, request: Any) -> Fields:
        """Return a dependency by its id."""
        return {"depend": depend_message(self.farm, self._find(request.id))}

    def Satisfy(self, request: Any) -> None:
        """Let a dependency hold nothing back any more."""
        self.farm.depends.satisfy(self._find(request.depend.id))
        self.farm.wake()

    def Unsatisfy(self, request: Any) -> None:
        """Let a dependency hold back again, unless what it waits for is done."""
        self.farm.depends.unsatisfy(self._find(request.depend.id))

    def _find(self, id: str) -> Depend:
        depend = self.farm.depends.all.get(id)
        if depend is None:
            raise NotFound(f"no dependency {id!r}")
        return depend
