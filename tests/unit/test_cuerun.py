# SPDX-License-Identifier: Apache-2.0
"""Launching: flags, backends, and the option parser of other tools."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from outline import LaunchException, Outline, OutlineException, Shell, config, cuerun, load_outline
from outline.cuerun import CuerunOptionParser, OutlineLauncher, get_launch_facility, import_backend_module
from outline.exception import ScriptException
from outline.frames import FrameRangeError
from tests.support import outline_file


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put a backend named ``fake`` in place, which notes what is launched."""
    launched: list[Any] = []
    module = ModuleType("outline.backend.fake")

    def launch(launcher: OutlineLauncher, use_pycuerun: bool = True) -> list[Any]:
        launched.append((launcher, use_pycuerun))
        return [SimpleNamespace(name="job")]

    module.launch = launch  # type: ignore[attr-defined]
    module.serialize = lambda launcher: "with hooks"  # type: ignore[attr-defined]
    module.serialize_simple = lambda launcher: "plain"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "outline.backend.fake", module)
    monkeypatch.setenv("OUTLINE_OUTLINE_BACKEND", "fake")
    return launched


def _outline(frame_range: str | None = None, **args: Any) -> Outline:
    ol = Outline("job", frame_range)
    ol.add_layer(Shell("a", ["true"], **args))
    return ol


# -- flags ----------------------------------------------------------------------------------------------------


def test_launch_sets_up_and_hands_the_flags_to_the_backend(backend: list[Any]) -> None:
    ol = _outline()

    jobs = cuerun.launch(ol, use_pycuerun=False, range="1-5", pause=True, own_flag=3)

    ((launcher, use_pycuerun),) = backend
    assert [job.name for job in jobs] == ["job"]
    assert not use_pycuerun
    assert (launcher.get("pause"), launcher.get_flag("own_flag"), launcher.get_flag("none", 4)) == (True, 3, 4)
    assert launcher.get_outline() is ol
    assert ol.get_mode() == 3
    assert ol.get_frame_range() == "1-5"


def test_flags_have_defaults_and_can_be_set() -> None:
    launcher = OutlineLauncher(_outline())

    launcher.set_flag("priority", 7)

    assert (launcher.get("priority"), launcher.get("maxretries"), launcher.get("wait")) == (7, "2", False)
    with pytest.raises(KeyError):
        launcher.get("none")


def test_flags_are_applied_to_the_outline() -> None:
    ol = _outline()
    launcher = OutlineLauncher(ol, range="3-4", user="me", shot="sh7", basename="other", env=["A=1", "B=x=y"])

    launcher.prepare()

    assert (ol.get_frame_range(), ol.get_user(), ol.get_shot(), ol.get_name()) == ("3-4", "me", "sh7", "other")
    assert ol.get_env() == {"A": ("1", False), "B": ("x=y", False)}


def test_fault_35_value_of_env_may_hold_an_equals_sign() -> None:
    ol = _outline()

    OutlineLauncher(ol, env=["A=b=c", "EMPTY="]).prepare()

    assert (ol.get_env("A"), ol.get_env("EMPTY")) == ("b=c", "")


@pytest.mark.parametrize("pair", ["A", "=x", ""])
def test_env_without_a_name_or_value_is_an_error(pair: str) -> None:
    with pytest.raises(OutlineException, match="--env needs NAME=value"):
        OutlineLauncher(_outline(), env=[pair]).prepare()


def test_fault_17_facility_of_the_caller_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_TO", "paris")
    ol = _outline()
    by_environment = OutlineLauncher(ol).get("facility")
    ol.set_facility("rome")

    assert by_environment == "paris"
    assert OutlineLauncher(ol).get("facility") == "rome"
    assert OutlineLauncher(ol, facility="london").get("facility") == "london"


def test_facility_comes_from_the_environment_or_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_launch_facility() == "local"
    monkeypatch.setenv("FACILITY", "rome")
    assert get_launch_facility() == "rome"
    monkeypatch.setenv("RENDER_TO", "paris")
    assert get_launch_facility() == "paris"


