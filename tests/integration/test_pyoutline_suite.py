# SPDX-License-Identifier: Apache-2.0
"""PyOutline's own tests, unmodified from its source package, run against this library."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cuebot_stub.up.errors import FarmError
from cuebot_stub.up.places import cache_folder
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.realtool]

SOURCE = "opencue-pyoutline==1.37.0"
TOOLS = ["mock", "pyfakefs", "future"]
PASSED = 124  # of 134

# The tests that do not pass, with the line of docs/differences.md that says why.
LEFT = {
    "SerializeTest::testSerializeShellOutline": "cue-command",
    "BuildCommandTest::testBuildCommandWithCustomWrapper": "cue-command",
    "BuildCommandTest::testBuildCommandWithStrace": "cue-strace",
    "BuildCommandTest::testBuildShellCommand": "cue-command",
    "LaunchTest::testLaunchAndTest": "cue-wait",
    "LaunchTest::testLaunchAndWait": "cue-wait",
    "DependTest::testAnyFrameDepend": "any-frame",
    "JsonTest::testJsonFile": "process-restored",
    "LayerTest::test_execute": "process-restored",
}

_ENDLESS = "LaunchTest::testLaunchAndWait"  # of those: its job on a farm, a mock, never ends


def pip(*words: str) -> None:
    """Run pip, or skip the test where it can fetch nothing."""
    done = subprocess.run([sys.executable, "-m", "pip", "-q", *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"pip cannot fetch {words[-1]}: {(done.stderr.splitlines() or ['no reason'])[-1]}")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source package, and ``tools`` that its tests import; fetched once per user and version of Python."""
    try:
        cache = cache_folder()
    except FarmError:  # no home
        cache = tmp_path_factory.mktemp("cache")
    folder = cache / f"pyoutline-suite-1.37-py{sys.version_info[0]}.{sys.version_info[1]}"
    if not folder.exists():
        new = tmp_path_factory.mktemp("fetched")
        pip("download", "--no-deps", "--no-binary", "opencue-pyoutline", "-d", str(new), SOURCE)
        pip("install", "--target", str(new / "tools"), *TOOLS)
        whole = shutil.copytree(new, cache / f"{folder.name}.{os.getpid()}")
        whole.rename(folder)
    return folder


@pytest.mark.timeout(600)
def test_pyoutlines_own_tests_pass_but_for_listed_ones(fetched: Path, tmp_path: Path) -> None:
    (archive,) = fetched.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (suite,) = (path.parent for path in tmp_path.glob("opencue_pyoutline-*/tests"))
    (suite / "outline").rename(suite / "theirs")
    (suite / "outline").symlink_to(REPOSITORY / "outline")
    # Nothing of the variables that point our own tests to their folders.
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{suite}:{fetched / 'tools'}"}
    words = ["-m", "pytest", "-q", "tests", "-p", "no:cacheprovider", "--tb=no", "-rf", "--timeout=60"]
    words += ["--deselect", f"tests/backend/test_cue.py::{_ENDLESS}"]

    done = subprocess.run([sys.executable, *words], cwd=suite, env=variables, capture_output=True, text=True)

    failed = set(re.findall(r"^FAILED \S+?::(\S+)", done.stdout, re.MULTILINE))
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= PASSED, done.stdout
    assert failed <= set(LEFT), sorted(failed - set(LEFT))


def test_every_test_that_is_left_has_its_reason_in_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "differences.md").read_text()

    assert [anchor for anchor in LEFT.values() if f'id="{anchor}"' not in text] == []
