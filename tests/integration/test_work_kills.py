# SPDX-License-Identifier: Apache-2.0
"""Kill -9 of launcher, worker or frame at any moment loses what was not finished, and nothing else.

``OUTLINE_TEST_KILLS`` says how many kills there are; a whole check has 50.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import RunPycuerun
from tests.integration.test_work_folder import Job
from tests.support import start, succeeded

KILLS = int(os.environ.get("OUTLINE_TEST_KILLS", "8"))
VICTIMS = ("launcher", "runner", "worker", "frame")


def _victims(launcher: int, kind: str) -> list[psutil.Process]:
    """The processes of a kind: the launcher's child is the runner, whose children are workers, whose are frames."""
    try:
        found = [psutil.Process(launcher)]
        for _ in range(VICTIMS.index(kind)):
            found = [child for process in found for child in process.children()]
    except psutil.NoSuchProcess:
        return []
    return found


def _kill_one(launcher: int, kind: str, chance: random.Random) -> bool:
    """Kill a process of a kind, when there is one."""
    victims = _victims(launcher, kind)
    try:
        for victim in victims and [chance.choice(victims)]:
            victim.kill()
            return True
    except psutil.NoSuchProcess:
        pass  # it has ended just now
    return False


@pytest.mark.slow
@pytest.mark.timeout(300 + 30 * KILLS)
def test_kills_at_any_moment_change_nothing_in_the_end(tmp_path: Path, run_pycuerun: RunPycuerun, session_root: Path):
    job = Job(tmp_path / "it's a job", run_pycuerun, session_root)
    for number in range(20):
        (job.folder / "plates" / f"p{number}.txt").write_text("x" * (20 + number))
    begin = time.monotonic()
    job.launch()
    length = time.monotonic() - begin
    expected = job.bytes()
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance, killed = random.Random(seed), dict.fromkeys(VICTIMS, 0)
    while sum(killed.values()) < KILLS:
        kind = VICTIMS[sum(killed.values()) % len(VICTIMS)]
        if job.bytes() == expected:
            shutil.rmtree(job.work)
        done = succeeded(job.work)
        job.ran.write_text("")

        words = ["job.outline", "--backend", "local", "--work", job.work, "--max-retries", "0"]
        launcher = start(*words, cwd=job.folder, RAN=str(job.ran))
        time.sleep(chance.uniform(0, length))
        while launcher.poll() is None:
            if _kill_one(launcher.pid, kind, chance):
                killed[kind] += 1
                break
            time.sleep(0.002)
        launcher.communicate()

        assert done.isdisjoint(job.ran.read_text().splitlines())
        if chance.random() < 0.3:
            done = succeeded(job.work)
            assert done.isdisjoint(job.launch())
            assert job.bytes() == expected
    done = succeeded(job.work)

    assert done.isdisjoint(job.launch())
    assert job.bytes() == expected
    assert job.launch() == []
    print(killed)
