# SPDX-License-Identifier: Apache-2.0
"""The variables of a frame."""

from __future__ import annotations

import uuid

import pytest

from outline import Outline, Shell
from outline.environment import FrameFacts, base_environment, frame_environment, layer_environment


@pytest.fixture
def ol() -> Outline:
    ol = Outline("vars", "1-10", show="rome", shot="rm01", user="ann")
    ol.set_env("EARLY", "1", pre=True)
    ol.set_env("LATE", "2")
    ol.add_layer(Shell("aaa", ["true"], chunk=3, threadable=True, gpus=2))
    ol.add_layer(Shell("bbb", ["true"]))
    ol.setup()
    return ol


def test_a_frame_gets_facts_about_job_layer_and_itself(ol: Outline) -> None:
    shared = layer_environment(ol, ol.get_layer("aaa"))

    env = frame_environment(shared, FrameFacts(4, attempt=2, cores=2.5, memory_kb=1024))

    session = ol.get_session()
    assert env["CUE_JOB"] == "rome-rm01-ann_vars"
    assert env["CUE_JOB_ID"] == session.get_job_id()
    assert (env["CUE_SHOW"], env["CUE_SHOT"], env["CUE_USER"]) == ("rome", "rm01", "ann")
    assert (env["CUE_LAYER"], env["CUE_RANGE"], env["CUE_CHUNK"]) == ("aaa", "1-10", "3")
    assert (env["CUE_FRAME"], env["CUE_IFRAME"], env["frame"], env["zframe"]) == (
        "0004-aaa",
        "4",
        "0004-aaa",
        "0004-aaa",
    )
    assert (env["CUE_THREADS"], env["CUE_MEMORY"], env["OL_ATTEMPT"]) == ("2", "1024", "2")
    assert (env["CUE_THREADABLE"], env["CUE_GPUS"]) == ("1", "2")
    assert (env["CUE_LOG_PATH"], env["logfile"]) == (session.get_log_path(), "rome-rm01-ann_vars.0004-aaa.rqlog")
    assert env["EARLY"] == "1"
    assert "LATE" not in env


def test_a_layer_that_is_not_threadable_has_one_thread_as_on_a_farm(ol: Outline) -> None:
    env = frame_environment(layer_environment(ol, ol.get_layer("bbb")), FrameFacts(1, cores=4.0))

    assert (env["CUE_THREADS"], env["CUE_THREADABLE"]) == ("1", "0")


def test_ids_are_uuids_that_differ_by_layer_and_frame_only(ol: Outline) -> None:
    def ids(layer: str, frame: int) -> tuple[str, str]:
        env = frame_environment(layer_environment(ol, ol.get_layer(layer)), FrameFacts(frame))
        return env["CUE_LAYER_ID"], env["CUE_FRAME_ID"]

    found = [ids("aaa", 1), ids("aaa", 4), ids("aaa", -1), ids("bbb", 1)]

    assert ids("aaa", 1) == found[0]
    assert len({frame for _, frame in found}) == 4
    assert len({layer for layer, _ in found}) == 2
    assert all(str(uuid.UUID(one)) == one for pair in found for one in pair)


def test_a_job_launched_from_a_frame_does_not_inherit_the_frames_variables() -> None:
    environ = {
        "CUE_FRAME": "0001-x",
        "OL_LAYER_RANGE": "1",
        "OL_BASE_SESSION_PATH": "/x",
        "PATH": "/bin",
        "OL_OS": "linux",
    }

    assert base_environment(environ) == {"PATH": "/bin", "OL_OS": "linux"}
