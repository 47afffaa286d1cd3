# SPDX-License-Identifier: Apache-2.0
"""A frame that runs in this process leaves no trace in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from outline import Layer, LayerException, Outline, load_outline

calls: list[str] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Begin every test with no calls."""
    calls.clear()


def _loaded(ol: Outline) -> Outline:
    ol.setup()
    return load_outline(str(ol.get_path()))


class Looks(Layer):
    """Notes environment, cwd and sys.path, and changes all of them."""

    def _before_execute(self) -> None:
        calls.append(f"before {os.environ.get('LATE')} {os.environ.get('OL_LAYER_RANGE')}")

    def _execute(self, frames: Any) -> None:
        names = ("EARLY", "LATE", "BOTH", "OL_LAYER_RANGE")
        calls.append(" ".join(str(os.environ.get(name)) for name in names))
        calls.append(f"{os.environ['OL_LAYER_SESSION_PATH'] == self.get_path()} {sys.path[0]}")
        os.environ["LEFT"] = "over"
        os.environ.pop("USER")
        sys.path.insert(0, "/left/over")
        os.chdir("/")


def test_fault_45_process_gets_environment_cwd_and_path_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ol = Outline("job", "1-4", current=True)
    ol.set_env("EARLY", "outline", pre=True)
    ol.set_env("LATE", "outline")
    ol.set_env("BOTH", "outline")
    Looks("a", chunk=2, env={"BOTH": "layer"}, python_path=["/studio/python"])
    layer = _loaded(ol).get_layer("a")
    environ, path = dict(os.environ), list(sys.path)

    layer.execute(3)

    assert calls == ["before None 3-4", "None outline layer 3-4", "True /studio/python"]
    assert (dict(os.environ), sys.path, os.getcwd()) == (environ, path, str(tmp_path))


class Vanishes(Layer):
    """Fails in a folder that is gone."""

    def _execute(self, frames: Any) -> None:
        os.chdir(self.get_arg("folder"))
        os.rmdir(self.get_arg("folder"))
        raise RuntimeError("gone")


def test_process_gets_its_folder_back_from_one_that_is_gone(tmp_path: Path) -> None:
    ol = Outline("job", "1", current=True)
    (tmp_path / "gone").mkdir()
    Vanishes("a", folder=str(tmp_path / "gone"))  # type: ignore[call-arg]
    before = os.getcwd()

    with pytest.raises(RuntimeError, match="gone"):
        _loaded(ol).get_layer("a").execute(1)

    assert os.getcwd() == before


def test_python_path_must_be_a_list() -> None:
    ol = Outline("job", "1", current=True)
    Looks("a", python_path="/studio")  # type: ignore[arg-type]

    with pytest.raises(LayerException, match="python_path must be a list of folders, not '/studio'"):
        _loaded(ol).get_layer("a").execute(1)
