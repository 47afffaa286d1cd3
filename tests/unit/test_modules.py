# SPDX-License-Identifier: Apache-2.0
"""Where modules are looked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import outline
from outline.modules import _module_paths

HOME = str(Path(outline.__file__).parent.parent)


def run_import(code: str, cwd: Path, module_paths: str | None) -> str:
    """Run Python code in a new interpreter, since a package's search path is made once per process."""
    env = {**os.environ, "PYTHONPATH": HOME}
    env.update({} if module_paths is None else {"OUTLINE_MODULES_PATHS": module_paths})
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module_paths", [None, "", os.pathsep, ".", f".{os.pathsep} {os.pathsep}here"])
def test_the_working_directory_never_shadows_a_module(module_paths: str | None, tmp_path: Path):  # fault 18
    (tmp_path / "shell.py").write_text("Shell = 'from the working directory'\n")

    found = run_import("import outline.modules.shell as s; print(s.__file__)", tmp_path, module_paths)

    assert found == os.path.join(HOME, "outline", "modules", "shell.py")


def test_a_named_folder_adds_a_module_and_replaces_another(tmp_path: Path):
    folder = tmp_path / "our modules"
    folder.mkdir()
    (folder / "studio.py").write_text("NAME = 'studio'\n")
    (folder / "shell.py").write_text("NAME = 'our shell'\n")
    code = "from outline.modules import shell, studio; print(studio.NAME, shell.NAME)"

    found = run_import(code, tmp_path, f"/nowhere{os.pathsep}{folder}")

    assert found == "studio our shell"


def test_relative_folders_are_left_out_with_a_warning(caplog: pytest.LogCaptureFixture):
    paths = _module_paths(os.pathsep.join(["/a", "", "b", "/c"]))

    assert paths == ["/a", "/c"]
    assert caplog.messages == ["OUTLINE_MODULES_PATHS: 'b' is left out, since it is not an absolute path"]


@pytest.mark.parametrize("first", ["", "import outline.backend.local; "])
def test_shell_is_there_after_import_outline_alone(first: str):
    code = f"{first}import outline; print(outline.modules.shell.Shell.__name__, hasattr(outline.modules, 'shel'))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("Shell False\n", "")
