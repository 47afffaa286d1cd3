# SPDX-License-Identifier: Apache-2.0
"""Sources that leave out what the job itself makes, and how often that is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import outline_file

pytestmark = pytest.mark.measured

SCRIPT = """
from outline.items import files
from outline.modules.shell import Shell

Shell("small", items=files("it's/*.jpg"), command=["cp", "%{INPUT}", "%{OUTPUT}"], outputs="FOLDER/%{KEY}_small.jpg")
"""
TOLD = 'files("it\'s/*.jpg"): '
ONE = TOLD + "1 file that matches is an output of this job, such as it's/a_small.jpg of layer small; they are no items"

Launch = Callable[..., list[str]]


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Launch:
    """Launch the job and give what it told of files that it left out."""
    (tmp_path / "it's").mkdir()
    (tmp_path / "it's/a.jpg").write_text("a")
    outline_file(tmp_path, SCRIPT.replace("FOLDER", str(tmp_path / "it's")))

    def run(*options: str) -> list[str]:
        done = run_pycuerun("shot.outline", "--backend", "local", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
        return [line[line.index(TOLD) :] for line in lines if TOLD in line]

    return run


def test_a_work_folder_is_told_once_what_is_left_out(tmp_path: Path, launch: Launch) -> None:
    made = ["--work", "made"]

    assert launch(*made) == []
    assert launch(*made) == []  # nothing runs
    (tmp_path / "it's/b.jpg").write_text("b")
    assert launch(*made, "--dry-run") == [ONE]
    assert launch(*made) == [ONE]
    (tmp_path / "it's/c.jpg").write_text("c")
    assert launch(*made) == []
    assert launch(*made) == []
    with (tmp_path / "shot.outline").open("a") as script:
        script.write('Shell("tiny", items=files("it\'s/*.jpg"), command=["cp", "%{INPUT}", "%{OUTPUT}"], ')
        script.write(f'outputs="{tmp_path}/it\'s/%{{KEY}}_tiny.jpg")\n')
    assert launch(*made) == []
    (tmp_path / "it's/d.jpg").write_text("d")
    (told,) = launch(*made)
    assert told.startswith(TOLD + "6 files that match are outputs of this job, such as it's/a_small.jpg")
    (tmp_path / "it's/e.jpg").write_text("e")
    assert launch(*made) == []


def test_without_a_work_folder_each_launch_tells_it_once(launch: Launch) -> None:
    assert launch() == []
    assert launch() == [ONE]
    assert launch("--dry-run") == [ONE]
