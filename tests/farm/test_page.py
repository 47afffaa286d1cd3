# SPDX-License-Identifier: Apache-2.0
"""The page about the farm: what it says, and what it lets whom do."""

from __future__ import annotations

import json
import os
import select
import socket
import urllib.error
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")
pytest.importorskip("flask", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.server import FarmServer
from outline.scheduler import FrameState
from tests.farm.jobs import Layer, counts, launch, launch_spec, spec_text
from tests.farm.pages import NAME, call, end_frames, page_server
from tests.support import until

MakeServer = Callable[..., FarmServer]
S = FrameState


@pytest.fixture
def server(make_farm_server: MakeServer) -> FarmServer:
    """Return a server with a page, and a host that answers nothing: its frames run until a test ends them."""
    return page_server(make_farm_server)


def refused(server: FarmServer, path: str, **how: Any) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(server, path, **how)
    with caught.value as error:
        return error.code, json.loads(error.read())["error"]


def token_of(server: FarmServer) -> dict[str, str]:
    return {"X-Token": server.page_address.rpartition("=")[2]}


def test_page_lists_jobs_layers_and_hosts(server: FarmServer):
    job = launch(server, Layer("one", "true", "1-6"), Layer("two", "true", "1-2"))

    farm = call(server, "/api/farm")
    whole = call(server, f"/api/jobs/{job}")

    assert [(one["name"], one["frames"], one["counts"]) for one in farm["jobs"]] == [
        (NAME, 8, {"WAITING": 4, "RUNNING": 4})
    ]
    assert [(host["name"], host["state"], host["used_cores"]) for host in farm["hosts"]] == [("node1", "UP", 4.0)]
    assert [(layer["name"], layer["frames"]) for layer in whole["layers"]] == [("one", 6), ("two", 2)]


def test_page_lists_frames_of_a_layer_in_a_state(server: FarmServer):
    job = launch(server, Layer("one", "true", "1-6"), Layer("two", "true", "1-2"))

    found = call(server, f"/api/jobs/{job}/frames?layer=one&state=RUNNING")

    assert [frame["name"] for frame in found["frames"]] == ["0001-one", "0002-one"]


def test_dead_frames_are_listed_first_and_then_those_that_run(server: FarmServer):
    job = launch(server, Layer("one", "true", "1-9"))
    end_frames(server, job, 0, first=2)
    end_frames(server, job, 1, first=1)

    found = call(server, f"/api/jobs/{job}/frames")["frames"]

    assert [(frame["name"][:4], frame["state"]) for frame in found] == [
        ("0003", "DEAD"), ("0004", "RUNNING"), ("0005", "RUNNING"), ("0006", "RUNNING"), ("0007", "RUNNING"),
        ("0001", "SUCCEEDED"), ("0002", "SUCCEEDED"), ("0008", "WAITING"), ("0009", "WAITING"),
    ]  # fmt: skip


def test_what_ended_a_frame_is_in_words(server: FarmServer):
    job = launch(server, Layer("one", "true", "1-4"))
    for status in (0, 1, 247, 301):
        end_frames(server, job, status, first=1)

    found = call(server, f"/api/jobs/{job}/frames")["frames"]

    assert {frame["name"][:4]: frame["why"] for frame in found} == {
        "0001": "", "0002": "exit status 1", "0003": "exit status 247, ended by SIGKILL", "0004": "its host went away",
    }  # fmt: skip


ONE_ON_TWO = """<depend type="FRAME_BY_FRAME" anyframe="False"><depjob>job</depjob><deplayer>one</deplayer>
<onjob>job</onjob><onlayer>two</onlayer></depend>"""


@pytest.mark.parametrize(
    ("act", "state", "why"),
    [
        (lambda server, job: None, "RUNNING", ""),
        (lambda server, job: end_frames(server, job, 0), "FINISHED", ""),
        (lambda server, job: end_frames(server, job, 1), "STUCK", ""),
        (lambda server, job: steer(server, job, steering.pause), "PAUSED", ""),
        (lambda server, job: steer(server, job, steering.kill_job, "a test"), "STOPPED", ""),
    ],
    ids=["running", "finished", "stuck", "paused", "stopped"],
)
def test_state_of_a_job_says_what_it_does(
    server: FarmServer, act: Callable[[FarmServer, str], None], state: str, why: str
):
    job = launch(server, Layer("one", "true", "1-4"))

    act(server, job)

    (row,) = call(server, "/api/farm")["jobs"]
    assert (row["state"], call(server, f"/api/jobs/{job}")["why"]) == (state, why)


def steer(server: FarmServer, job: str, act: Callable[..., None], *args: str) -> None:
    with server.farm.work() as farm:
        act(farm, farm.jobs[job], *args)


def test_a_job_that_no_host_takes_says_why(server: FarmServer):
    job = launch(server, Layer("one", "true", more="<memory>256m</memory><tags>nvidia</tags>"))

    found = call(server, f"/api/jobs/{job}")

    assert (found["state"], found["why"]) == ("WAITING", "nothing runs: no host has a tag of the layer one: nvidia")


def test_a_job_that_waits_for_another_one_says_for_which(server: FarmServer):
    first = launch(server, Layer("one", "true", "1-4"), name="first")
    depends = f"""<depend type="JOB_ON_JOB" anyframe="False"><depjob>{NAME}</depjob>
    <onjob>testing-shot-tester_first</onjob></depend>"""
    job = launch_spec(server, spec_text([Layer("two", "true")], depends=depends))

    found = call(server, f"/api/jobs/{job}")

    assert (found["state"], found["why"]) == ("WAITING", "waits for other jobs: testing-shot-tester_first")
    assert call(server, f"/api/jobs/{first}")["state"] == "RUNNING"


def test_a_job_with_frames_behind_eaten_ones_is_stuck(server: FarmServer):
    job = launch_spec(server, spec_text([Layer("one", "true"), Layer("two", "true")], depends=ONE_ON_TWO))
    steer(server, job, lambda farm, job: steering.eat_frames(farm, job, [1]))
    end_frames(server, job, 0)

    assert call(server, f"/api/jobs/{job}")["state"] == "STUCK"


@pytest.fixture
def log(server: FarmServer) -> tuple[str, Path]:
    """The page's address of a frame's log, and where that log is."""
    job_id = launch(server, Layer("one", "true"))
    with server.farm.work() as farm:
        job = farm.jobs[job_id]
        frame, folder = job.frame_id(0), Path(job.facts.log_dir)
    folder.mkdir(parents=True)
    return f"/api/frames/{frame}/log", folder / f"{NAME}.0001-one.rqlog"


def test_page_shows_the_end_of_a_log_that_is_too_long(server: FarmServer, log: tuple[str, Path]):
    address, path = log
    path.write_bytes(b"x" * 300_000 + b"\nthe \xff end\n")

    shown = call(server, address, headers=token_of(server))["text"]

    assert shown.startswith("… 37867 bytes before this")
    assert shown.endswith("the � end\n")


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "symbolic link"),
        (lambda path: path.symlink_to("/dev/zero"), "symbolic link"),
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: path.mkdir(), "not a regular file"),
        (lambda path: None, "no log yet"),
    ],
    ids=["file", "endless", "pipe", "folder", "nothing"],
)
def test_what_stands_in_the_place_of_a_log_is_not_read(
    server: FarmServer, log: tuple[str, Path], put: Callable[[Path], None], why: str
):
    address, path = log
    put(path)

    shown = call(server, address, headers=token_of(server))["text"]

    assert why in shown
    assert "root:" not in shown


