# SPDX-License-Identifier: Apache-2.0
"""Farms for tests: a server in this process, and real RQDs.

``farm_server`` is a server on a port of its own, ``make_farm_server`` makes more of them or other ones. ``rqd`` is a
real RQD with 8 cores at ``farm_server``, ``two_rqds`` are two with 4. As an RQD takes a second to boot, the tests of a
module share them with their server, which knows no job when a test begins. A test that ends or changes its RQD takes
one of its own from ``start_rqd``. Where RQD cannot be installed, such tests are skipped, with the reason.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.farm.commands import RunAtFarm, call_client
from tests.farm.hosts import Rqd
from tests.support import call_here, environ_with, until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons
    from tests.fakes.farm import FakeClock
    from tests.fakes.rqd_server import RqdServer
    from tests.farm.clients import Clients
    from tests.farm.pyoutline import PyOutline

MakeServer = Callable[..., "FarmServer"]
StartRqd = Callable[..., Rqd]


def _user_cache() -> Path | None:
    from cuebot_stub.up.errors import FarmError
    from cuebot_stub.up.places import cache_folder

    try:
        return cache_folder()
    except FarmError:
        return None


# Asked now, since every test gets a home of its own: the environment of RQD is made once, where cuebot-stub makes it.
_CACHE = _user_cache()
_NAMED = os.environ.get("CUEBOT_STUB_RQD_ENVIRONMENT")
_VARIABLES = ("PYOUTLINE_ENVIRONMENT", "CLIENTS_ENVIRONMENT")
_ENVIRONMENTS = {name: os.environ[name] for name in _VARIABLES if name in os.environ}


@pytest.fixture
def make_farm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServer]:
    """Return a function that starts a server in this process; arguments are those of ``FarmServer``.

    The logs of frames go to a folder of this test. A port that a test asks for was that of a server before. Some other
    test may have got it meanwhile, and is waited for.
    """
    pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
    pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")
    from cuebot_stub.server import FarmServer

    started: list[FarmServer] = []

    def make(**arguments: Any) -> FarmServer:
        arguments.setdefault("log_root", tmp_path_factory.mktemp("frame logs"))
        server = FarmServer(**arguments)
        if arguments.get("port"):
            until(lambda: _can_start(server))
        else:
            server.start()
        started.append(server)
        return server

    yield make
    for server in reversed(started):
        server.stop(grace_seconds=0.2)


def _can_start(server: FarmServer) -> bool:
    try:
        server.start()
    except OSError:
        return False
    return True


@pytest.fixture
def farm_server(request: pytest.FixtureRequest) -> FarmServer:
    """Return a server that keeps all in memory, listening on a port of its own on the loopback interface.

    For a test with ``rqd`` or ``two_rqds`` it is that of the module.
    """
    for name in ("rqd", "two_rqds"):
        if name in request.fixturenames:
            shared: SharedFarm = request.getfixturevalue(f"farm_of_{name}")
            return shared.server
    made: FarmServer = request.getfixturevalue("make_farm_server")()
    return made


@pytest.fixture
def daemons(farm_server: FarmServer) -> FakeDaemons:
    """Return host daemons of ``farm_server`` that run nothing: a frame is over when a test says so."""
    from tests.fakes.daemons import FakeDaemons

    return FakeDaemons(farm_server.farm)


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of ``clocked_server``, which stands still."""
    from tests.fakes.farm import FakeClock

    return FakeClock()


@pytest.fixture(params=[False, True], ids=["kind", "strict"])
def clocked_server(make_farm_server: MakeServer, clock: FakeClock, request: pytest.FixtureRequest) -> FarmServer:
    """Return a server with a clock of its own, once a kind one and once a strict one."""
    return make_farm_server(clock=clock, strict=request.param)


@pytest.fixture
def rqd_server(clocked_server: FarmServer) -> Iterator[RqdServer]:
    """Return a host with 4 cores and 16 GB at ``clocked_server``, whose frames do what a test says."""
    from tests.fakes.rqd_server import RqdServer

    server = RqdServer(clocked_server.port)
    yield server
    server.stop()


@pytest.fixture
def clients(clocked_server: FarmServer) -> Iterator[Clients]:
    """Return clients of ``clocked_server``."""
    from tests.farm.clients import Clients

    found = Clients(clocked_server.port)
    yield found
    found.close()


