# SPDX-License-Identifier: Apache-2.0
"""What a farm's numbers for an exit status mean in words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from outline.backend.cue.status import exit_reason, frame_status


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (7, "exit status 7"),
        (255, "exit status 255"),
        (247, "exit status 247, ended by SIGKILL"),
        (256, "its host could not start it"),
        (301, "its host went away"),
        (506, "stopped by hand"),
    ],
)
def test_reason_of_a_dead_frame_is_in_words(status: int, words: str) -> None:
    assert exit_reason(status) == words


@pytest.mark.parametrize(
    ("limits", "frame", "told"),
    [
        ({"timeout": 1}, {}, ("ran longer than its time limit, timeout=1 min", 0)),
        ({"timeout": 3}, {}, ("exit status 1", 0)),
        ({"timeout_llu": 1}, {}, ("printed nothing for its time limit, timeout_llu=1 min", 0)),
        ({"timeout_llu": 1}, {"llu_time": 1100}, ("exit status 1", 0)),
        ({"timeout": 1}, {"state": "WAITING"}, ("exit status 1", 0)),
        ({}, {"exit_status": 33}, ("out of memory", 2_359_296)),
        ({}, {"exit_status": 33, "layer_name": "gone"}, ("out of memory", 0)),
    ],
    ids=["time", "shorter", "silence", "wrote", "not dead", "memory", "unknown layer"],
)
def test_time_limits_and_raised_memory_are_named(
    limits: dict[str, int], frame: dict[str, object], told: tuple[str, int]
) -> None:
    job_pb2 = pytest.importorskip("opencue_proto.job_pb2", reason="the extra 'cue' is not installed")
    usual = {"name": "0001-beauty", "layer_name": "beauty", "state": "DEAD", "exit_status": 1, "start_time": 1000}
    data = job_pb2.Frame(**{**usual, "stop_time": 1110, "llu_time": 1040, **frame})
    layer = job_pb2.Layer(name="beauty", min_memory=2_359_296, **limits)
    job = SimpleNamespace(data=job_pb2.Job(name="job", log_dir="/logs"))

    found = frame_status(job, data, {"beauty": layer})

    assert (found.reason, found.memory_kb) == told