def test_log_is_not_shown_without_the_token(server: FarmServer, log: tuple[str, Path]):
    address, path = log
    path.write_text("a secret")

    assert refused(server, address)[0] == 403


def test_clients_that_send_letter_by_letter_keep_nobody_waiting(server: FarmServer):
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", page_port(server)))) for _ in range(60)]
        for one in slow:
            one.sendall(b"GET / HTTP/1.1\r\nX-Slow: a")

        assert call(server, "/api/farm")["jobs"] == []


def test_connections_above_the_limit_are_closed_and_places_come_back(server: FarmServer):
    with ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", page_port(server)))) for _ in range(120)]
        until(lambda: len(closed(crowd)) >= 20)

        assert closed(crowd) == crowd[100:]

    until(lambda: call(server, "/api/farm")["jobs"] == [])


def closed(sockets: list[socket.socket]) -> list[socket.socket]:
    """Return those that the server has closed."""
    readable = select.select(sockets, [], [], 0)[0]
    return [one for one in sockets if one in readable and one.recv(1, socket.MSG_PEEK) == b""]


def page_port(server: FarmServer) -> int:
    return int(server.page_address.partition("/#")[0].rpartition(":")[2])


@pytest.mark.parametrize("headers", [{}, {"X-Token": "guess"}, {"X-Token": "gü"}], ids=["none", "wrong", "odd"])
def test_nothing_can_be_changed_without_the_token(server: FarmServer, headers: dict[str, str]):
    job = launch(server, Layer("one", "true"))

    code, error = refused(server, f"/api/jobs/{job}/kill", method="POST", headers=headers)

    assert (code, "token" in error) == (403, True)
    assert counts(server, job) == {"RUNNING": 1}


