# SPDX-License-Identifier: Apache-2.0
"""What is built can be used: an sdist with everything in it, and a wheel that runs a job far from this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_NOT_SOURCES = (
    *(".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".envs", "demo-output", ".*_cache"),
    *(".coverage*", ".hypothesis"),  # of tests that run beside this one, which write and remove them
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, of a copy: the checkout stays as it is and lends no stale files.

    Workers of pytest would build it each for themselves, so few tests ask for it.
    """
    pytest.importorskip("build")
    source = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
    folder = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], cwd=folder)
    return folder


def test_what_is_built_is_whole_and_nothing_else(dist: Path):
    (sdist,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")

    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())

    sources = [path for package in ("outline", "cuebot_stub") for path in (REPOSITORY / package).rglob("*.py")]
    assert _WANTED_IN_SDIST - in_sdist == set()
    assert {str(path.relative_to(REPOSITORY)) for path in sources} - in_wheel == set()
    assert "outline/py.typed" in in_wheel
    assert {name.split("/")[0].split("-")[0] for name in in_wheel} == {
        *("outline", "cuebot_stub", "outline_farm"),
        "cuerunbase.py",  # PyOutline's name for the base of launch tools
    }


_WANTED_IN_SDIST = {
    *("LICENSE", "Makefile", "README.md", ".ci/run", "bin/pycuerun", "docs/getting-started.md"),
    *("examples/demo/demo.outline", "examples/demo/scene.xml", "outline/__init__.py", "outline/py.typed"),
    *("ruff.toml", "scripts/check", "setup.cfg", "tests/conftest.py", "tests/data/frame-range-vectors.tsv"),
    "tests/integration/test_wheel.py",
}

_JOB = """
from outline.layer import Layer
from outline.modules.shell import Shell
class Greeting(Layer):
    def _execute(self, frames):
        open(f"{frames[0]}.txt", "w").close()
Greeting("greet")
Shell("after", command=["sh", "-c", 'test -e $0 && echo a picture > $1', "%{FRAME}.txt", "%{OUTPUT}"],
      require=["greet"], outputs="a.####.png")
"""

_ASK = """
import outline, importlib.metadata as m
assert m.version("outline-farm") == outline.__version__
assert "local" in [e.name for e in m.entry_points(group="outline.backends")]
print(outline.__file__)
"""


def test_installed_wheel_runs_reports_and_exports_a_job_from_another_directory(dist: Path, tmp_path: Path):
    (wheel,), folder = dist.glob("*.whl"), tmp_path / "bare environment"
    venv.create(folder, symlinks=True)
    programs = folder / "bin"
    _run([sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", wheel], cwd=tmp_path)
    (tmp_path / "hello.outline").write_text(_JOB)

    where = _run([programs / "python", "-c", _ASK], cwd=tmp_path)
    ran = _run([programs / "pycuerun", "hello.outline", "1-3", "--backend", "local"], cwd=tmp_path)
    _run([programs / "outline", "report", "last"], cwd=tmp_path)
    _run([programs / "outline", "export", "hello.outline", "1-3", "-o", "bundle"], cwd=tmp_path)
    answers = [_run([programs / name, *words], cwd=tmp_path) for name, *words in _CALLS]

    page = (tmp_path / "report.html").read_text()
    assert Path(where.strip()).is_relative_to(folder)
    assert "FINISHED" in ran
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["1.txt", "2.txt", "3.txt"]
    assert "pip install outline-farm[report]" in page
    assert "--succeeded:" in page  # the style, which is a file of the wheel
    assert "jobtemplate-2023-09" in (tmp_path / "bundle" / "template.yaml").read_text()
    assert all(map(str.strip, answers))


_CALLS = [("pycuerun", "--version"), ("outline", "--help"), ("outline", "config"), ("cuebot-stub", "--help")]


def _run(command: list[object], *, cwd: Path) -> str:
    """Run a command without this process's Python path, and return what it printed on both streams."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
