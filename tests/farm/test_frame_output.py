# SPDX-License-Identifier: Apache-2.0
"""What frames print arrives in their logs as a whole, and their exit codes mean to Cuebot what they were."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.farm.commands import RunAtFarm, script
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, counts, launch
from tests.support import until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

pytestmark = pytest.mark.slow

BURST = "import sys; print(*range(3000), sep=chr(10)); print(*'abcde', sep=chr(10), file=sys.stderr)"
OUTLINE = f"""
from outline import Layer
class Python(Layer):
    def _execute(self, frames):
        exec({BURST!r})
        print("python is done")
class Broken(Layer):
    def _execute(self, frames):
        print("about to break")
        raise RuntimeError("broken on purpose")
Shell("command", command=[{sys.executable!r}, "-c", {BURST!r}])
Python("python", command=[])
Broken("broken", range="1")
Shell("killed", command=["sh", "-c", "seq 500; kill -9 $$"], range="1")
Shell("memory", command=["sh", "-c", "exit 33"], range="1")
"""


def test_every_line_of_a_burst_arrives(run_at_farm: RunAtFarm, pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    done = run_at_farm(script(tmp_path, OUTLINE), "1-6", "--wait", "--max-retries", "0")

    (job,) = pycue.api.getJobs(include_finished=True)
    logs = {path.name.split(".")[1]: path.read_text() for path in Path(job.data.log_dir).glob("*.rqlog")}
    for frame in range(1, 7):
        for layer in ("command", "python"):
            lines = Counter(logs[f"{frame:04d}-{layer}"].splitlines())
            assert all(lines[str(number)] >= 1 for number in range(3000)), f"{frame}-{layer}"
            assert all(lines[letter] == 1 for letter in "abcde"), f"{frame}-{layer}"
    assert "RuntimeError: broken on purpose" in logs["0001-broken"]
    assert "was ended by signal 9 (SIGKILL)" in logs["0001-killed"]
    assert "RuntimeError: broken on purpose" in done.stdout
    statuses = {frame.data.layer_name: frame.data.exit_status for frame in job.getFrames(range="1")}
    assert statuses == {"command": 0, "python": 0, "broken": 1, "killed": 247, "memory": 1}


def test_tail_in_the_docs_brings_the_burst_of_a_plain_command_into_its_log(farm_server: FarmServer, rqd: Rqd) -> None:
    page = (Path(__file__).parents[2] / "docs" / "farm.md").read_text()
    (tail,) = re.findall(r"^render shot\.blend(; s=.*exit \$s)$", page, re.MULTILINE)
    job = launch(farm_server, Layer("plain", f"{{ seq 50; sh -c 'exit 3'; }}{tail}", "1-4"))

    until(lambda: counts(farm_server, job) == {"DEAD": 4})

    with farm_server.farm.work() as farm:
        logs = [Path(farm.jobs[job].log_path(ref)).read_text().splitlines() for ref in range(4)]
        statuses = [farm.jobs[job].frames[ref].exit_status for ref in range(4)]
    assert [[line for line in log if line.isdigit()] for log in logs] == [[str(n) for n in range(1, 51)]] * 4
    assert statuses == [3] * 4
