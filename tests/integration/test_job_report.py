# SPDX-License-Identifier: Apache-2.0
"""``outline report`` of jobs that ran, and how the page looks to a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline.cli.report.gather import gather
from outline.cli.report.lanes import WIDTH
from outline.cli.report.made import Made
from outline.cli.report.pictures import choose, pictures_of
from tests.conftest import RunPycuerun
from tests.programs import run_program
from tests.support import only_session, outline_file, until

WriteReport = Callable[..., Path]

PICTURES = """
    from outline import Layer
    from outline.items import wedge
    from PIL import Image

    class Sim(Layer):
        def _execute(self, frames):
            for frame in frames:
                row = self.item(frame)
                if row["visc"] == 5:
                    raise ValueError("<b>diverged</b>")
                Image.new("RGB", (320, 180), (10 * frame, 0, 0)).save(self.output_path(frame), "PNG")
                self.emit(frame, res=row["res"], visc=row["visc"], energy=frame / 4, label=f"<i>{frame:02d}</i>")

    Sim("sim", items=wedge(res=[64, 128], visc=[1, 2, 3, 5]), outputs="sim/%{KEY}.png")
"""


@pytest.fixture
def write_report(tmp_path: Path) -> WriteReport:
    """Call ``outline report`` with these arguments and return the page."""

    def write(*args: object) -> Path:
        done = run_program("outline", "report", *args, "-o", "report.html", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return Path(done.stdout.strip())

    return write


@pytest.fixture
def work(tmp_path: Path, run_pycuerun: RunPycuerun) -> Path:
    """Run a job of eight items in a work folder; two fail."""
    outline_file(tmp_path, PICTURES)
    run_pycuerun("shot.outline", "--backend", "local", "--work", "made", "--max-retries", "1")
    return tmp_path / "made"


def test_work_folder_tells_times_pictures_and_results(work: Path):
    report = gather(str(work), pictures=40)

    (pictures,) = report.pictures
    (results,) = report.results
    assert report.job.state == "FAILED"
    assert len(report.attempts) == 6 + 2 * 2
    assert all(one.seconds > 0 and one.memory_kb > 0 for one in report.attempts)
    assert [death.lines[-1] for death in report.deaths] == ["ValueError: <b>diverged</b>"] * 2
    assert (pictures.layer, pictures.output, pictures.total) == ("sim", "main", 6)
    assert [one.name for one in pictures.shown][:2] == ["res64-visc1", "res64-visc2"]
    assert all(one.data[8:12] == b"WEBP" for one in pictures.shown)
    assert results.rows[0] == {
        "key": "res64-visc1",
        "res": 64,
        "visc": 1,
        "energy": 0.25,
        "label": "<i>01</i>",
        "output main": "sim/res64-visc1.png",
    }


def test_session_of_a_work_folder_tells_the_same(work: Path, session_root: Path):
    report = gather(str(only_session(session_root)), pictures=3)

    assert report.work == str(work)
    assert [len(one.shown) for one in report.pictures] == [3]
    assert [one.total for one in report.results] == [6]


def test_work_folder_whose_session_is_gone_tells_what_its_records_do(work: Path, session_root: Path):
    shutil.rmtree(session_root)

    report = gather(str(work), pictures=3)

    assert report.job.total == 8
    assert report.job.done == 6
    assert (report.attempts, len(report.pictures), len(report.results)) == ((), 1, 1)
    assert report.notes == ("The session of the last launch is gone, and with it times, memory and logs.",)


def test_outputs_of_a_job_without_a_work_folder_are_found_by_what_its_layers_declare(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
):
    outline_file(tmp_path, PICTURES)
    run_pycuerun("shot.outline", "--backend", "local", "--max-retries", "0")

    report = gather(str(only_session(session_root)), pictures=40)

    assert [[one.path for one in group.shown] for group in report.pictures] == [
        [f"{tmp_path}/sim/res{res}-visc{visc}.png" for res in (64, 128) for visc in (1, 2, 3)]
    ]


def test_pictures_that_cannot_be_shown_say_why(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (tmp_path / "c.txt").write_text("text")
    made = [Made("sim", "main", name, str(tmp_path / name)) for name in ("a.png", "b.png", "c.txt", "gone.png")]

    ((group,), note) = pictures_of(made, 40)

    assert (group.total, note) == (2, "")
    assert all(one.data == b"" and one.fault.startswith("cannot be shown: ") for one in group.shown)


def test_pictures_in_buckets_are_counted(tmp_path: Path):
    made = [Made("sim", "main", str(number), f"s3://bucket/{number}.png") for number in (1, 2)]

    assert pictures_of(made, 40) == ((), "Pictures in buckets are not read, and there are 2.")
    assert pictures_of(made, 0) == ((), "")


def test_pictures_of_the_trade_are_opened_with_openimageio(tmp_path: Path):
    oiio = pytest.importorskip("OpenImageIO", reason="the extra 'images' is not installed")
    picture = oiio.ImageBuf(oiio.ImageSpec(600, 300, 4, "half"))
    oiio.ImageBufAlgo.fill(picture, (0.2, 0.2, 0.2, 1.0))
    assert picture.write(str(tmp_path / "a.exr"))

    ((group,), _) = pictures_of([Made("sim", "main", "1", str(tmp_path / "a.exr"))], 40)

    from io import BytesIO

    from PIL import Image

    small = Image.open(BytesIO(group.shown[0].data))
    assert small.size == (240, 120)
    assert small.convert("RGB").getpixel((9, 9)) == (124, 124, 124)  # 0.2 as sRGB


def test_sixteen_bits_are_not_shown_as_white(tmp_path: Path):
    from io import BytesIO

    from PIL import Image

    Image.new("I;16", (10, 10), 32768).save(tmp_path / "a.png")

    ((group,), _) = pictures_of([Made("sim", "main", "1", str(tmp_path / "a.png"))], 40)

    value = Image.open(BytesIO(group.shown[0].data)).convert("L").getpixel((5, 5))
    assert 120 < value < 136


def test_chosen_pictures_are_spread_evenly_with_first_and_last():
    made = [Made("sim", "main", str(number), "") for number in range(1, 101)]

    assert [one.name for one in choose(made, 4)] == ["1", "34", "67", "100"]
    assert (len(choose(made, 1)), len(choose(made, 0)), len(choose(made, 200))) == (1, 0, 100)


# -- in a browser ---------------------------------------------------------------------------------------------


def texts(browser: Any, selector: str) -> list[str]:
    return [one.text for one in browser.find_elements("css selector", selector)]


def widest_bar(browser: Any) -> tuple[str, float, float]:
    """What names the widest bar, and its middle as parts of the plot's width and height."""
    data = browser.execute_script("return JSON.parse(document.getElementById('timeline-data').textContent)")
    _, frame, _, lane, left, width, _, _, state, _ = max(data["bars"], key=lambda bar: bar[5])
    name = f"{frame}-sim, {data['states'][state].lower()}"
    return name, (left + width / 2) / WIDTH, (lane + 0.5) / len(data["lanes"])


