# SPDX-License-Identifier: Apache-2.0
"""The example ``tiles`` on a farm: its tasks are spread over the hosts, and make what they make here."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, RunPycuerun
from tests.farm.commands import RunAtFarm
from tests.farm.hosts import Rqd

pytestmark = pytest.mark.slow


def test_200_tasks_are_spread_over_the_hosts_of_a_farm(
    run_at_farm: RunAtFarm,
    run_pycuerun: RunPycuerun,
    pycue: Any,
    two_rqds: tuple[Rqd, Rqd],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(REPOSITORY / "examples" / "tiles", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("write_tasks.py")
    run_pycuerun("tiles.outline", "--backend", "local", "--work", tmp_path / "here")

    farm = run_at_farm("tiles.outline", "--wait", "--work", str(tmp_path / "farm"))

    jobs = pycue.api.getJobs(include_finished=True)
    hosts = {frame.data.last_resource.partition("/")[0] for job in jobs for frame in job.getFrames()}
    made = {path.name: path.read_bytes() for path in (tmp_path / "farm" / "tiles").glob("*.tile")}
    assert farm.returncode == 0, farm.stdout + farm.stderr
    assert len(made) == 200
    assert {path.name: path.read_bytes() for path in (tmp_path / "here" / "tiles").glob("*.tile")} == made
    assert (tmp_path / "farm" / "map.png").read_bytes() == (tmp_path / "here" / "map.png").read_bytes()
    assert hosts == {rqd.name for rqd in two_rqds}
