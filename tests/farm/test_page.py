# SPDX-License-Identifier: Apache-2.0
"""The page about the farm: what it tells, what it lets whom do, and how it looks to a real browser."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")
pytest.importorskip("flask", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.reports import FrameReport, HostReport, frame_ended, host_reported
from cuebot_stub.server import FarmServer
from outline.scheduler import FrameState
from tests.farm.jobs import Layer, counts, launch
from tests.support import until

MakeServer = Callable[..., FarmServer]
S = FrameState
NAME = "testing-shot-tester_job"
HOST = HostReport(
    name="node1",
    facility="local",
    tags=["general"],
    cores=400,
    total_memory=8 * 1048576,
    free_memory=4 * 1048576,
    total_swap=0,
    free_swap=0,
    total_mcp=0,
    free_mcp=0,
    gpus=0,
    gpu_memory=0,
    free_gpu_memory=0,
    load=50,
    boot_time=1,
    os="Linux",
    nimby_enabled=False,
    nimby_locked=False,
    is_boot=True,
    is_local=True,
)


@pytest.fixture
def server(make_farm_server: MakeServer) -> FarmServer:
    """Return a server with a page, and a host that answers nothing: its frames run until a test ends them."""
    made = make_farm_server(http_port=0)
    made.farm.send = lambda orders: None
    with made.farm.work() as farm:
        host_reported(farm, HOST, None)
    return made


def end_frames(server: FarmServer, job_id: str, status: int) -> None:
    with server.farm.work() as farm:
        for proc in steering.procs_of(farm, farm.jobs[job_id]):
            frame_ended(farm, FrameReport(proc.id, proc.frame_id, exit_status=status))


def call(server: FarmServer, path: str, **how: Any) -> Any:
    base = server.page_address.partition("/#")[0]
    request = urllib.request.Request(base + path, **how)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


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
        (lambda path: os.mkfifo(path), "no regular file"),
        (lambda path: path.mkdir(), "no regular file"),
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
        began = time.monotonic()

        call(server, "/api/farm")

        assert time.monotonic() - began < 2


def test_connections_above_the_limit_are_closed_and_places_come_back(server: FarmServer):
    with ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", page_port(server)))) for _ in range(120)]
        ends = [one for one in crowd if select.select([one], [], [], 0.05)[0] and one.recv(1) == b""]

        assert len(ends) == 20

    until(lambda: call(server, "/api/farm")["jobs"] == [])


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


# -- in a browser ----------------------------------------------------------------------------------------------


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """Return a headless Chromium; skip where it is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not on the PATH (Debian: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,1000",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield made
    made.quit()


def text_of(browser: Any, selector: str) -> str:
    return " ".join(one.text for one in browser.find_elements("css selector", selector))


def click(browser: Any, selector: str, label: str) -> None:
    def try_it() -> bool:
        for one in browser.find_elements("css selector", selector):
            if one.text == label and one.is_enabled():
                one.click()
                return True
        return False

    until(lambda: _unless_stale(try_it))


def _unless_stale(act: Callable[[], bool]) -> bool:
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        return act()
    except StaleElementReferenceException:
        return False  # it was drawn anew at that moment


@pytest.mark.realtool
def test_browser_shows_the_farm_and_steers_it(server: FarmServer, browser: Any):
    job = launch(server, Layer("one", "echo '<b>bold</b>'", "1-5"), Layer("two", "true", "1-2"))
    browser.get(server.page_address)

    until(lambda: _unless_stale(lambda: NAME in text_of(browser, "#jobs")))
    address = browser.current_url
    click(browser, "#jobs button", NAME)
    until(lambda: _unless_stale(lambda: "0001-one RUNNING" in text_of(browser, "#frames")))
    end_frames(server, job, 1)
    until(lambda: _unless_stale(lambda: "0001-one DEAD" in text_of(browser, "#frames")))
    click(browser, "#frames button", "0001-one")
    until(lambda: "There is no log yet." in text_of(browser, "#log-text"))
    click(browser, "#job-actions button", "Eat dead frames")
    until(lambda: counts(server, job).get("EATEN") == 4)
    click(browser, "#job-actions button", "Pause")
    until(lambda: _unless_stale(lambda: "PAUSED" in text_of(browser, "#jobs")))

    bars = browser.find_elements("css selector", "#layers .bar")
    assert "token" not in address
    assert len(bars) == 2
    assert "eaten" in bars[0].get_attribute("title")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.realtool
def test_browser_says_when_the_server_is_gone(server: FarmServer, browser: Any):
    browser.get(server.page_address)
    until(lambda: "0 pending jobs" in text_of(browser, "#summary"))

    server.stop(0.1)

    until(lambda: "does not answer" in text_of(browser, "#problem"))
