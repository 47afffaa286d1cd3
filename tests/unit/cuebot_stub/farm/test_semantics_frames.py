# SPDX-License-Identifier: Apache-2.0
"""What a host daemon is told to run: names, chunks, tokens, variables, logs and limits."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.launch import launch
from cuebot_stub.farm.orders import RunFrame
from cuebot_stub.spec import read_spec
from outline.frames import FrameSet
from tests import specs
from tests.fakes.farm import START, FakeFarm
from tests.specs import job, layer

JOB = "testing-test_shot-tester_test"
TOKENS = "#ZFRAME# #IFRAME# #FRAME_START# #FRAME_END# #FRAME_CHUNK# #LAYER# #JOB# #FRAMESPEC# #FRAME#"


@pytest.fixture
def host(farm: FakeFarm) -> FakeFarm:
    """Return a farm with a host that has room for many frames."""
    farm.add_host(cores=20, memory_gb=500)
    return farm


# -- names and chunks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "names"),
    [
        ("7", ["0007-beauty"]),
        ("12345", ["12345-beauty"]),
        ("0", ["0000-beauty"]),
        ("-1", ["-001-beauty"]),
        ("10-8", ["0010-beauty", "0009-beauty", "0008-beauty"]),
        ("10-6x-2", ["0010-beauty", "0008-beauty", "0006-beauty"]),
        ("1-5x2", ["0001-beauty", "0003-beauty", "0005-beauty"]),
        ("1-5y2", ["0002-beauty", "0004-beauty"]),
        ("1-5:4", ["0001-beauty", "0005-beauty", "0003-beauty", "0002-beauty", "0004-beauty"]),
        ("5,1,5,3-1", ["0005-beauty", "0001-beauty", "0003-beauty", "0002-beauty"]),
    ],
    ids=["one", "five-digits", "zero", "negative", "down", "down-step", "step", "inverse", "interleave", "repeats"],
)
def test_frames_are_named_by_their_numbers_and_start_in_the_order_of_the_range(
    host: FakeFarm, frames: str, names: list[str]
):
    host.launch(layer(frames=frames))

    assert host.rqd.launched == names


@pytest.mark.parametrize(
    ("frames", "chunk", "members"),
    [
        ("1-10", 4, ["1-4", "5-8", "9,10"]),
        ("1-3", 10, ["1-3"]),
        ("1-10x3", 2, ["1,4", "7,10"]),
        ("1-9x2", 5, ["1-9x2"]),
        ("5,1,6,9", 3, ["5,1,6", "9"]),
        ("6-1", 3, ["6-4", "3-1"]),
        ("1-3,2-5", 2, ["1,2", "3,4", "5"]),
        ("-3-2", 3, ["-3--1", "0-2"]),
    ],
    ids=["rest", "larger-than-all", "steps", "long-step", "any-order", "down", "repeats", "negative"],
)
def test_each_frame_is_in_one_chunk(host: FakeFarm, frames: str, chunk: int, members: list[str]):
    host.launch(layer(frames=frames, chunk=chunk, cmd="render #FRAMESPEC#"))

    commands = [frame.command.removeprefix("render ") for frame in host.run_frames()]
    assert [list(FrameSet(text)) for text in commands] == [list(FrameSet(text)) for text in members]


# -- tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "chunk", "command"),
    [
        ("7", 1, f"0007 7 7 7 1 beauty {JOB} 7 0007-beauty"),
        ("1-10", 10, f"0001 1 1 10 10 beauty {JOB} 1-10 0001-beauty"),
        ("1-3", 10, f"0001 1 1 3 10 beauty {JOB} 1-3 0001-beauty"),
        ("9-1x-2", 5, f"0009 9 9 1 5 beauty {JOB} 9-1x-2 0009-beauty"),
        ("-5", 1, f"-005 -5 -5 -5 1 beauty {JOB} -5 -005-beauty"),
    ],
    ids=["single", "chunk", "chunk-larger-than-all", "down", "negative"],
)
def test_tokens_of_the_command_are_filled_in(host: FakeFarm, frames: str, chunk: int, command: str):
    host.launch(layer(frames=frames, chunk=chunk, cmd=TOKENS))

    assert host.run_frames()[0].command == command


def test_token_that_comes_twice_or_inside_a_word_is_filled_in(host: FakeFarm):
    host.launch(layer(frames="7", cmd="a#IFRAME#b #IFRAME# x.#ZFRAME#.exr"))

    assert host.run_frames()[0].command == "a7b 7 x.0007.exr"


@pytest.mark.parametrize("command", ["echo #FRAME", "echo #iframe#", "echo #NONE#", 'a;touch x \'"$HOME" \\1 $1 `id`'])
def test_what_is_no_token_stays_as_it_is(host: FakeFarm, command: str):
    host.launch(layer(frames="7", cmd=command))

    assert host.run_frames()[0].command == command


# -- variables -------------------------------------------------------------------------------------------------


def test_frame_gets_the_variables_of_the_farm(host: FakeFarm):
    made = host.launch(
        layer("beauty", "1-10", chunk=5, after="<cores>2.0</cores><threadable>1</threadable><memory>1g</memory>")
    )

    (frame, _) = host.run_frames()
    assert frame.environment == {
        "CUE3": "1",
        "CUE_THREADS": "2",
        "CUE_MEMORY": "1048576",
        "CUE_GPUS": "0",
        "CUE_GPU_MEMORY": "0",
        "CUE_LOG_PATH": f"/shots/testing/test_shot/logs/{JOB}--{made.id}",
        "CUE_RANGE": "1-10",
        "CUE_CHUNK": "5",
        "CUE_IFRAME": "1",
        "CUE_LAYER": "beauty",
        "CUE_JOB": JOB,
        "CUE_FRAME": "0001-beauty",
        "CUE_SHOW": "testing",
        "CUE_SHOT": "test_shot",
        "CUE_USER": "tester",
        "CUE_JOB_ID": made.id,
        "CUE_LAYER_ID": made.layer_id(0),
        "CUE_FRAME_ID": made.frame_id(0),
        "CUE_THREADABLE": "1",
        "CUEBOT_STUB_PROC": frame.resource_id,
    }


def test_strict_server_gives_a_frame_no_variables_but_those_of_cuebot():
    farm = FakeFarm(strict=True)
    farm.add_host()
    farm.launch(layer(frames="1"))

    (frame,) = farm.rqd.running.values()
    assert "CUEBOT_STUB_PROC" not in frame.environment


def test_part_of_a_core_is_one_thread(host: FakeFarm):
    host.launch(layer(frames="1", after="<cores>0.5</cores>"))

    assert host.run_frames()[0].environment["CUE_THREADS"] == "1"


def test_variables_of_the_layer_win_over_those_of_the_job_and_the_farm_over_both(host: FakeFarm):
    of_job = '<env><key name="A">job</key><key name="B">job</key><key name="CUE_LAYER">job</key></env>'
    of_layer = '<env><key name="B">layer</key><key name="PATH">/opt/bin</key></env>'
    host.launch(layer(frames="1", after=of_layer), before=of_job)

    environment = host.run_frames()[0].environment
    assert {name: environment[name] for name in ("A", "B", "PATH", "CUE_LAYER")} == {
        "A": "job",
        "B": "layer",
        "PATH": "/opt/bin",
        "CUE_LAYER": "beauty",
    }


@pytest.mark.parametrize(("cores", "told"), [("2.0", "1"), ("1.5", "0")], ids=["whole", "part"])
def test_only_whole_cores_are_told_to_be_threadable(host: FakeFarm, cores: str, told: str):
    host.launch(layer(frames="1", after=f"<cores>{cores}</cores><threadable>True</threadable>"))

    assert host.run_frames()[0].environment["CUE_THREADABLE"] == told


def test_host_with_fewer_cores_than_it_reports_is_not_asked_for_whole_ones_again(farm: FakeFarm):
    farm.launch(layer(frames="1", after="<threadable>True</threadable>"))
    farm.rqd.refuses = "Not launching, failed to reserve cores: hyperthreading"
    farm.add_host()
    farm.rqd.refuses = ""

    farm.pass_time(11.0)

    assert [frame.environment["CUE_THREADABLE"] for frame in farm.run_frames()][-1] == "0"
    assert farm.names_running() == ["0001-beauty"]


# -- what else a daemon is told --------------------------------------------------------------------------------


def test_daemon_gets_all_that_it_needs(host: FakeFarm):
    made = host.launch(layer(frames="1", after="<cores>1.5</cores><threadable>1</threadable><memory>1g</memory>"))

    (frame,) = host.run_frames()
    (proc,) = host.farm.procs
    assert frame._replace(environment={}, command="") == RunFrame(
        resource_id=proc,
        job_id=made.id,
        job_name=JOB,
        layer_id=made.layer_id(0),
        frame_id=made.frame_id(0),
        frame_name="0001-beauty",
        command="",
        user_name="tester",
        uid=1001,
        log_dir=f"/shots/testing/test_shot/logs/{JOB}--{made.id}",
        show="testing",
        shot="test_shot",
        start_time=int(START * 1000),
        num_cores=150,
        num_gpus=0,
        os="Linux",
        soft_memory_limit=1048576 * 16 // 10,
        hard_memory_limit=1048576 * 2,
        environment={},
        ignore_nimby=False,
    )


@pytest.mark.parametrize("uid", ["0", "-1"])
def test_daemon_gets_no_user_id_that_it_refuses(host: FakeFarm, uid: str):
    host.launch_spec(specs.spec(job(layer(frames="1")), after=f"<uid>{uid}</uid>"))

    assert host.run_frames()[0].uid is None


def test_logs_go_below_the_log_root():
    farm = FakeFarm(log_root="/mnt/farm logs")

    made = farm.launch(layer(frames="1"))

    assert made.facts.log_dir == f"/mnt/farm logs/testing/test_shot/logs/{JOB}--{made.id}"


def test_logs_of_a_job_of_an_archived_show_go_to_the_show_that_it_is_of_now(farm: FakeFarm):
    show = farm.farm.shows.named("testing")
    assert show is not None
    show.name, show.aliases = "renamed", ["testing"]

    with farm.farm.work():
        (made,) = launch(farm.farm, read_spec(specs.spec(), specs.RULES))

    assert made.facts.log_dir.startswith("/shots/renamed/test_shot/logs/")


# -- more in each attempt --------------------------------------------------------------------------------------


def test_each_attempt_is_told_apart(host: FakeFarm):
    host.launch(layer(frames="1"))

    host.end("0001-beauty", status=1)

    first, second = host.run_frames()
    assert first.frame_id == second.frame_id
    assert first.resource_id != second.resource_id
