# SPDX-License-Identifier: Apache-2.0
"""PyOutline's own tests, unmodified from its source package, run against this library."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

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


def pip(*words: str) -> None:
    """Run pip, or skip the test where it can fetch nothing."""
    done = subprocess.run([sys.executable, "-m", "pip", "-q", *words], capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"pip cannot fetch {words[-1]}: {(done.stderr.splitlines() or ['no reason'])[-1]}")


@pytest.mark.timeout(600)
def test_pyoutlines_own_tests_pass_but_for_listed_ones(tmp_path: Path) -> None:
    pip("download", "--no-deps", "--no-binary", "opencue-pyoutline", "-d", str(tmp_path), SOURCE)
    pip("install", "--target", str(tmp_path / "tools"), *TOOLS)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (suite,) = (path.parent for path in tmp_path.glob("opencue_pyoutline-*/tests"))
    (suite / "outline").rename(suite / "theirs")
    (suite / "outline").symlink_to(REPOSITORY / "outline")
    # Nothing of the variables that point our own tests to their folders.
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{suite}:{tmp_path / 'tools'}"}
    words = ["-m", "pytest", "-q", "tests", "-p", "no:cacheprovider", "--tb=no", "-rf", "--timeout=10"]

    done = subprocess.run([sys.executable, *words], cwd=suite, env=variables, capture_output=True, text=True)

    failed = set(re.findall(r"^FAILED \S+?::(\S+)", done.stdout, re.MULTILINE))
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= PASSED, done.stdout
    assert failed <= set(LEFT), sorted(failed - set(LEFT))


def test_every_test_that_is_left_has_its_reason_in_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "differences.md").read_text()

    assert [anchor for anchor in LEFT.values() if f'id="{anchor}"' not in text] == []