@pytest.fixture
def pycue(farm_server: FarmServer) -> Iterator[Any]:
    """Return PyCue, connected to ``farm_server``, and disconnect it afterwards."""
    opencue = pytest.importorskip("opencue", reason="the extra 'cue' is not installed")
    opencue.Cuebot.setHosts([f"127.0.0.1:{farm_server.port}"])
    yield opencue
    opencue.Cuebot.closeChannel()


@pytest.fixture
def run_at_farm(farm_server: FarmServer, tmp_path: Path) -> RunAtFarm:
    """Call pycuerun, or ``outline`` with ``tool=True``, against ``farm_server``; other keywords are variables."""
    from outline.cli import outline_main, pycuerun_main

    def call(*args: object, tool: bool = False, **env: str) -> subprocess.CompletedProcess[str]:
        main = outline_main if tool else pycuerun_main
        return call_here(main, [*args, "--server", f"127.0.0.1:{farm_server.port}"], tmp_path, env)

    return call


@pytest.fixture
def cueadmin(farm_server: FarmServer) -> Callable[..., str]:
    """Return a function that calls the unmodified cueadmin at ``farm_server`` and returns what it prints.

    Actions are forced, unless it is given the ``answer`` to the question whether to do them.
    """
    pytest.importorskip("cueadmin", reason="the extra 'clients' is not installed")

    def call(*arguments: str, answer: str | None = None) -> str:
        done = call_client("cueadmin", farm_server, *arguments, *(() if answer else ("-force",)), answer=answer or "")
        assert done.returncode == 0, done.stderr  # as it is when it has failed, too
        return done.stdout + done.stderr

    return call


@pytest.fixture(scope="session")
def rqd_environment() -> Path:
    """Return the environment with opencue-rqd, made when it is not there yet; skip where that cannot be."""
    from cuebot_stub.up.errors import FarmError
    from cuebot_stub.up.machine import check_machine
    from cuebot_stub.up.rqd_environment import ensure_rqd_environment, find_rqd_environment

    try:
        check_machine()
        if _NAMED:
            return find_rqd_environment(Path(_NAMED), print)
        if _CACHE is None:
            pytest.skip("no home folder to make the environment of RQD in")
        return ensure_rqd_environment(_CACHE, print)
    except FarmError as error:
        pytest.skip(str(error))


@pytest.fixture
def start_rqd(rqd_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartRqd]:
    """Return a function that starts an RQD at a server and waits until it has registered there.

    Arguments: the server, then by keyword those of :class:`tests.farm.hosts.Rqd`, and ``wait=False`` to return at once.
    """
    started: list[Rqd] = []
    numbers = itertools.count(1)

    def start(server: FarmServer, *, wait: bool = True, **arguments: Any) -> Rqd:
        arguments.setdefault("name", f"node{next(numbers)}")
        rqd = Rqd(rqd_environment, tmp_path_factory.mktemp("rqd"), server.port, **arguments)
        started.append(rqd)
        rqd.start()
        if wait:
            rqd.wait_registered()
        return rqd

    yield start
    for rqd in started:
        rqd.stop()


class SharedFarm(NamedTuple):
    """A server with real RQDs for all tests of a module."""

    server: FarmServer
    rqds: tuple[Rqd, ...]

    def clear(self) -> None:
        """End all jobs and forget them, and give the hosts free."""
        from cuebot_stub.farm import life, steering

        farm = self.server.farm
        while farm.jobs.pending:
            with farm.work():
                for job in list(farm.jobs.pending.values()):
                    steering.kill_job(farm, job, "the test is over")
        until(lambda: not farm.procs)
        with farm.work():
            for job in list(farm.jobs.values()):
                life.forget_job(farm, job)
            for host in farm.hosts.values():
                host.state, host.lock_state = "UP", "OPEN"


def _shared_farm(environment: Path, folders: pytest.TempPathFactory, *cores: int) -> Iterator[SharedFarm]:
    from cuebot_stub.server import FarmServer

    with ExitStack() as stack:
        server = FarmServer(log_root=folders.mktemp("frame logs"))
        server.start()
        stack.callback(server.stop, grace_seconds=0.2)
        rqds = []
        for number, count in enumerate(cores, 1):
            folder = folders.mktemp("rqd")
            home = {"HOME": str(folder), "USER": "tester", "LOGNAME": "tester"}
            rqd = Rqd(environment, folder, server.port, name=f"node{number}", cores=count, environ=home)
            stack.callback(rqd.stop)
            rqd.start()
            rqds.append(rqd)
        for rqd in rqds:
            rqd.wait_registered()
        yield SharedFarm(server, tuple(rqds))


