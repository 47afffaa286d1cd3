# SPDX-License-Identifier: Apache-2.0
"""The current outline of this process, which new layers add themselves to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..loader import Outline

__all__ = ["registry", "use_outline"]


class Registry:
    """Holds the current outline."""

    current: Outline | None = None


registry = Registry()


@contextmanager
def use_outline(ol: Outline | None) -> Iterator[None]:
    """Make an outline the current one for a while; the one before comes back, whatever happens."""
    before, registry.current = registry.current, ol
    try:
        yield
    finally:
        registry.current = before
