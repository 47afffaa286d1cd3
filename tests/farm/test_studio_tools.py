# SPDX-License-Identifier: Apache-2.0
"""A launch tool and a plug-in that were written for PyOutline 1.37 do the same with it and with this library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY
from tests.farm.commands import script
from tests.support import environ_with

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.pyoutline import PyOutline

pytestmark = [pytest.mark.measured, pytest.mark.slow, pytest.mark.realtool]

TOOLS = REPOSITORY / "tests" / "data" / "studio_tools"
PLUGIN = """
[plugin:studio]
module = studio_plugin
enable = 1
"""
OUTLINE = 'Shell("render", command=["true"])'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "studio.cfg"
    path.write_text(
        f"[outline]\nhome =\nsession_dir = {tmp_path}/sessions\nwrapper_dir =\nuser_dir = {tmp_path}\n"
        "bin_dir = /bin\nbackend = cue\nspec_version = 1.15\nfacility = local\ndomain = example.com\n"
        "maxretries = 2\ndefault_show = testing\ndefault_shot = default\n" + PLUGIN
    )
    return path


def ours(farm_server: FarmServer, config: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a tool with this library."""
    path = f"{REPOSITORY}:{TOOLS}"
    variables = {
        "CUEBOT_HOSTS": f"127.0.0.1:{farm_server.port}",
        "OUTLINE_CONFIG_FILE": str(config),
        "PYTHONPATH": path,
    }
    return subprocess.run(
        [sys.executable, *map(str, words)], env=environ_with(**variables), capture_output=True, text=True
    )


def theirs(pyoutline: PyOutline, config: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a tool with PyOutline, whose cuerunbase is not on its Python path by itself."""
    (base,) = pyoutline.environment.glob("lib/python*/site-packages/bin")
    return pyoutline.python(*words, PYTHONPATH=f"{base}:{TOOLS}", OUTLINE_CONFIG_FILE=str(config))


@pytest.mark.parametrize(
    "words",
    [
        ["1-5"],
        ["--work", "--memory", "512m", "--scene", "a.ma", "-j", "other", "--range", "2-4x2"],
        ["--studio-level", "3", "-Q", "a", "b", "--no-mail", "--priority", "9", "--user", "nobody"],
        ["--pri", "8", "--hold", "--cores", "2"],
    ],
    ids=" ".join,
)
def test_tool_launches_the_same_job(
    words: list[str], farm_server: FarmServer, pyoutline: PyOutline, config: Path, tmp_path: Path
) -> None:
    shot = script(tmp_path, OUTLINE)

    expected = theirs(pyoutline, config, TOOLS / "submit_shot.py", shot, *words)
    found = ours(farm_server, config, TOOLS / "submit_shot.py", shot, *words)

    assert expected.returncode == 0, expected.stderr
    assert found.stdout == expected.stdout, found.stderr
    assert found.returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["-Q", "a", "b"],
        ["--studio-level", "3", "--queue", "a", "b", "--tag", "x", "--tag=y", "--fast", "--cores", "2", "--quick"],
        ["-Q", "a", "b", "--renderer", "prman", "--studio-l", "5", "--pri", "3"],
    ],
    ids=" ".join,
)
def test_plug_in_has_its_options_in_pycuerun(
    words: list[str], farm_server: FarmServer, pyoutline: PyOutline, config: Path, tmp_path: Path
) -> None:
    shot = script(tmp_path, OUTLINE)
    bin_dir = next(pyoutline.environment.glob("lib/python*/site-packages/bin"))

    expected = theirs(pyoutline, config, bin_dir / "pycuerun", "-j", "theirs", *words, shot, "1-3")
    found = ours(farm_server, config, REPOSITORY / "bin" / "pycuerun", "-j", "ours", *words, shot, "1-3")

    assert expected.returncode == 0, expected.stderr
    assert _told(found.stdout) == [line.replace("theirs", "ours") for line in _told(expected.stdout)], found.stderr
    assert len(_told(found.stdout)) == 3
    assert _facts(farm_server, "ours") == _facts(farm_server, "theirs")


def _told(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("loaded", "queue", "plug-in"))]


def _facts(server: FarmServer, name: str) -> list[Any]:
    with server.farm.work() as farm:
        (job,) = [job for job in farm.jobs.values() if job.facts.name.endswith(name)]
        return [job.facts.priority, job.facts.paused, job.facts.env, [layer.timeout for layer in job.layers]]


@pytest.mark.parametrize("words", [[], ["--nonsense"], ["x.outline", "--studio-level", "many"]], ids=str)
def test_tool_refuses_the_same_words(
    words: list[str], farm_server: FarmServer, pyoutline: PyOutline, config: Path
) -> None:
    expected = theirs(pyoutline, config, TOOLS / "submit_shot.py", *words)
    found = ours(farm_server, config, TOOLS / "submit_shot.py", *words)

    assert (found.returncode, found.stderr.splitlines()[-1]) == (2, expected.stderr.splitlines()[-1])


def test_tool_ends_with_status_1_when_its_job_cannot_be_launched(
    farm_server: FarmServer, pyoutline: PyOutline, config: Path, tmp_path: Path
) -> None:
    shot = script(tmp_path, 'Shell("render", command=["true"], require=["comp"])')

    found = ours(farm_server, config, TOOLS / "submit_shot.py", shot)

    assert found.returncode == 1
    assert found.stderr.splitlines()[-1].startswith("outline failure, layer 'render'")