@pytest.fixture(scope="module")
def farm_of_rqd(rqd_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedFarm]:
    """Return the server of ``rqd``, with it."""
    pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
    yield from _shared_farm(rqd_environment, tmp_path_factory, 8)


@pytest.fixture(scope="module")
def farm_of_two_rqds(rqd_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedFarm]:
    """Return the server of ``two_rqds``, with them."""
    pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
    yield from _shared_farm(rqd_environment, tmp_path_factory, 4, 4)


@pytest.fixture
def rqd(farm_of_rqd: SharedFarm) -> Iterator[Rqd]:
    """Return a real RQD with 8 cores, registered at ``farm_server``."""
    yield farm_of_rqd.rqds[0]
    farm_of_rqd.clear()


@pytest.fixture
def two_rqds(farm_of_two_rqds: SharedFarm) -> Iterator[tuple[Rqd, ...]]:
    """Return two real RQDs with 4 cores each, registered at ``farm_server``."""
    yield farm_of_two_rqds.rqds
    farm_of_two_rqds.clear()


@pytest.fixture(scope="session")
def pyoutline_environment() -> Path:
    """The environment with PyOutline; ``$PYOUTLINE_ENVIRONMENT`` names one that is there."""
    from tests.farm.pyoutline import PACKAGES

    return _environment("PYOUTLINE_ENVIRONMENT", "pyoutline-1.37", PACKAGES)


def _environment(variable: str, name: str, packages: tuple[str, ...]) -> Path:
    """An environment that a variable names, or one that is made when it is not there; skips where that cannot be."""
    from cuebot_stub.up.errors import FarmError
    from tests.farm.environments import ensure_environment

    if variable in _ENVIRONMENTS:
        return Path(_ENVIRONMENTS[variable])
    if _CACHE is None:
        pytest.skip(f"no home folder to make the environment {name} in")
    try:
        return ensure_environment(_CACHE, name, packages)
    except (FarmError, OSError) as error:
        pytest.skip(str(error))


# What CueGUI, CueSubmit and cuecmd import. CueSubmit and cuecmd ask for opencue-pyoutline: they get this library from
# the Python path. pip is told to add nothing: of the rest that they ask for, Qt's add-ons and grpcio-tools are big and
# not used.
_PYSIDE = "6.5.3" if sys.version_info < (3, 12) else "6.8.2.1"  # as CueGUI 1.37 asks for it
_CLIENTS = (
    "--no-deps",
    *(f"opencue-{name}==1.37.*" for name in ("cuegui", "cuesubmit", "cuecmd", "pycue", "proto")),
    *(f"PySide6-Essentials=={_PYSIDE}", f"shiboken6=={_PYSIDE}", "QtPy==2.4.1", "NodeGraphQt==0.6.43", "Qt.py"),
    *("future", "grpcio", "packaging", "protobuf>=4.25", "setuptools", "typing-extensions"),
    *("PyYAML", "click", "markdown-it-py", "mdurl", "psutil", "pygments", "rich"),
)


@pytest.fixture(scope="session")
def clients_environment() -> Path:
    """The environment with CueGUI, CueSubmit and cuecmd, without PyOutline. Qt must work without a screen.

    ``$CLIENTS_ENVIRONMENT`` names one that is there.
    """
    from cuebot_stub.up.rqd_environment import python_of

    environment = _environment("CLIENTS_ENVIRONMENT", "clients-1.37", _CLIENTS)
    code = "from qtpy import QtWidgets; QtWidgets.QApplication([])"
    done = subprocess.run(
        [python_of(environment), "-c", code],
        env=environ_with(QT_QPA_PLATFORM="offscreen"),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"Qt does not start: {done.stderr.strip().splitlines()[-1]}; CONTRIBUTING.md has what to install")
    return environment


@pytest.fixture
def pyoutline(pyoutline_environment: Path, farm_server: FarmServer, tmp_path: Path) -> PyOutline:
    """Return PyOutline 1.37, set up for ``farm_server``."""
    from tests.farm.pyoutline import PyOutline

    folder = tmp_path / "pyoutline"
    folder.mkdir()
    return PyOutline(pyoutline_environment, folder, farm_server)
