# SPDX-License-Identifier: Apache-2.0
"""Examples as job bundles: ``openjd run`` makes the files that the local backend makes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.examples.conftest import CopyExample, Example
from tests.support import environ_with, needs, pycuerun_program

pytestmark = pytest.mark.realtool


class Case(NamedTuple):
    """An example, and what it takes to run it.

    Attributes:
        script: Its script.
        frames: A range; empty when it has items.
        before: A command that makes what it starts from.
        python: The variable that names the interpreter it needs.
        passes: How often it is exported until nothing is left.
    """

    script: str
    frames: str = ""
    before: str = "true"
    python: str = ""
    passes: int = 1


PNG_TIME = re.compile(rb"tIME.*?(?=IDAT)", re.DOTALL)  # and the comment, in which POV-Ray writes it again
PICTURES, BULLET = "PICTURES_PYTHON", "PYBULLET_PYTHON"
CASES = {
    "dataset": Case("dataset/dataset.outline", python=PICTURES),
    "movies": Case("movies/movies.outline", before="sh make-movies.sh; rm movies/dive.mp4", python=PICTURES, passes=2),
    "quality": Case("quality/quality.outline", before="$PICTURES_PYTHON pictures.py pictures 1 1", python=PICTURES),
    "seeds": Case("seeds/seeds.outline", before="printf '1\\n2\\n' > seeds.txt", python=BULLET),
    "tiles": Case("tiles/tiles.outline", before="$PYTHON write_tasks.py; sed -i 4q tasks.jsonl"),
    "povray": Case("renderers/povray.outline", "1-5"),
}
MARKS = {"movies": needs("ffmpeg"), "povray": needs("povray")}


@pytest.fixture
def example(case: Case, copy_example: CopyExample, tmp_path: Path, request: pytest.FixtureRequest) -> Example:
    """The example, small, with what it starts from."""
    fixtures = {PICTURES: "pictures_python", BULLET: "pybullet_python"}
    variables = {case.python: request.getfixturevalue(fixtures[case.python])} if case.python else {}
    found = copy_example(Path(case.script).parent.name, SAMPLES="3", RENDER_OUT=str(tmp_path / "out"), **variables)
    run(case.before, found, PYTHON=sys.executable)
    return found


def run(command: str, example: Example, **variables: str) -> None:
    """Run a command of the shell in the folder of an example."""
    environ = environ_with(**{**example.variables, **variables})
    done = subprocess.run(["sh", "-c", command], cwd=example.folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def take_files(*folders: Path) -> dict[str, bytes]:
    """The files in some folders, by their paths there; the folders are removed."""
    found = {}
    for folder in filter(Path.exists, folders):
        files = [path for path in folder.rglob("*") if path.is_file() and ".outline" not in path.parts]
        found.update({str(path.relative_to(folder)): PNG_TIME.sub(b"", path.read_bytes()) for path in files})
        shutil.rmtree(folder)
    return found


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name, marks=MARKS.get(name, ())) for name, case in CASES.items()]
)
def test_openjd_makes_the_files_of_the_local_backend(case: Case, example: Example, tmp_path: Path) -> None:
    script, frames, work = Path(case.script).name, case.frames.split(), example.work
    program = pycuerun_program(tmp_path)
    example.launch(script, *frames)
    here = take_files(work, tmp_path / "out")

    for number in range(case.passes):
        bundle = tmp_path / f"bundle {number}"
        example.outline("export", script, *frames, "-o", bundle, "--work", work)
        run(f"'{Path(sys.executable).parent}/openjd' run '{bundle}/template.yaml' -p Pycuerun='{program}'", example)
    left = re.findall(r"\b(new|stale|missing|failed|edited)\b", example.launch(script, *frames, "--dry-run"))
    there = take_files(work, tmp_path / "out")

    assert here
    assert there == here
    assert left == []  # the records say that all is done
