# SPDX-License-Identifier: Apache-2.0
"""Plug-ins are loaded late, in order, and none of them can stop a job or fail unseen."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import outline
from outline.config import config
from outline.event import BEFORE_LAUNCH, EventHandler, LaunchEvent
from outline.exception import ConfigException
from outline.plugins import PluginManager
from outline.plugins import local as local_plugin

HOME = str(Path(outline.__file__).parent.parent)
LAYER: Any = SimpleNamespace()  # Any: stands for a Layer
MakePlugin = Callable[..., str]


class FakeTool:
    """Stands for pycuerun: keeps the options and listeners that plug-ins add, as optparse would call them."""

    def __init__(self) -> None:
        self.options: dict[str, dict[str, Any]] = {}
        self.events = EventHandler(self)

    def get_parser(self) -> FakeTool:
        return self

    def add_plugin_option(self, *flags: str, **settings: Any) -> None:
        self.options.update(dict.fromkeys(flags, settings))

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        self.events.add_event_listener(event_type, callback)

    def give(self, flag: str, value: int) -> None:
        settings = self.options[flag]
        settings["callback"](None, flag, value, self, *settings["callback_args"])


@pytest.fixture(autouse=True)
def no_plugins() -> Iterator[None]:
    PluginManager.reset()
    config.set("plugin:local", "enable", "0")
    yield
    PluginManager.reset()


@pytest.fixture
def make_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePlugin]:
    """Write a plug-in and name it in the configuration; a name of its own for each test keeps ``sys.modules`` true."""
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def make(name: str, code: str, **options: str) -> str:
        (tmp_path / f"{name}.py").write_text(code)
        config[f"plugin:{name}"] = {"module": name, **options}
        made.append(name)
        return name

    yield make
    for name in made:
        sys.modules.pop(name, None)


def names() -> list[str]:
    return [plugin.__name__ for plugin in PluginManager.get_plugins()]


# -- loading -----------------------------------------------------------------------------------------------------


def test_the_library_loads_no_plugin_when_it_is_imported(unmeasured: dict[str, str]):  # fault 25
    code = (
        "import sys, outline.plugins, outline.plugins.local; slow = {'opencue', 'grpc', 'socket', 'psutil',"
        " 'importlib.metadata', 'configparser'}; sys.exit(bool(slow & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, env=unmeasured, stdin=subprocess.DEVNULL, check=False)

    assert done.returncode == 0


def test_plugins_are_loaded_when_they_are_asked_for_and_once(make_plugin: MakePlugin, tmp_path: Path):
    make_plugin("plug_once", f"import os\ndef loaded():\n    os.mkdir({str(tmp_path / 'loaded')!r})\n")
    assert PluginManager.registered_plugins == []

    assert names() == names() == ["plug_once"]
    PluginManager.load_all_plugins()

    assert names() == ["plug_once"]


def test_the_priority_gives_the_order(make_plugin: MakePlugin):
    make_plugin("plug_last", "", priority="10")
    make_plugin("plug_middle", "")
    make_plugin("plug_first", "", priority="-1")

    assert names() == ["plug_first", "plug_middle", "plug_last"]


@pytest.mark.parametrize("enable", ["0", "no", "false"])
def test_a_plugin_can_be_switched_off(enable: str, make_plugin: MakePlugin):
    make_plugin("plug_off", "", enable=enable)

    assert names() == []


def test_the_local_plugin_can_be_switched_off_by_a_variable(monkeypatch: pytest.MonkeyPatch):
    config.reload()
    assert names() == ["outline.plugins.local"]
    PluginManager.reset()
    config.reload()
    monkeypatch.setenv("OUTLINE_PLUGIN_LOCAL_ENABLE", "0")

    assert names() == []


def test_a_missing_plugin_is_named_in_one_line(make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture):
    config["plugin:gone"] = {"module": "no.such.plugin", "enable": "1"}
    make_plugin("plug_there", "")

    assert names() == ["plug_there"]
    assert caplog.messages == ["the plug-in no.such.plugin does not exist: No module named 'no'"]
    assert caplog.records[0].exc_info is None


@pytest.mark.parametrize("code", ["import no_such_module", "1 / 0", "def loaded():\n    None.attribute\n"])
def test_a_plugin_that_fails_is_left_out_with_a_traceback(
    code: str, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
):  # fault 7
    make_plugin("plug_bad", code)

    assert names() == []
    assert "the plug-in plug_bad" in caplog.messages[0]
    assert caplog.records[0].levelno == logging.WARNING
    assert "Traceback" in caplog.text
    sys.modules.pop("plug_bad", None)


def test_a_section_without_a_module_is_a_warning(caplog: pytest.LogCaptureFixture):
    config.add_section("plugin:empty")

    assert names() == []
    assert caplog.messages == ["[plugin:empty] is enabled but names no module"]


def test_a_priority_that_is_no_number_is_an_error(make_plugin: MakePlugin):
    make_plugin("plug_high", "", priority="high")

    with pytest.raises(ConfigException, match="'high' must be a whole number"):
        PluginManager.load_all_plugins()


def test_installed_packages_offer_plugins_when_that_is_switched_on(
    make_plugin: MakePlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_plugin("plug_installed", "", enable="0")
    info = tmp_path / "studio-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: studio\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[outline.plugins]\nstudio = plug_installed\n")

    assert names() == []
    PluginManager.reset()
    config.set("outline", "entry_points", "yes")

    assert names() == ["plug_installed"]


# -- calling -----------------------------------------------------------------------------------------------------


def test_a_new_layer_is_shown_to_plugins_that_want_to_see_it(make_plugin: MakePlugin):
    make_plugin("plug_blind", "")
    make_plugin("plug_seeing", "def init(layer):\n    layer.seen = True\n")
    layer: Any = SimpleNamespace()

    PluginManager.init_plugins(layer)

    assert layer.seen is True


def test_a_listener_of_a_plugin_that_frames_cannot_find_is_left_out_with_one_warning(
    make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
):
    code = "def init(layer):\n    layer.add_event_listener('BEFORE_EXECUTE', lambda event: None)\n    "
    code += "layer.add_event_listener('AFTER_EXECUTE', known)\n\ndef known(event):\n    pass\n"
    make_plugin("plug_listening", code)
    ol = outline.Outline("job", "1", current=True)
    outline.Shell("a", ["true"])
    outline.Shell("b", ["true"])

    ol.setup()

    loaded = outline.load_outline(str(ol.get_path()))
    heard = [event for event, _ in loaded.get_layer("a").get_event_handler().get_all_listeners()]
    assert heard == ["AFTER_EXECUTE"]
    assert [message for message in caplog.messages if "plug_listening" in message] == [
        "the plug-in plug_listening: frames do not call its listener init.<locals>.<lambda>;"
        " make it a function at the top of a module"
    ]


def test_a_fault_inside_a_plugin_is_logged_and_the_next_one_runs(
    make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
):  # fault 7: an AttributeError of the plug-in itself was taken for a missing function
    make_plugin("plug_faulty", "def init(layer):\n    layer.no_such_attribute\n")
    make_plugin("plug_fine", "def init(layer):\n    layer.seen = True\n")
    layer: Any = SimpleNamespace()

    PluginManager.init_plugins(layer)

    assert layer.seen is True
    assert caplog.messages == ["the plug-in plug_faulty failed in init of namespace()"]
    assert "no_such_attribute" in caplog.text


def test_one_plugin_can_see_one_layer_without_being_registered(
    make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
):
    make_plugin("plug_single", "def init(layer):\n    layer.seen = True\n", enable="0")
    layer: Any = SimpleNamespace()

    PluginManager.init_plugin("plug_single", layer)
    PluginManager.init_plugin("no_such_plugin", layer)

    assert layer.seen is True
    assert names() == []
    assert caplog.messages == ["the plug-in no_such_plugin does not exist: No module named 'no_such_plugin'"]


def test_plugins_add_options_to_the_tool(make_plugin: MakePlugin):
    make_plugin("plug_option", "def init_cuerun_plugin(cuerun):\n    cuerun.get_parser().add_plugin_option('-Z')\n")
    make_plugin("plug_none", "")
    tool = FakeTool()

    PluginManager.init_cuerun_plugins(tool)

    assert list(tool.options) == ["-Z"]


# -- the local plug-in -------------------------------------------------------------------------------------------


class FakeFarm(ModuleType):
    """Stands for the module opencue: a show, and owners of machines."""

    class CueException(Exception):
        pass

    def __init__(self, owners: tuple[str, ...] = ()) -> None:
        super().__init__("opencue")
        self.api = self
        self.owners = list(owners)
        self.deeds: list[tuple[str, str]] = []

    def findShow(self, name: str) -> FakeFarm:
        if name == "missing":
            raise self.CueException("no show missing")
        return self

    def getOwner(self, user: str) -> SimpleNamespace:
        if user not in self.owners:
            raise self.CueException(f"no owner {user}")
        return SimpleNamespace(takeOwnership=lambda host: self.deeds.append((user, host)))

    def createOwner(self, user: str) -> object:
        self.owners.append(user)
        return object()  # PyCue hands over a bare message here, which cannot do anything


class FakeOutline:
    def __init__(self) -> None:
        self.args: dict[str, Any] = {}

    def set_arg(self, key: str, value: Any) -> None:
        self.args[key] = value


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> FakeTool:
    """Give a tool to which the local plug-in has added its options."""
    monkeypatch.setattr(local_plugin, "USE_LOCAL_CORES", 1)  # put back afterwards what the options change
    monkeypatch.setattr(local_plugin, "USE_LOCAL_THREADS", 0)
    tool = FakeTool()
    local_plugin.init_cuerun_plugin(tool)
    return tool


def launch(tool: FakeTool) -> FakeOutline:
    outline = FakeOutline()
    tool.events.emit(LaunchEvent(BEFORE_LAUNCH, tool, outline=outline))
    return outline


@pytest.mark.parametrize("owners", [(), ("tester",)], ids=["new owner", "known owner"])
def test_run_local_books_cores_of_this_machine(
    owners: tuple[str, ...], tool: FakeTool, monkeypatch: pytest.MonkeyPatch
):
    farm = FakeFarm(owners)
    monkeypatch.setitem(sys.modules, "opencue", farm)
    tool.give("--run-local", 4)
    tool.give("-T", 2)

    outline = launch(tool)

    book = outline.args["localbook"]
    assert (book["cores"], book["threads"], book["gpu"]) == ("4", "2", "0")
    assert farm.deeds == [("tester", book["host"])]


def test_one_frame_uses_all_booked_cores_unless_told_otherwise(tool: FakeTool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opencue", FakeFarm())
    tool.give("-L", 4)

    assert launch(tool).args["localbook"]["threads"] == "4"


def test_nothing_is_booked_without_the_option(tool: FakeTool):
    assert launch(tool).args == {}


@pytest.mark.parametrize("farm", [None, FakeFarm()], ids=["no opencue", "no show"])
def test_a_machine_that_cannot_be_booked_is_told_and_left_out(
    farm: FakeFarm | None, tool: FakeTool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setitem(sys.modules, "opencue", farm)  # None makes the import fail
    monkeypatch.setenv("SHOW", "missing")
    tool.give("-L", 4)

    assert launch(tool).args == {}
    assert "--run-local cannot book this machine on the farm" in caplog.text


def test_half_of_the_memory_is_a_number_of_kilobytes():
    psutil = pytest.importorskip("psutil")

    half = int(local_plugin.get_half_host_memory())

    assert half == pytest.approx(psutil.virtual_memory().total / 2048, rel=0.1)


def test_the_memory_is_also_known_where_there_is_no_sysconf(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("psutil")  # on Linux it calls sysconf while it is imported
    monkeypatch.delattr(os, "sysconf")

    assert int(local_plugin.get_half_host_memory()) > 0
