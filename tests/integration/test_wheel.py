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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, of a copy: the checkout stays as it is and lends no stale files."""
    pytest.importorskip("build")
    source = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
    folder = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], cwd=folder)
    return folder


@pytest.fixture(scope="module")
def bare_bin(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel and what it asks for into an environment that has nothing else; return its programs."""
    folder = tmp_path_factory.mktemp("bare environment")
    venv.create(folder, with_pip=True)
    (wheel,) = dist.glob("*.whl")
    _run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], cwd=folder)
    return folder / "bin"


def test_sdist_holds_all_that_a_developer_needs(dist: Path):
    (sdist,) = dist.glob("*.tar.gz")

    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    wanted = {
        "LICENSE",
        "Makefile",
        "README.md",
        ".ci/run",
        "bin/pycuerun",
        "docs/getting-started.md",
        "examples/demo/demo.outline",
        "examples/demo/scene.xml",
        "outline/__init__.py",
        "outline/py.typed",
        "ruff.toml",
        "scripts/check",
        "setup.cfg",
        "tests/conftest.py",
        "tests/data/frame-range-vectors.tsv",
        "tests/integration/test_wheel.py",
    }
    assert wanted - names == set()


def test_wheel_holds_the_library_and_the_stub_and_nothing_else(dist: Path):
    (wheel,) = dist.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    sources = [path for package in ("outline", "cuebot_stub") for path in (REPOSITORY / package).rglob("*.py")]
    modules = {str(path.relative_to(REPOSITORY)) for path in sources}
    assert modules - set(names) == set()
    assert "outline/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        *("outline", "cuebot_stub", "outline_farm"),
        "cuerunbase.py",  # PyOutline's name for the base of launch tools
    }


def test_installed_wheel_runs_a_job_from_another_directory(bare_bin: Path, tmp_path: Path):
    script = tmp_path / "hello.outline"
    script.write_text(
        "from outline.layer import Layer\n"
        "from outline.modules.shell import Shell\n"
        "class Greeting(Layer):\n"
        "    def _execute(self, frames):\n"
        f"        open({str(tmp_path)!r} + f'/{{frames[0]}}.txt', 'w').close()\n"
        "Greeting('greet')\n"
        "Shell('after', command=['test', '-e', '%{FRAME}.txt'], require=['greet'])\n"
    )

    done = _run([bare_bin / "pycuerun", script, "1-3", "--backend", "local"], cwd=tmp_path)

    assert "FINISHED" in done
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["1.txt", "2.txt", "3.txt"]


def test_installed_wheel_reports_and_exports_without_any_extra(bare_bin: Path, tmp_path: Path):
    script = tmp_path / "shot.outline"
    script.write_text(
        "from outline.modules.shell import Shell\n"
        "Shell('a', command=['sh', '-c', 'echo a picture > $0', '%{OUTPUT}'], outputs='a.####.png')\n"
    )
    _run([bare_bin / "pycuerun", script, "1-3", "--backend", "local"], cwd=tmp_path)

    _run([bare_bin / "outline", "report", "last"], cwd=tmp_path)
    _run([bare_bin / "outline", "export", script, "1-3", "-o", "bundle"], cwd=tmp_path)

    page = (tmp_path / "report.html").read_text()
    assert "pip install outline-farm[report]" in page
    assert "--succeeded:" in page  # the style, which is a file of the wheel
    assert "jobtemplate-2023-09" in (tmp_path / "bundle" / "template.yaml").read_text()


@pytest.mark.parametrize(
    "command",
    [["pycuerun", "--version"], ["outline", "--help"], ["outline", "config"], ["cuebot-stub", "--help"]],
)
def test_installed_programs_answer(command: list[str], bare_bin: Path, tmp_path: Path):
    program, *options = command

    answer = _run([bare_bin / program, *options], cwd=tmp_path)

    assert answer.strip()


def test_installed_version_is_that_of_the_module(bare_bin: Path, tmp_path: Path):
    script = (
        "import outline, importlib.metadata as m; assert m.version('outline-farm') == outline.__version__;"
        "assert 'local' in [e.name for e in m.entry_points(group='outline.backends')];"
        "print(outline.__file__)"
    )

    where = _run([bare_bin / "python", "-c", script], cwd=tmp_path)

    assert Path(where.strip()).is_relative_to(bare_bin.parent)


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
