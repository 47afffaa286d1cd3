# SPDX-License-Identifier: Apache-2.0
"""One frame of a session: its exit code, its environment, and whether commands alone are enough."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import Layer, LayerException, Outline, Shell, ShellCommand, ShellScript, ShellSequence, load_outline
from outline.cuerun import execute_frame, load_session_frame
from outline.frame_run import begin_commands, begins_before_fork, prepare_environment, run_frame, runs_only_commands
from outline.io import Path as IoPath
from outline.modules.tutorial import HelloModule


class Does(Layer):
    """Does what the test says."""

    action: Callable[[Any], None]

    def _execute(self, frames: Any) -> None:
        type(self).action(frames)


def _does(action: Callable[[Any], None]) -> Layer:
    Does.action = action
    ol = Outline("job", "1-4", current=True)
    Does("a")
    ol.setup()
    return load_outline(str(ol.get_path())).get_layer("a")


def _exits(code: object) -> Callable[[Any], None]:
    return lambda frames: sys.exit(code)  # type: ignore[arg-type]


def _raises(error: BaseException) -> Callable[[Any], None]:
    def raise_it(frames: Any) -> None:
        raise error

    return raise_it


# -- exit codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "status", "words"),
    [
        (lambda frames: None, 0, ""),
        (_exits(0), 0, ""),
        (_exits(None), 0, ""),
        (_exits(3), 3, ""),
        (_exits("no licence"), 1, "no licence\n"),
        (_raises(RuntimeError("broken")), 1, "RuntimeError: broken\n"),
        (_raises(KeyboardInterrupt()), 1, "KeyboardInterrupt\n"),
        (_raises(LayerException("wrong")), 1, "outline: wrong\n"),
    ],
    ids=["fine", "exit 0", "exit", "exit 3", "exit text", "error", "interrupt", "own error"],
)
def test_exit_code_tells_how_the_frame_ended(
    action: Callable[[Any], None], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = _does(action)

    assert run_frame(layer, 1) == status
    assert capsys.readouterr().err.endswith(words)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["no-such-command"], 127),
        (["true"], 0),
    ],
    ids=["status", "signal", "not found", "fine"],
)
def test_fault_22_exit_code_of_a_command_is_that_of_the_frame(
    command: list[str], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    ol = Outline("job", "1", current=True)
    layer = Shell("a", command)
    ol.setup()

    assert run_frame(layer, 1) == status
    assert ("outline: command" in capfd.readouterr().err) == (status != 0)


# -- by hand --------------------------------------------------------------------------------------------------


def test_frame_on_a_farm_does_not_know_which_attempt_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ol = Outline("job", "1-4", current=True)
    layer = Shell("a", ["true"])
    ol.setup()
    monkeypatch.setattr(os, "environ", {**os.environ, "CUE_IFRAME": "3"})

    prepare_environment(ol, layer, 3)

    assert "OL_ATTEMPT" not in os.environ
    assert os.environ["CUE_LAYER"] == "a"


def test_frame_that_is_run_by_hand_gets_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    ol = Outline("job", "1-4", current=True)
    ol.set_env("EARLY", "1", pre=True)
    layer = Shell("a", ["true"], chunk=2)
    ol.setup()
    monkeypatch.setattr(os, "environ", os.environ.copy())

    prepare_environment(ol, layer, 3)

    names = ["CUE_FRAME", "CUE_IFRAME", "CUE_LAYER", "CUE_RANGE", "CUE_CHUNK", "CUE_JOB", "EARLY"]
    assert [os.environ[name] for name in names] == ["0003-a", "3", "a", "1-4", "2", ol.get_full_name(), "1"]


def test_variables_of_a_farm_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ol = Outline("job", "1-4", current=True)
    layer = Shell("a", ["true"])
    ol.setup()
    monkeypatch.setattr(os, "environ", {**os.environ, "CUE_IFRAME": "3", "CUE_JOB_ID": "farm", "CUE_FRAME": "0003-a"})

    prepare_environment(ol, layer, 3)

    assert (os.environ["CUE_JOB_ID"], os.environ["CUE_LAYER"]) == ("farm", "a")


def test_only_sessions_have_frames(tmp_path: Path) -> None:
    script = tmp_path / "shot.outline"
    script.write_text("from outline import Layer\nLayer('a')\n")

    with pytest.raises(Exception, match=r"is not in a session, and only a session's outline\.yaml has frames to run"):
        execute_frame(str(script), "a", 1)


def test_unknown_layer_is_named() -> None:
    ol = Outline("job", "1-4", current=True)
    Shell("beauty", ["true"], chunk=2)
    ol.setup()

    with pytest.raises(LayerException, match="no layer 'beauti' in this outline; did you mean 'beauty'"):
        load_session_frame(str(ol.get_path()), "beauti", 1)


def test_a_frame_outside_of_the_range_runs_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("job", "1-4", current=True)
    Shell("beauty", ["true"], chunk=2)
    ol.setup()

    execute_frame(str(ol.get_path()), "beauty", 9)

    assert "9" in caplog.text
    assert "1-4" in caplog.text


# -- commands alone -------------------------------------------------------------------------------------------


class OwnCommand(Shell):
    """Says only which command."""

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, ["echo", "own"], **args)

    def _setup(self) -> None:
        self.set_arg("scene", "x")


class OwnExecute(Shell):
    """Has Python that runs with the frame."""

    def _execute(self, frames: Any) -> None:
        super()._execute(frames)


class OwnHook(ShellCommand):
    """Has an old hook."""

    def _pre_execute(self) -> None:
        pass


class OwnCommands(Shell):
    """Computes its commands in the frame."""

    def frame_commands(self, frames: Any) -> list[tuple[Any, int | None]]:
        return [(["true"], None)]


class OwnHelper(Shell):
    """Has Python that nothing of the library calls, and data in the place of the library's."""

    declared_args = ("scene",)

    def shots(self) -> list[str]:
        return []