@pytest.mark.parametrize(
    ("own", "default", "expected"),
    [("5-6", True, None), ("5-6", False, "1-2"), (None, True, "1-2")],
    ids=["all have their own", "asked for", "one has none"],
)
def test_range_of_the_environment_yields_to_the_layers_own(
    own: str | None, default: bool, expected: str | None
) -> None:
    ol = _outline(range=own)

    OutlineLauncher(ol, range="1-2", range_default=default).prepare()

    assert ol.get_frame_range() == expected


def test_fault_50_launching_changes_nothing_in_the_process(backend: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = dict(os.environ)

    cuerun.launch(_outline(), range="1", shot="sh9")

    assert dict(os.environ) == before


@pytest.mark.parametrize(("name", "expected"), [("a_2024_01_02_03_04", "a"), ("shot_2024", "shot_2024")])
def test_only_a_time_stamp_is_taken_off_the_name(name: str, expected: str) -> None:
    ol = Outline(name)

    OutlineLauncher(ol).prepare()

    assert ol.get_name() == expected


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"max_retry": 0}, "unknown launch flag 'max_retry'; did you mean 'max_retries'?"),
        ({"retries": 1, "backend": "local"}, "unknown launch flag 'retries'"),
        ({"colour": "red", "backend": "cue"}, "unknown launch flag 'colour'"),
        ({"wait": "no"}, "wait must be True or False, not 'no'"),
        ({"env": "A=1"}, "env must be a list, not 'A=1'"),
        ({"cores": 0, "backend": "local"}, "cores must be a number above 0, not 0"),
        ({"memory": 0, "backend": "local"}, "memory must be more than 0, not 0"),
        ({"max_retries": -1, "backend": "local"}, "maxretries must be a number from 0 on, not -1"),
    ],
    ids=str,
)
def test_flag_that_nothing_reads_or_understands_is_refused(
    flags: dict[str, Any], problem: str, backend: list[Any]
) -> None:
    with pytest.raises((TypeError, LaunchException), match=re.escape(problem)):
        cuerun.launch(_outline("1"), **flags)


@pytest.mark.parametrize(("name", "value"), [("cores", "many"), ("memory", "much")])
def test_setting_that_means_nothing_is_named_with_its_section(name: str, value: str, backend: list[Any]) -> None:
    config.set("local", name, value)

    with pytest.raises(LaunchException, match=rf"^\[local\] {name}.*'{value}'"):
        cuerun.launch(_outline("1"), backend="local")


def test_flags_may_be_spelt_as_on_the_command_line(backend: list[Any]) -> None:
    cuerun.launch(_outline("1"), max_retries=0, base_name="other", no_mail=True, env={"A": "1"}, dev_user="jo")

    launcher = backend[0][0]
    names = ("maxretries", "max_retries", "basename", "nomail", "env", "devuser")
    assert [launcher.get_flag(name) for name in names] == [0, 0, "other", True, ["A=1"], "jo"]


def test_what_is_no_outline_cannot_be_launched() -> None:
    with pytest.raises(TypeError, match="a launch needs an Outline, not None"):
        cuerun.launch(None)  # type: ignore[arg-type]


# -- launching again ------------------------------------------------------------------------------------------


def test_outline_that_is_set_up_is_launched_as_it_is(backend: list[Any]) -> None:
    ol = _outline("1-4")
    ol.setup()

    cuerun.launch(ol)

    assert backend[0][0].get_outline() is ol


