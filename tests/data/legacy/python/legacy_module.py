# SPDX-License-Identifier: Apache-2.0
"""A studio's module, as PyOutline 1.37 and this library both import it."""

from __future__ import annotations

import logging
from typing import Any

from outline import Layer, LayerPreProcess
from outline.io import FileSpec, Path


class Ginsu(Layer):
    """Has private attributes, a listener, and arguments of a type."""

    def __init__(self, name: str, **args: Any) -> None:
        Layer.__init__(self, name, **args)
        self.__input = FileSpec("/shots/blah.#.exr", checked=True)
        self.__sizes = (100, 100)
        self.__options = {"fit": [1, 2.5, None, True], "name": "cut"}
        self.log = logging.getLogger("ginsu")
        self.helper: Any = None
        self.heard: list[str] = []
        self.require_arg("fit", str)
        self.add_event_listener("BEFORE_EXECUTE", self.before)

    def before(self, event: Any) -> None:
        self.heard = [*self.heard, event.type]

    def _execute(self, frames: Any) -> None:
        print("ginsu", list(frames), self.__sizes, self.__options, self.__input.get_path(), self.heard)


class Knife(LayerPreProcess):
    """Finds outputs for its creator."""

    def _execute(self, frames: Any) -> None:
        self.add_output("found", Path("/shots/found.exr", checked=False))


def hear(event: Any) -> None:
    """Listen to the events of a layer, as a function of the layer's own module."""
    print("hear", event.type)
