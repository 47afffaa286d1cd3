# SPDX-License-Identifier: Apache-2.0
"""What tests of modules share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import FrameSet
from outline.modules.render import RenderLayer
from tests.fakes.render_layers import App, Run, launch


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Run:
    """Launch a layer with these arguments and run its first chunk in this process."""

    def launch_and_run(kind: type[RenderLayer] = App, *, frames: str = "1-3", **args: Any) -> RenderLayer:
        layer = launch(kind, frames=frames, **args)
        layer.execute(FrameSet(frames)[0])
        return layer

    return launch_and_run


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that stands for the PATH, with programs that do nothing, and return it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("blender", "povray", "tachyon", "mitsuba", "synfig", "oiiotool", "ffmpeg"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CUE_THREADS", "2")
    return folder
