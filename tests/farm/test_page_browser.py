# SPDX-License-Identifier: Apache-2.0
"""The page about the farm in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")
pytest.importorskip("flask", reason="the extra 'stub' is not installed")

from cuebot_stub.server import FarmServer
from tests.farm.jobs import Layer, counts, launch
from tests.farm.pages import NAME, end_frames, page_server
from tests.support import until

pytestmark = pytest.mark.realtool


@pytest.fixture
def server(make_farm_server: Callable[..., FarmServer]) -> FarmServer:
    """Return a server with a page, and a host that answers nothing: its frames run until a test ends them."""
    return page_server(make_farm_server)


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


def wait_for(browser: Any, selector: str, text: str) -> None:
    """Wait until elements show a text."""
    until(lambda: _unless_stale(lambda: text in text_of(browser, selector)))


def write_logs(server: FarmServer, job_id: str, text: str) -> None:
    """Write the logs of all frames of a job that have started."""
    with server.farm.work() as farm:
        job = farm.jobs[job_id]
        Path(job.facts.log_dir).mkdir(parents=True, exist_ok=True)
        for ref in job.frames:
            Path(job.log_path(ref)).write_text(text)


def test_browser_shows_the_farm_and_steers_it(server: FarmServer, browser: Any):
    job = launch(server, Layer("one", "echo '<b>bold</b>'", "1-5"), Layer("two", "true", "1-2"))
    browser.get(server.page_address)

    wait_for(browser, "#jobs", NAME)
    address = browser.current_url
    click(browser, "#jobs a", NAME)
    wait_for(browser, "#frames", "0001-one RUNNING")
    end_frames(server, job, 1)
    wait_for(browser, "#frames", "0001-one DEAD")
    wait_for(browser, "#summary", "4 dead frames")
    click(browser, "#frames a", "0001-one")
    wait_for(browser, "tr.log pre", "There is no log yet.")
    click(browser, "#job-actions button", "Eat dead frames")
    until(lambda: counts(server, job).get("EATEN") == 4)
    click(browser, "#job-actions button", "Pause")
    wait_for(browser, "#jobs", "PAUSED")

    bars = browser.find_elements("css selector", "#layers .bar")
    assert "token" not in address
    assert len(bars) == 2
    assert "eaten" in bars[0].get_attribute("title")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_log_opens_below_its_frame_and_stays_while_frames_move(server: FarmServer, browser: Any):
    job = launch(server, Layer("one", "true", "1-6"))
    write_logs(server, job, "a line\n" * 500 + "the last line")
    browser.get(server.page_address)
    click(browser, "#jobs a", NAME)
    click(browser, "#frames a", "0002-one")
    wait_for(browser, "#frames tr.chosen + tr.log pre", "the last line")
    browser.execute_script("document.querySelector('tr.log pre').scrollTop = 123")

    end_frames(server, job, 1, first=1)

    wait_for(browser, "#frames", "0001-one DEAD")
    assert "0002-one" in text_of(browser, "#frames tr:has(+ tr.log)")
    assert browser.execute_script("return document.querySelector('tr.log pre').scrollTop") == 123


def test_what_is_shown_has_a_link(server: FarmServer, browser: Any):
    job = launch(server, Layer("one", "true"))
    write_logs(server, job, "hello log")
    browser.get(server.page_address)
    click(browser, "#jobs a", NAME)
    click(browser, "#frames a", "0001-one")
    wait_for(browser, "tr.log pre", "hello log")
    link = browser.current_url

    browser.switch_to.new_window("tab")
    browser.get(link)

    wait_for(browser, "tr.log pre", "hello log")
    click(browser, "tr.log a", "Close")
    until(lambda: not browser.find_elements("css selector", "tr.log"))
    browser.back()
    wait_for(browser, "tr.log pre", "hello log")


def test_page_without_the_token_says_that_it_cannot_steer(server: FarmServer, browser: Any):
    launch(server, Layer("one", "true"))

    browser.get(server.page_address.partition("#")[0])

    wait_for(browser, "#jobs", NAME)
    wait_for(browser, "#read-only", "open the address that the server printed")


def test_page_fits_a_narrow_window_and_says_what_each_value_is(server: FarmServer, browser: Any):
    name = "a_long_name_without_any_blank_in_it" * 3
    job = launch(server, Layer("one", "true", "1-6"), name=name)
    end_frames(server, job, 1, first=2)
    write_logs(server, job, "x" * 400)
    size = {"width": 500, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(server.page_address)
    click(browser, "#jobs a", f"testing-shot-tester_{name}")
    click(browser, "#frames a", "0001-one")
    wait_for(browser, "tr.log pre", "xxx")

    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    overflowing = """return [...document.querySelectorAll('section')]
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.id)"""
    assert browser.execute_script(overflowing) == []
    label = "return getComputedStyle(document.querySelector('#jobs td[data-label=Dead]'), '::before').content"
    assert browser.execute_script(label) in ('"Dead"', "attr(data-label)")


def test_filter_keeps_the_jobs_that_match_all_words(server: FarmServer, browser: Any):
    for name in ("beauty", "shadow"):
        launch(server, Layer("one", "true"), name=name)
    browser.get(server.page_address)
    wait_for(browser, "#jobs", "shadow")

    browser.find_element("css selector", "#filter").send_keys("shad running")

    until(lambda: _unless_stale(lambda: "beauty" not in text_of(browser, "#jobs")))
    assert "shadow" in text_of(browser, "#jobs")


def test_browser_says_when_the_server_is_gone(server: FarmServer, browser: Any):
    browser.get(server.page_address)
    wait_for(browser, "#summary", "0 pending jobs")

    server.stop(0.1)

    wait_for(browser, "#problem", "does not answer")
