# SPDX-License-Identifier: Apache-2.0
"""A world of its own for every test: home, configuration, session folder, and no current outline."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.programs import close_servers, run_program

REPOSITORY = Path(__file__).resolve().parent.parent

_FOREIGN_PREFIXES = ("OL_", "CUE_", "CUE3", "OUTLINE_")
_FOREIGN_NAMES = (
    *("FR", "SHOW", "SHOT", "JOB", "FACILITY", "RENDER_TO", "OPENCUE_CONFIG_FILE"),
    *("CUEBOT_HOSTS", "CUEBOT_HOSTNAME", "CUEBOT_STUB_FARM"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
)

# mktemp would look at the folders of all tests before, each time.
_HOMES = itertools.count()

# How long an example takes says more of the other tests that run than of the code. They are the same in each run, so
# that a change is not refused for what another one has brought; without ``derandomize`` others are looked for.
settings.register_profile(
    "outline",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("outline")

# A shell that runs the tests in its background lets them ignore these, and with them all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

RunPycuerun = RunOutline = Callable[..., "CompletedProcess[str]"]


def pytest_sessionfinish() -> None:
    """End the processes that run programs for tests."""
    close_servers()


@pytest.fixture(autouse=True)
def own_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give the test a new home and session folder, and take away what the person running it has set.

    The folder has a blank in its name, so that every test also proves that blanks are quoted.
    It is not inside ``tmp_path``, which a test finds empty.
    """
    home = tmp_path_factory.getbasetemp() / "a home" / str(next(_HOMES))
    home.mkdir(parents=True)
    is_measured = request.node.get_closest_marker("measured")
    foreign = _FOREIGN_PREFIXES if is_measured else (*_FOREIGN_PREFIXES, "COVERAGE_")
    for name in os.environ:
        if name.startswith(foreign) or name in _FOREIGN_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "tester")
    monkeypatch.setenv("LOGNAME", "tester")
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", str(home / "sessions"))
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", _coverage_of_children())
    _forget_process_state()
    yield home
    _forget_process_state()


@cache
def _coverage_of_children() -> str:
    """Return the configuration of coverage for child processes.

    They leave it to pytest to look for files that never run. A fork goes on with what its parent has run, which costs
    less than to begin anew.
    """
    import coverage

    made = coverage.Coverage(config_file=str(REPOSITORY / "setup.cfg"))
    made.set_option("run:include", [f"{REPOSITORY / name}/*" for name in ("outline", "cuebot_stub")])
    made.set_option("run:source", None)
    made.set_option("run:patch", ["_exit"])
    return made.config.serialize()


@pytest.fixture
def session_root(own_world: Path) -> Path:
    """Name the folder below which this test's sessions are made."""
    return own_world / "sessions"


@pytest.fixture
def unmeasured() -> dict[str, str]:
    """Return an environment whose Python processes load nothing but what they import: no coverage in them."""
    return unmeasured_environ()


def unmeasured_environ() -> dict[str, str]:
    """Return what ``unmeasured`` is, for fixtures of modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def coverage_variables() -> dict[str, str]:
    """Return the variables for what a module marked ``measured`` starts for all its tests."""
    name = "COVERAGE_PROCESS_CONFIG"
    return {name: _coverage_of_children()} if name in os.environ else {}


@pytest.fixture
def run_pycuerun(tmp_path: Path) -> RunPycuerun:
    """Call ``pycuerun`` with these arguments in a process of its own, in ``tmp_path``, and return what it did.

    Keyword arguments: ``cwd``, ``env`` (added to the environment).
    """
    return partial(run_program, "pycuerun", cwd=tmp_path)


@pytest.fixture
def run_outline(tmp_path: Path) -> RunOutline:
    """Call ``outline`` as ``run_pycuerun`` calls ``pycuerun``."""
    return partial(run_program, "outline", cwd=tmp_path)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a headless Chromium; skip where it is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("chromium and chromedriver are not on the PATH (Debian: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield made
    made.quit()


@pytest.fixture
def browser(chromium: Any) -> Any:
    """Return the browser with one window, which is new."""
    old = chromium.window_handles
    chromium.switch_to.new_window("tab")
    new = chromium.current_window_handle
    for window in old:
        chromium.switch_to.window(window)
        chromium.close()
    chromium.switch_to.window(new)
    chromium.get_log("browser")  # of the test before
    return chromium


def _forget_process_state() -> None:
    """Drop what the library remembers for the life of a process: the current outline and the configuration."""
    loader = sys.modules.get("outline.loader")
    if loader is not None:
        loader.Outline.current = None
    config = sys.modules.get("outline.config")
    if config is not None:
        config.config.reload()
