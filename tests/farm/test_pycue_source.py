# SPDX-License-Identifier: Apache-2.0
"""What the cue backend asks a server through PyCue, beyond launching."""

from __future__ import annotations

from typing import Any

import pytest

from outline import cuerun
from outline.backend.cue.client import UnknownToServer
from outline.backend.cue.jobs import chunk_of, find_job, post_job_of, retry_frames
from outline.backend.cue.snapshot import PyCueJob, frames_of
from outline.exception import LaunchException
from outline.scheduler import FrameState
from tests.launches import outline_of, shell


def _launched(*layers: Any, **args: Any) -> Any:
    (job,) = cuerun.launch(outline_of(*layers, **args), backend="cue", pause=True)
    return job


def test_numbers_come_by_layer_in_their_order(pycue: Any) -> None:
    job = _launched(shell("zzz"), shell("aaa", require=["zzz"], chunk=5))

    snapshot = PyCueJob(job.data.id).read()

    assert (snapshot.name, snapshot.state, snapshot.is_paused) == ("testing-sh010-tester_job_name", "PENDING", True)
    assert [(layer.name, sum(layer.counts.values())) for layer in snapshot.layers] == [("zzz", 10), ("aaa", 2)]
    assert (snapshot.counts("zzz")[FrameState.WAITING], snapshot.counts("aaa")[FrameState.DEPEND]) == (10, 2)


def test_job_that_is_not_there_is_unknown(pycue: Any) -> None:
    with pytest.raises(UnknownToServer, match="cannot find the job"):
        PyCueJob("00000000-0000-0000-0000-000000000000").read()


def test_all_pages_of_frames_are_read(pycue: Any) -> None:
    job = _launched(frame_range="1-1100")

    frames = list(frames_of(job))

    assert sorted(frame.data.number for frame in frames) == list(range(1, 1101))


def test_dependencies_on_other_jobs_are_known_while_they_hold(pycue: Any) -> None:
    other, job = _launched(name="other_job"), _launched(shell("beauty"), shell("comp", require=["beauty"]))
    source = PyCueJob(job.data.id)
    before = source.waits_for_other_jobs()

    job.createDependencyOnJob(other)

    assert (before, source.waits_for_other_jobs()) == (False, True)


def test_dependencies_on_jobs_that_are_over_do_not_count(pycue: Any) -> None:
    other, job = _launched(name="other_job"), _launched()
    job.createDependencyOnJob(other)

    other.eatFrames()

    assert not PyCueJob(job.data.id).waits_for_other_jobs()


def test_job_is_found_by_name_in_any_case_and_by_id(pycue: Any) -> None:
    job = _launched()

    found = [find_job(text).data.id for text in (job.data.name, job.data.name.upper(), job.data.id)]

    assert found == [job.data.id] * 3


def test_job_that_is_not_found_names_a_near_one(pycue: Any) -> None:
    _launched()

    with pytest.raises(LaunchException, match=r"has no job 'testing-sh010-tester_job_nam'; did you mean '.*job_name'"):
        find_job("testing-sh010-tester_job_nam")


def test_any_frame_of_a_chunk_leads_to_it(pycue: Any) -> None:
    job = _launched(shell("left-eye", chunk=4))

    assert [chunk_of(job, "left-eye", frame).name for frame in (1, 4, 5, 10)] == [
        "0001-left_eye",
        "0001-left_eye",
        "0005-left_eye",
        "0009-left_eye",
    ]


def test_very_many_frames_are_retried(pycue: Any) -> None:
    job = _launched(frame_range="1-1100")
    job.eatFrames()

    count = retry_frames(job, states=["EATEN"])

    assert count == 1100
    assert pycue.api.getJob(job.data.id).data.job_stats.waiting_frames == 1100


def test_post_job_is_that_of_this_job(pycue: Any) -> None:
    first = _launched(shell("beauty"), shell("clean", type="Post"))
    first.eatFrames()

    post = post_job_of(first)

    assert post.data.name.startswith("testing-sh010-tester_job_name_post_job_")
    assert [layer.data.name for layer in post.getLayers()] == ["clean"]


def test_job_without_post_layers_has_no_post_job(pycue: Any) -> None:
    assert post_job_of(_launched()) is None
