# SPDX-License-Identifier: Apache-2.0
"""Copies of the examples, and interpreters with the packages that they need and the library does not."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, RunPycuerun
from tests.programs import run_program

# Asked now, since every test gets a home of its own: an environment is made once per machine.
_NAMED = {name: os.environ[name] for name in ("PYBULLET_PYTHON", "PICTURES_PYTHON") if name in os.environ}


def _cache() -> Path | None:
    from cuebot_stub.up.errors import FarmError
    from cuebot_stub.up.places import cache_folder

    try:
        return cache_folder()
    except FarmError:
        return None


_CACHE = _cache()


@pytest.fixture(scope="session")
def pybullet_python() -> str:
    """An interpreter that has pybullet; ``$PYBULLET_PYTHON`` names one that is there."""
    if sys.version_info >= (3, 12) and "PYBULLET_PYTHON" not in _NAMED:
        pytest.skip("pybullet has wheels for Python 3.10 and 3.11 only, and PYBULLET_PYTHON is not set")
    return _python("PYBULLET_PYTHON", "pybullet-3.2.7", "pybullet==3.2.7", "numpy")


@pytest.fixture(scope="session")
def pictures_python() -> str:
    """An interpreter that has OpenCV and matplotlib; ``$PICTURES_PYTHON`` names one that is there."""
    return _python("PICTURES_PYTHON", "pictures", "opencv-python-headless", "matplotlib")


def _python(variable: str, name: str, *packages: str) -> str:
    """An interpreter that a variable names, or one that is made when it is not there; skips where that cannot be."""
    from cuebot_stub.up.errors import FarmError
    from cuebot_stub.up.rqd_environment import python_of
    from tests.farm.environments import ensure_environment

    if variable in _NAMED:
        return _NAMED[variable]
    if _CACHE is None:
        pytest.skip(f"no home folder to make the environment {name} in")
    try:
        return str(python_of(ensure_environment(_CACHE, name, ("--only-binary", ":all:", *packages))))
    except (FarmError, OSError) as error:
        pytest.skip(str(error))


class Example:
    """A copy of an example, in a folder with a blank, that is run as its page says.

    Attributes:
        folder: The copy.
        work: The work folder.
        variables: What its commands get.
        printed: What the last command printed.
    """

    def __init__(self, name: str, folder: Path, run: RunPycuerun, variables: dict[str, str]) -> None:
        self.folder = folder / f"the {name}"
        shutil.copytree(REPOSITORY / "examples" / name, self.folder)
        self.work = self.folder / "made"
        self.printed = ""
        self.__run = run
        self.variables = variables

    def launch(self, outline: str, *options: object, code: int = 0, retries: int = 0, **variables: str) -> str:
        """Run the example on this machine, and give what it printed."""
        words = [outline, "--backend", "local", "--work", self.work, "--max-retries", retries, *options]
        done = self.__run(*words, cwd=self.folder, env={**self.variables, **variables})
        self.printed = done.stdout + done.stderr
        assert done.returncode == code, self.printed
        return self.printed

    def outline(self, *words: object) -> str:
        """Call the command ``outline``, and give what it printed."""
        done = run_program("outline", *words, cwd=self.folder, env=self.variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def results(self, layer: str, *options: str) -> list[dict[str, Any]]:
        """The results of a layer."""
        return [json.loads(line) for line in self.outline("results", self.work, layer, *options).splitlines()]

    def made(self, pattern: str) -> dict[str, bytes]:
        """What is in the files of the work folder that match."""
        return {path.name: path.read_bytes() for path in sorted(self.work.glob(pattern)) if path.is_file()}


CopyExample = Callable[..., Example]


@pytest.fixture
def copy_example(tmp_path: Path, run_pycuerun: RunPycuerun) -> CopyExample:
    """Copy an example by its name; keyword arguments are variables that its commands get."""
    return lambda name, **variables: Example(name, tmp_path, run_pycuerun, variables)