class OwnLookUp(Shell):
    """Answers for names that are not there."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class OwnArgument(Shell):
    """Computes an argument whenever it is asked for."""

    def get_arg(self, key: str, default: Any = None) -> Any:
        return super().get_arg(key, default)


def _with_child() -> Layer:
    layer = Shell("a", ["true"])
    layer.add_child(Shell("b", ["true"], register=False))
    return layer


def _with_listener() -> Layer:
    layer = Shell("a", ["true"])
    layer.add_event_listener("AFTER_EXECUTE", print)
    return layer


def _with_function() -> Layer:
    layer = Shell("a", ["true"])
    layer._execute = print  # type: ignore[method-assign,assignment]
    return layer


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Shell("a", ["true"]), True),
        (lambda: ShellCommand("a", ["true"]), True),
        (lambda: ShellSequence("a", [["true"]]), True),
        (lambda: ShellScript("a", "/x"), True),
        (lambda: OwnCommand("a"), True),
        (lambda: OwnHelper("a", ["true"]), True),
        (lambda: OwnArgument("a", ["true"]), False),
        (lambda: OwnLookUp("a", ["true"]), False),
        (lambda: OwnExecute("a", ["true"]), False),
        (lambda: OwnHook("a", ["true"]), False),
        (lambda: OwnCommands("a", ["true"]), False),
        (lambda: HelloModule("a"), False),
        (lambda: Shell("a", ["true"], python_path=["/x"]), False),
        (_with_child, False),
        (_with_listener, False),
        (_with_function, False),
    ],
)
def test_python_of_a_user_is_never_left_out(make: Callable[[], Layer], expected: bool) -> None:
    assert runs_only_commands(make()) is expected


class OwnWork(Layer):
    """Has Python for its work, and nothing before."""

    def _execute(self, frames: Any) -> None: ...

    def _after_execute(self) -> None: ...


class OwnBefore(OwnWork):
    """Makes something ready."""

    def _before_execute(self) -> None: ...


class OwnRange(OwnWork):
    """Says by itself what a chunk is."""

    def get_local_frame_set(self, start_frame: int) -> Any:
        return super().get_local_frame_set(start_frame)


def _with_early_listener() -> Layer:
    layer = OwnWork("a")
    layer.add_event_listener("BEFORE_EXECUTE", print)
    return layer


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: OwnWork("a"), True),
        (_with_listener, True),
        (_with_child, True),
        (lambda: OwnBefore("a"), False),
        (lambda: OwnRange("a"), False),
        (lambda: OwnHook("a", ["true"]), False),
        (lambda: OwnWork("a", python_path=["/x"]), False),
        (_with_early_listener, False),
        (_with_function, False),
    ],
)
def test_no_python_of_a_user_runs_before_the_process_of_its_frame(make: Callable[[], Layer], expected: bool) -> None:
    assert begins_before_fork(make()) is expected


def test_commands_are_ready_to_start() -> None:
    ol = Outline("job", "1-4", current=True)
    ol.set_env("LATE", "outline")
    layer = Shell("a", ["echo", "%{FRAME}", 3], chunk=2, env={"WHO": "layer"})
    ol.setup()
    environ = {"CUE_IFRAME": "3"}

    commands = begin_commands(layer, 3, environ, is_plain=False).commands

    assert commands == [["echo", "3", "3"], ["echo", "4", "3"]]
    assert (environ["OL_LAYER_RANGE"], environ["LATE"], environ["WHO"]) == ("3-4", "outline", "layer")


def test_commands_are_refused_without_their_input(tmp_path: Path) -> None:
    ol = Outline("job", "1", current=True)
    layer = Shell("a", ["true"])
    layer.add_input("plate", IoPath(tmp_path / "none", checked=True))
    ol.setup()

    with pytest.raises(LayerException, match="input 'plate' is missing"):
        begin_commands(layer, 1, {}, is_plain=False)