def test_page_of_another_host_name_is_refused(server: FarmServer):
    code, error = refused(server, "/api/farm", headers={"Host": "evil.example:80"})

    assert (code, "machine" in error) == (403, True)


@pytest.mark.parametrize(
    ("action", "state", "after"),
    [
        ("pause", "PENDING", {"DEAD": 4, "WAITING": 1}),
        ("kill", "FINISHED", {"DEAD": 4, "WAITING": 1}),
        ("retry", "PENDING", {"RUNNING": 4, "WAITING": 1}),
        ("eat", "PENDING", {"EATEN": 4, "RUNNING": 1}),
    ],
)
def test_job_is_steered_with_the_token(server: FarmServer, action: str, state: str, after: dict[str, int]):
    job = launch(server, Layer("one", "true", "1-5"))
    with server.farm.work() as farm:
        steering.pause(farm, farm.jobs[job])
    end_frames(server, job, 1)
    call(server, f"/api/jobs/{job}/resume" if action in ("retry", "eat") else "/api/farm", **_post_if(server, action))

    call(server, f"/api/jobs/{job}/{action}", method="POST", headers=token_of(server))

    with server.farm.work() as farm:
        assert farm.jobs[job].facts.state == state
    assert counts(server, job) == after


def _post_if(server: FarmServer, action: str) -> dict[str, Any]:
    return {"method": "POST", "headers": token_of(server)} if action in ("retry", "eat") else {}


@pytest.mark.parametrize(("action", "state"), [("eat", S.EATEN), ("retry", S.RUNNING), ("kill", S.RUNNING)])
def test_frame_is_steered_with_the_token(server: FarmServer, action: str, state: FrameState):
    job_id = launch(server, Layer("one", "true"))
    with server.farm.work() as farm:
        frame = farm.jobs[job_id].frame_id(0)

    call(server, f"/api/frames/{frame}/{action}", method="POST", headers=token_of(server))

    with server.farm.work() as farm:
        (proc,) = farm.procs.values()
        assert (farm.jobs[job_id].state.state(0), bool(proc.kill_reason)) == (state, True)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/jobs/nosuch", 404),
        ("/api/jobs/nosuch/frames", 404),
        ("/api/frames/nosuch/log", 403),
        ("/api/nothing", 404),
        ("/static/../app.py", 404),
    ],
)
def test_what_is_not_there_is_told_as_data(server: FarmServer, path: str, code: int):
    assert refused(server, path)[0] == code


def test_unknown_state_of_frames_is_told(server: FarmServer):
    job = launch(server, Layer("one", "true"))

    assert refused(server, f"/api/jobs/{job}/frames?state=LOST")[0] == 400


def test_job_whose_name_is_taken_cannot_be_revived(server: FarmServer):
    job = launch(server, Layer("one", "true"))
    end_frames(server, job, 1)
    with server.farm.work() as farm:
        steering.kill_job(farm, farm.jobs[job], "a test")
    launch(server, Layer("one", "true"))

    code, error = refused(server, f"/api/jobs/{job}/retry", method="POST", headers=token_of(server))

    assert (code, "pending" in error) == (409, True)
