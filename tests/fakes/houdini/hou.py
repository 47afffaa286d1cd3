# SPDX-License-Identifier: Apache-2.0
"""Stands for Houdini's module ``hou``: a scene is a text file whose lines name nodes and where they write.

Each line is ``<kind> <path> <pattern>``: ``rop /out/a /tmp/a.$F4.exr``, ``button /stage/b ...`` for a node that has no
``render``, ``broken /out/c x`` for one that reports an error, ``raising /out/d x`` for one that raises.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_scene: dict[str, Any] = {}


class Error(Exception):
    """What Houdini raises."""


class _HipFile:
    def load(self, path: str, suppress_save_prompt: bool = False, ignore_load_warnings: bool = False) -> None:
        if not Path(path).exists():
            raise Error(f"Unable to open file: {path}")
        kinds = {"rop": RopNode, "button": _ButtonNode, "broken": RopNode, "raising": RopNode}
        for line in Path(path).read_text().splitlines():
            kind, name, pattern = line.split(" ", 2)
            _scene[name] = kinds[kind](kind, pattern)


class _Parameter:
    """A parameter; while it has an expression, a value that is set has no effect."""

    def __init__(self, node: _Node, value: int, expression: bool = False) -> None:
        self.node, self.value, self.expression = node, value, expression

    def set(self, value: int) -> None:
        self.value = self.value if self.expression else value

    def deleteAllKeyframes(self) -> None:
        self.expression = False

    def pressButton(self) -> None:
        assert self.node.parm("trange").value == 1
        self.node.write(tuple(parm.value for parm in self.node.parmTuple("f")), self.node.pattern)


class _Node:
    def __init__(self, kind: str, pattern: str) -> None:
        self.kind, self.pattern = kind, pattern
        self.frames = tuple(_Parameter(self, value, expression=True) for value in (1, 240, 1))
        self.parms = {name: _Parameter(self, 0) for name in ("trange", "execute", "alfprogress")}

    def parm(self, name: str) -> Any:
        return self.parms.get(name)

    def parmTuple(self, name: str) -> tuple[_Parameter, ...]:
        assert name == "f"
        return self.frames

    def errors(self) -> list[str]:
        return ["no camera"] if self.kind == "broken" else []

    def write(self, span: tuple[int, ...], pattern: str) -> None:
        for frame in range(span[0], span[1] + 1, span[2]):
            print(f"RopNode.render: frame {frame}")
            if self.parms["alfprogress"].value:
                print("ALF_PROGRESS 50%")
            Path(re.sub(r"\$F(\d*)", lambda run: f"{frame:0{run[1] or 1}d}", pattern)).write_text("a picture\n")  # noqa: B023


class RopNode(_Node):
    """An output node."""

    def render(
        self,
        frame_range: tuple[int, ...] = (),
        output_file: str | None = None,
        ignore_inputs: bool = False,
        verbose: bool = False,
        output_progress: bool = False,
    ) -> None:
        """Write the files of some frames."""
        if self.kind == "raising":
            raise Error("the license server does not answer")
        print(f"ignore_inputs={ignore_inputs}")
        if self.kind != "broken":
            self.write(frame_range, output_file or self.pattern)


class _ButtonNode(_Node):
    """A node that has a button instead of a method to render."""


hipFile = _HipFile()


def node(path: str) -> Any:
    """Return a node of the scene, or None."""
    return _scene.get(path)
