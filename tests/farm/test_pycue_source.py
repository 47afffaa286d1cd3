# SPDX-License-Identifier: Apache-2.0
"""What the cue backend asks a server through PyCue, beyond launching."""

from __future__ import annotations

from typing import Any

import pytest

from outline import Outline, cuerun
from outline.backend.cue.actions import ACTIONS, act_on_frames
from outline.backend.cue.client import UnknownToServer
from outline.backend.cue.jobs import _as_monitor, chunk_of, find_job, post_job_of
from outline.backend.cue.snapshot import PyCueJob, frames_of, layers_of
from outline.exception import LaunchException
from outline.scheduler import FrameState
from tests.launches import launcher_of, outline_of, shell


def _launched(*layers: Any, **args: Any) -> Any:
    (job,) = cuerun.launch(outline_of(*layers, **args), backend="cue", pause=True)
    return job


def test_numbers_come_by_layer_in_their_order(pycue: Any) -> None:
    job = _launched(shell("zzz"), shell("aaa", require=["zzz"], chunk=5))

    snapshot = PyCueJob(job.data.id).read()

    assert (snapshot.name, snapshot.state) == ("testing-sh010-tester_job_name", "PAUSED")
    assert [(layer.name, sum(layer.counts.values())) for layer in snapshot.layers] == [("zzz", 10), ("aaa", 2)]
    zzz, aaa = snapshot.layers
    assert (zzz.counts[FrameState.WAITING], aaa.counts[FrameState.DEPEND]) == (10, 2)


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
    before = source.jobs_waited_for()

    job.createDependencyOnJob(other)

    assert (before, source.jobs_waited_for()) == ([], [other.data.name])


def test_dependencies_on_jobs_that_are_over_do_not_count(pycue: Any) -> None:
    other, job = _launched(name="other_job"), _launched()
    job.createDependencyOnJob(other)

    other.eatFrames()

    assert not PyCueJob(job.data.id).jobs_waited_for()


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

    effect = act_on_frames(job, ACTIONS["retry"], states=["EATEN"])

    assert effect == (1100, ())
    assert pycue.api.getJob(job.data.id).data.job_stats.waiting_frames == 1100


def test_post_job_is_that_of_this_job(pycue: Any) -> None:
    first = _launched(shell("beauty"), shell("clean", type="Post"))
    first.eatFrames()

    post = post_job_of(first)

    assert post.data.name.startswith("testing-sh010-monitor_job_name_post_job_")
    assert [layer.data.name for layer in post.getLayers()] == ["clean"]


def test_job_without_post_layers_has_no_post_job(pycue: Any) -> None:
    assert post_job_of(_launched()) is None


@pytest.mark.parametrize(
    ("name", "user", "post"),
    [
        ("testing-sh010-ann_job", "ann", "testing-sh010-monitor_job"),
        ("testing-banner-ann_job", "ann", "testing-bmonitorer-ann_job"),
        ("testing-sh010-ann_job", "Ann", "testing-sh010-ann_job"),
        ("testing-sh010-a.n_job", "a.n", "testing-sh010-monitor_job"),
        ("testing-sh010-a(n_job", "a(n", "testing-sh010-a(n_job"),
    ],
    ids=["user", "shot that holds the user", "capitals", "pattern", "no pattern"],
)
def test_post_job_has_monitor_in_the_place_of_the_user(pycue: Any, name: str, user: str, post: str) -> None:
    assert _as_monitor(name, user) == post


def test_post_jobs_of_two_users_are_told_apart(pycue: Any) -> None:
    (ours,) = cuerun.launch(outline_of(shell("beauty")), backend="cue", pause=True)
    milliseconds = ours.data.start_time * 1000
    commands = [layer.data.command for layer in ours.getLayers()]
    for number, command in enumerate(["other -e #IFRAME#-beauty", *commands]):
        spec = serialize_simple(outline_of(shell(command=command), name=f"job_name_post_job_{milliseconds + number}"))
        pycue.api.launchSpecAndWait(spec)

    found = post_job_of(ours)

    assert found is not None
    assert found.data.name == f"testing-sh010-monitor_job_name_post_job_{milliseconds + 1}"


def serialize_simple(ol: Outline) -> str:
    return str(launcher_of(ol=ol, user="monitor").serialize(use_pycuerun=False))


def test_replies_that_belong_to_another_job_are_asked_for_again(pycue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job, other = _launched(), _launched(shell("other"), name="other_job")
    mixed = iter([other.getFrames, other.getFrames])
    monkeypatch.setattr(job, "getFrames", lambda **args: next(mixed, type(job).getFrames.__get__(job))(**args))

    assert {frame.data.layer_name for frame in frames_of(job)} == {"beauty"}


def test_server_that_goes_on_mixing_replies_is_told(pycue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job, other = _launched(), _launched(shell("other"), name="other_job")
    monkeypatch.setattr(job, "getLayers", other.getLayers)

    with pytest.raises(LaunchException, match="answers with what belongs to another job"):
        layers_of(job)


def test_what_the_farm_does_not_show_is_named_after_a_while(pycue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = _launched(frame_range="1-2")
    monkeypatch.setattr(job, "eatFrames", lambda **criteria: None)  # as a server that has much to do
    monkeypatch.setattr("outline.backend.cue.actions.EFFECT_SECONDS", 0.1)

    effect = act_on_frames(job, ACTIONS["eat"], frames="1")

    assert effect == (1, ("0001-beauty",))


@pytest.mark.parametrize(
    ("flags", "paused", "retries", "of_post"),
    [
        ({}, False, 1, 2),  # what Cuebot, and the server here, make of the number in the spec
        ({"maxretries": "2"}, False, 1, 2),
        ({"maxretries": 2}, False, 2, 2),
        ({"maxretries": 5}, False, 5, 5),
        ({"max_retries": 3, "pause": True}, True, 3, 3),
        ({"maxretries": 16}, False, 16, 16),
        ({"maxretries": 0}, False, 0, 0),
    ],
    ids=["nothing asked", "text of the configuration", "two", "five", "paused", "most", "none"],
)
def test_frames_are_tried_as_often_as_was_asked(
    pycue: Any, farm_server: Any, flags: dict[str, Any], paused: bool, retries: int, of_post: int
) -> None:
    ol = outline_of(shell(), shell("clean", type="Post", range="1"))

    (job,) = cuerun.launch(ol, backend="cue", **flags)

    post = post_job_of(job)
    assert post is not None
    plans = farm_server.farm.jobs
    assert pycue.api.getJob(job.data.id).data.is_paused == paused
    assert plans[job.data.id].facts.max_retries == retries
    assert plans[post.data.id].facts.max_retries == of_post


def test_more_retries_than_a_farm_knows_are_refused(pycue: Any) -> None:
    with pytest.raises(LaunchException, match="maxretries is 17, and the farm takes at most 16"):
        cuerun.launch(outline_of(), backend="cue", maxretries=17)


def test_text_that_hides_the_reason_is_explained(pycue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "Server caught an internal exception. Failed to launch and add job: Incorrect result size: expected 1, actual 0"
    )

    def refuse(spec: str) -> None:
        raise pycue.exception.CueInternalErrorException(said)

    monkeypatch.setattr(pycue.api, "launchSpecAndWait", refuse)

    with pytest.raises(LaunchException, match=r"actual 0 \(OpenCue hides the reason .* it may be an unknown limit"):
        cuerun.launch(outline_of(), backend="cue")
