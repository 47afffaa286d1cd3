# SPDX-License-Identifier: Apache-2.0
"""A stage for modules whose applications cannot be had here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from outline import Outline
from outline.frames import FrameSet
from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.cinema4d import Cinema4D
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import HoudiniRop, Husk, Mantra
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3ds, Max3dsScript
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke
from outline.modules.per_frame import PerFrameLayer
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan
from outline.modules.vray import VRay
from outline.progress import FrameProgress, read_progress
from tests.fakes.applications import install


class Stage:
    """Programs on the PATH, a folder for scenes and pictures with blanks and quotes in its name, and a renderer."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.shots = folder / 'shot\'s  (a "b") ä;'
        self.log = folder / "frame.rqlog"
        self.bin.mkdir()
        self.shots.mkdir()
        for program, application, _ in CAST.values():
            self.program(program, application)

    def program(self, name: str, application: str, **scenario: Any) -> None:
        """Put a program on the PATH that does as the scenario says; see ``tests.fakes.applications.install``."""
        install(self.bin, name, application, scenario)

    def scene(self, name: str, text: str = "") -> str:
        """Write a scene and return its path."""
        path = self.shots / name
        path.write_text(f"{text}\n")
        return str(path)

    def path(self, name: str) -> str:
        """Return the path of a file beside the scenes."""
        return str(self.shots / name)

    def layer(self, make: type[RenderLayer], frames: str, **args: Any) -> RenderLayer:
        """Return a layer whose frames are one chunk, ready to be executed; by default of ``a.####.exr``."""
        ol = Outline("shot", frame_range=frames)
        args = {"outputs": self.path("a.####.exr"), **args}
        layer = make("beauty", chunk=max(1, len(FrameSet(frames))), **args)
        ol.add_layer(layer)
        ol.setup()
        return layer

    def render(self, make: type[RenderLayer], frames: str, **args: Any) -> None:
        """Render some frames in one chunk."""
        self.layer(make, frames, **args).execute(FrameSet(frames)[0])

    def calls(self) -> list[list[str]]:
        """Return the words of every program that was called, with SHOTS for the folder of scenes and pictures."""
        try:
            lines = (self.bin / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
        hidden = re.compile(r"\.part-\d+-")
        return [
            [hidden.sub(".part-", word.replace(str(self.shots), "SHOTS")) for word in json.loads(line)]
            for line in lines
        ]

    def pictures(self) -> list[str]:
        """Return the names of all pictures that are there, also hidden ones."""
        return sorted(path.name for path in self.shots.iterdir() if path.suffix in (".exr", ".png", ".prt"))

    def progress(self) -> FrameProgress | None:
        """Return what the last frame told of itself."""
        return read_progress(str(self.log))

    def bare_layer(self, make: type[RenderLayer]) -> RenderLayer:
        """Return a layer that is part of no outline, with its program on the PATH."""
        return make("beauty", **self.cast(make, "1"))

    def cast(self, make: type[RenderLayer], frames: str, **scenario: Any) -> dict[str, Any]:
        """Put the program of a module on the PATH, write what it reads, and return the arguments for ``render``."""
        program, application, args = CAST[make]
        if scenario:
            self.program(program, application, **scenario)
        picture = self.path("a.####.exr")
        scene = self.scene("a.scene", picture)
        if issubclass(make, PerFrameLayer):
            for frame in FrameSet(frames):
                self.scene(f"a.{frame:04d}.scene", self.path(f"a.{frame:04d}.exr"))
            scene = self.path("a.####.scene")
        if make is HoudiniRop:
            self.scene("a.scene", f"rop /out/a {self.path('a.$F4.exr')}")
        return {"scene": scene, "outputs": picture, **args}


# The name of the program, the application that stands for it, and arguments that the module needs.
CAST: dict[type[RenderLayer], tuple[str, str, dict[str, Any]]] = {
    AfterEffects: ("aerender", "aerender", {"comp": "Main"}),
    Arnold: ("kick", "kick", {}),
    Cinema4D: ("Commandline", "cinema4d", {}),
    Gaffer: ("gaffer", "gaffer", {}),
    HoudiniRop: ("hython", "hython", {"rop": "/out/a"}),
    Husk: ("husk", "husk", {}),
    Katana: ("katana", "katana", {"render_node": "Main"}),
    Mantra: ("mantra", "mantra", {}),
    Max3ds: ("3dsmaxcmd", "3dsmaxcmd", {}),
    Max3dsScript: ("3dsmaxbatch", "3dsmaxbatch", {"script": "sim.ms"}),
    Maya: ("Render", "maya", {}),
    Nuke: ("nuke", "nuke", {}),
    Redshift: ("redshiftCmdLine", "redshift", {}),
    RenderMan: ("prman", "prman", {}),
    VRay: ("vray", "vray", {}),
}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Set up a stage, whose programs alone are on the PATH."""
    stage = Stage(tmp_path)
    monkeypatch.setenv("PATH", str(stage.bin))
    monkeypatch.setenv("logfile", str(stage.log))
    monkeypatch.setenv("CUE_THREADS", "4")
    return stage
