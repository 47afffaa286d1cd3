# SPDX-License-Identifier: Apache-2.0
"""``outline log`` of frames on a farm: followed, not there yet, and not to be seen here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outline import cuerun
from outline.backend.cue.jobs import log_path
from outline.cli.farm_place import FarmPlace
from outline.exception import OutlineException
from tests.farm.commands import RunAtFarm, script
from tests.launches import outline_of

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons
    from tests.farm.hosts import Rqd

pytestmark = [pytest.mark.measured, pytest.mark.slow]


def test_log_is_followed_to_its_end(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["sh", "-c", "echo begin; sleep 2; echo end"])')
    run_at_farm(path, "1")

    done = run_at_farm("log", "testing-default-tester_shot", "1-beauty", "--follow", tool=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "begin" in done.stdout
    assert "\nend\n" in done.stdout


class _JobAndWhatHappens:
    """PyCue's job, of which one thing after the other happens before each look at its frames."""

    def __init__(self, job: Any, *happens: Callable[[], object]) -> None:
        self.__job = job
        self.__happens = list(happens)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__job, name)

    def getFrames(self, **criteria: Any) -> Any:
        if self.__happens:
            self.__happens.pop(0)()
        return self.__job.getFrames(**criteria)


def _write_log(job: Any) -> None:
    os.makedirs(job.data.log_dir)
    Path(log_path(job, "0001-beauty")).write_text("begin\n")


def test_log_is_followed_from_before_its_frame_starts_and_its_folder_is_there(
    pycue: Any, daemons: FakeDaemons, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (job,) = cuerun.launch(outline_of(frame_range="1"), backend="cue")
    follower = FarmPlace(
        _JobAndWhatHappens(
            job, lambda: None, lambda: daemons.add("node1"), lambda: (_write_log(job), daemons.finish("0001-beauty"))
        )
    )

    code = follower.follow_log("1-beauty")

    assert (code, capsysbinary.readouterr().out) == (0, b"begin\n")


def test_log_is_printed_of_a_frame_whose_folder_is_made_a_moment_later(
    pycue: Any, daemons: FakeDaemons, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (job,) = cuerun.launch(outline_of(frame_range="1"), backend="cue")
    daemons.add("node1")
    place = FarmPlace(_JobAndWhatHappens(job, lambda: None, lambda: _write_log(job)))

    code = place.print_log("1-beauty", None)

    assert (code, capsysbinary.readouterr().out) == (0, b"begin\n")


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda daemons: daemons.finish("0001-beauty"), id="over"),
        pytest.param(lambda _: None, id="running"),
    ],
)
def test_log_whose_folder_is_not_seen_here_cannot_be_followed(
    pycue: Any, daemons: FakeDaemons, end: Callable[[FakeDaemons], object]
) -> None:
    (job,) = cuerun.launch(outline_of(frame_range="1"), backend="cue")
    daemons.add("node1")
    end(daemons)

    with pytest.raises(OutlineException, match="does not see the folder of the log; on node1 it is"):
        FarmPlace(job).follow_log("1-beauty")


def test_log_that_is_elsewhere_is_named_with_its_host(
    pycue: Any, rqd: Rqd, run_at_farm: RunAtFarm, tmp_path: Path
) -> None:
    cuerun.launch(outline_of(frame_range="1"), backend="cue", wait=True)
    job = pycue.api.getJobs(job=["testing-sh010-tester_job_name"], include_finished=True)[0]
    os.rename(job.data.log_dir, tmp_path / "elsewhere")

    done = run_at_farm("log", job.data.id, "1-beauty", tool=True)

    assert f"does not see the folder of the log; on {rqd.name} it is {job.data.log_dir}" in done.stderr