class EqualOutline(Outline):
    """Cannot be a key of a dict."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outline)


@pytest.mark.parametrize("cls", [Outline, EqualOutline])
def test_every_launch_of_an_outline_is_a_job_of_its_own(backend: list[Any], cls: type[Outline]) -> None:
    ol = cls("job")
    ol.add_layer(Shell("a", ["true"]))

    cuerun.launch(ol, range="1-5")
    cuerun.launch(ol, range="1-2")

    first, second = (launcher.get_outline() for launcher, _ in backend)
    assert first.get_session().get_path() != second.get_session().get_path()
    assert (first.get_frame_range(), second.get_frame_range()) == ("1-5", "1-2")


def test_fault_51_loaded_outline_is_launched_again(backend: list[Any]) -> None:
    ol = _outline("1-4")
    ol.setup()

    cuerun.launch(load_outline(str(ol.get_path())))

    assert backend[0][0].get_outline().get_session().get_path() != ol.get_session().get_path()


def test_outline_is_serialized_by_the_backend(backend: list[Any]) -> None:
    assert OutlineLauncher(_outline()).serialize() == "with hooks"
    assert OutlineLauncher(_outline()).serialize(use_pycuerun=False) == "plain"


def test_script_that_cannot_launch_says_its_line(tmp_path: Path, backend: list[Any]) -> None:
    script = outline_file(tmp_path, "from outline import Outline, cuerun\ncuerun.launch(Outline('empty'))\n")

    with pytest.raises(ScriptException, match=r"shot\.outline:2: outline 'empty' has no layers"):
        load_outline(str(script))


# -- backends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nope", "../local", "local.job", ""])
def test_unknown_backend_names_the_local_one(name: str) -> None:
    with pytest.raises(LaunchException, match=r"no backend .*use --backend local to run on this machine"):
        import_backend_module(name)


def test_fault_05_backend_that_lacks_a_package_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import outline.backend

    (tmp_path / "lacking.py").write_text("import no_such_package\n")
    monkeypatch.setattr(outline.backend, "__path__", [*outline.backend.__path__, str(tmp_path)])

    with pytest.raises(LaunchException, match=r"cannot be used here, it needs the package 'no_such_package'; .*local"):
        import_backend_module("lacking")


def test_nothing_is_set_up_for_a_backend_that_is_not_there(session_root: Path) -> None:
    with pytest.raises(LaunchException):
        cuerun.launch(_outline(), backend="nope", range="1")

    assert not session_root.exists()


def test_local_backend_returns_jobs_and_test_raises() -> None:
    ol, failing = _outline(), Outline("failing")
    failing.add_layer(Shell("dies", ["false"]))

    (job,) = cuerun.launch(ol, backend="local", range="1-3", wait=True)

    assert (job.name, job.state, job.counts) == ("testing-default-tester_job", "FINISHED", {"SUCCEEDED": 3})
    with pytest.raises(OutlineException, match="failing failed, dead frames: 0001-dies"):
        cuerun.launch(failing, backend="local", range="1", test=True, maxretries=0)


# -- the option parser ----------------------------------------------------------------------------------------


def test_option_parser_of_other_tools_reads_the_standard_options() -> None:
    parser = CuerunOptionParser()
    parser.add_plugin_option("--studio", dest="studio")

    options, rest = parser.parse_args(
        ["shot.outline", "-b", "local", "--range", "1-3", "-p", "--env", "A=b=c", "--env", "B=1", "--studio", "x"]
    )
    parser.handle_standard_options(options, rest)
    args = parser.options_to_args(options)

    assert rest == ["shot.outline"]
    assert (args["backend"], args["range"], args["pause"], args["env"]) == ("local", "1-3", True, ["A=b=c", "B=1"])
    assert options.studio == "x"


def test_option_of_another_tool_takes_the_place_of_one_that_pyoutline_has_not() -> None:
    parser = CuerunOptionParser()
    parser.add_option_group("Mine").add_option("-j", "--jobid", dest="mine")

    options, _ = parser.parse_args(["-j", "5", "--base-name", "shot"])

    assert (options.mine, options.basename) == ("5", "shot")


def test_fault_16_range_of_the_environment_is_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FR", "1-3")
    options, given = SimpleNamespace(), SimpleNamespace()

    CuerunOptionParser.setup_frame_range(options)
    CuerunOptionParser.setup_frame_range(given, "5-6")

    assert (options.range, options.range_default) == ("1-3", True)
    assert (given.range, given.range_default) == ("5-6", False)


def test_wrong_range_of_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FR", "1..3")

    with pytest.raises(FrameRangeError):
        CuerunOptionParser.setup_frame_range(SimpleNamespace())