def point_at(browser: Any, across: float, down: float) -> str:
    """Move the mouse to this part of the timeline, and give what the page then shows beside it."""
    from selenium.webdriver import ActionChains

    plot = browser.find_element("css selector", "#plot svg")
    offset = round((across - 0.5) * plot.size["width"]), round((down - 0.5) * plot.size["height"])
    ActionChains(browser, duration=0).move_to_element_with_offset(plot, *offset).perform()
    until(lambda: texts(browser, ".tip")[0])
    return texts(browser, ".tip")[0]


def widths_of_pictures(browser: Any) -> list[int]:
    return browser.execute_script("return [...document.images].map(one => one.naturalWidth)")


def look(browser: Any, page: Path, width: int = 1400, scheme: str = "light") -> None:
    browser.set_window_size(width, 1000)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())


@pytest.mark.realtool
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 500])
def test_page_fits_its_window(work: Path, write_report: WriteReport, browser: Any, width: int, scheme: str):
    look(browser, write_report(work), width, scheme)

    wide, seen, back = browser.execute_script(
        "const root = document.documentElement; return [root.scrollWidth, root.clientWidth,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert wide == seen
    assert back == {"light": "rgb(244, 245, 247)", "dark": "rgb(21, 24, 27)"}[scheme]
    assert texts(browser, "h2") == [
        *("Layers", "Timeline", "2 frames dead", "Pictures: sim (6)", "Results: sim"),
        *("Failed attempts", "Slowest frames"),
    ]
    until(lambda: widths_of_pictures(browser) == [240] * 6)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.realtool
def test_page_names_what_is_under_the_mouse_and_sorts_and_searches(work: Path, write_report: WriteReport, browser: Any):
    look(browser, write_report(work))
    name, *middle = widest_bar(browser)
    tip = point_at(browser, *middle)
    before = texts(browser, ".results tbody td:first-child")
    browser.find_element("xpath", "//button[text()='energy']").click()
    browser.find_element("xpath", "//button[text()='energy']").click()
    after = texts(browser, ".results tbody td:first-child")
    browser.find_element("css selector", "input[type=search]").send_keys("<I>03")
    found = texts(browser, ".results tbody tr")

    assert tip.splitlines()[0] == name
    assert before == [f"res{res}-visc{visc}" for res in (64, 128) for visc in (1, 2, 3)]
    assert after == before[::-1]
    assert found == ["res64-visc3 64 3 0.75 <i>03</i> sim/res64-visc3.png"]
    assert len(browser.find_elements("css selector", ".scatter circle")) == 1
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
