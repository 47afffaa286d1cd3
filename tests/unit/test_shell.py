# SPDX-License-Identifier: Apache-2.0
"""Layers that run commands, and one that runs Python code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import (
    Layer,
    LayerException,
    Outline,
    PyEval,
    Shell,
    ShellCommand,
    ShellCommandFailureException,
    ShellScript,
    ShellSequence,
    load_outline,
)
from outline.constants import LayerType
from outline.layer import OutlinePostCommand
from outline.modules.shell import shell
from outline.modules.tutorial import HelloModule


@pytest.fixture
def ol() -> Outline:
    """Make the current outline of ten frames."""
    return Outline("job", "1-10", current=True)


def _run(ol: Outline, name: str, frame: int) -> None:
    if ol.get_mode() == 1:
        ol.setup()
    load_outline(str(ol.get_path())).get_layer(name).execute(frame)


def _out(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return capfd.readouterr().out.splitlines()


def test_command_is_the_second_argument_or_a_keyword() -> None:
    assert Shell("a", ["ls", "-l"]).get_arg("command") == ["ls", "-l"]
    assert Shell("a", command="ls -l").get_arg("command") == "ls -l"
    assert shell("a", ["ls"]).get_arg("command") == ["ls"]
    assert ShellCommand("a", ["ls"]).get_arg("command") == ["ls"]


PYTHON = "import os\ndef show(): return [os.sep, list(frames), self.get_name()]\nprint(show())\n"


@pytest.mark.parametrize(
    ("make", "frame", "out"),
    [
        pytest.param(
            lambda: Shell("a", ["echo", "%{FRAME}", "%{ZFRAME}", "#IFRAME#", "a.#.exr"], chunk=2),
            3,
            ["3 0003 3 a.#.exr", "4 0004 4 a.#.exr"],
            id="once for every frame of the chunk",
        ),
        pytest.param(
            lambda: Shell("a", ["echo", "#FRAME_START#-#FRAME_END#", "#FRAMESPEC#"], chunk=4),
            9,
            ["9-10 9-10"],
            id="once when it names its chunk",
        ),
        pytest.param(
            lambda: Shell("a", ["printf", "<%s>", "two words", "", "a;b", "$HOME", "'\"", "*"]),
            1,
            ["<two words><><a;b><$HOME><'\"><*>"],
            id="fault 13: a list is passed untouched",
        ),
        pytest.param(
            lambda: Shell("a", "printf '<%s>' 'two words' one"), 1, ["<two words><one>"], id="a text is split once"
        ),
        pytest.param(
            lambda: PyEval("a", PYTHON, chunk=3), 4, ["['/', [4, 5, 6], 'a']"], id="Python code sees layer and frames"
        ),
        pytest.param(
            lambda: HelloModule("a", chunk=2),
            7,
            ["Hello Frame Number #7", "Hello Frame Number #8"],
            id="a module greets every frame",
        ),
    ],
)
def test_a_chunk_runs_what_its_layer_says(
    ol: Outline, capfd: pytest.CaptureFixture[str], make: Callable[[], Layer], frame: int, out: list[str]
) -> None:
    make()

    _run(ol, "a", frame)

    assert _out(capfd) == out


@pytest.mark.parametrize(
    "command", [["echo", "-filein", "blah.#.exr", "b_####.png"], "echo -filein blah.#.exr b_####.png"]
)
def test_hashes_are_the_frame_where_nothing_else_is(
    ol: Outline, capfd: pytest.CaptureFixture[str], command: Any
) -> None:
    Shell("a", command, chunk=2)

    _run(ol, "a", 3)

    assert _out(capfd) == ["-filein blah.0003.exr b_0003.png", "-filein blah.0004.exr b_0004.png"]


@pytest.mark.parametrize(
    "make",
    [
        lambda command: Shell("a", command, expand_hashes=False),
        lambda command: ShellCommand("a", command),
        lambda command: ShellSequence("a", [command]),
        lambda command: _Asks("a", command=command),
    ],
    ids=["not wanted", "one frame", "sequence", "system()"],
)
def test_hashes_are_left_to_the_program_elsewhere(
    ol: Outline, capfd: pytest.CaptureFixture[str], make: Callable[[Any], Layer]
) -> None:
    make(["echo", "--frames", "1-4", "a.####.png"])

    _run(ol, "a", 1)

    assert _out(capfd) == ["--frames 1-4 a.####.png"]


class _Asks(Layer):
    """Calls ``system`` by itself, as modules of PyOutline do."""

    def _execute(self, frames: Any) -> None:
        self.system(self.get_arg("command"), frame=frames[0])


@pytest.mark.parametrize("frame", [0, -2])
def test_fault_19_tokens_are_replaced_for_frame_0_and_negative_frames(
    frame: int, capfd: pytest.CaptureFixture[str]
) -> None:
    ol = Outline("job", "-2-2", current=True)
    Shell("a", ["echo", "%{FRAME}"])

    _run(ol, "a", frame)

    assert _out(capfd) == [str(frame)]


def test_fault_22_failed_command_is_told_with_status_and_last_lines(
    ol: Outline, capfd: pytest.CaptureFixture[str]
) -> None:
    Shell("a", ["sh", "-c", "echo working; echo no licence >&2; exit 7"])

    with pytest.raises(ShellCommandFailureException) as caught:
        _run(ol, "a", 1)

    assert caught.value.exit_status == 7
    assert str(caught.value).splitlines()[0].startswith("command failed with exit status 7: sh -c ")
    assert "    no licence" in str(caught.value)
    assert _out(capfd) == ["working", "no licence"]


def test_command_is_required(ol: Outline) -> None:
    Shell("a")

    with pytest.raises(LayerException, match=r"layer 'a' .*: Shell needs the argument 'command'"):
        ol.setup()


# -- the family -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: Shell("a", ["echo", None]),
        lambda: ShellCommand("a", ("echo", None)),
        lambda: ShellSequence("a", [["true"], ["echo", None]]),
        lambda: OutlinePostCommand("a", command=["echo", None]),
    ],
    ids=["Shell", "ShellCommand", "ShellSequence", "OutlinePostCommand"],
)
def test_none_in_a_command_is_refused_before_the_launch(ol: Outline, make: Callable[[], Layer]) -> None:
    make()

    with pytest.raises(LayerException, match=r"layer 'a' \(test_shell\.py:\d+\): the command .* has None for a word"):
        ol.setup()


@pytest.mark.parametrize(("frame", "chunk", "expected"), [(2, 1, ["two"]), (1, 2, ["one", "two"]), (3, 2, ["three"])])
def test_sequence_runs_one_command_per_frame(
    ol: Outline, capfd: pytest.CaptureFixture[str], frame: int, chunk: int, expected: list[str]
) -> None:
    layer = ShellSequence("a", [["echo", "one"], "echo two", ["echo", "three"]], chunk=chunk)

    _run(ol, "a", frame)

    assert layer.get_frame_range() == "1-3"
    assert _out(capfd) == expected


def test_sequence_takes_its_commands_by_keyword() -> None:
    assert ShellSequence("a", commands=["x", "y"]).get_arg("range") == "1-2"


@pytest.mark.parametrize("args", [{}, {"commands": []}], ids=["none", "empty"])
def test_sequence_needs_commands(args: Any) -> None:
    with pytest.raises(LayerException, match="needs the argument 'commands', a list of commands"):
        ShellSequence("a", **args)


def test_sequence_keeps_its_commands_when_the_job_has_fewer_frames(capfd: pytest.CaptureFixture[str]) -> None:
    ol = Outline("job", "2-3", current=True)
    ShellSequence("a", [["echo", "one"], ["echo", "two"], ["echo", "three"]])

    _run(ol, "a", 2)

    assert _out(capfd) == ["two"]


def test_shell_command_is_one_frame(ol: Outline, capfd: pytest.CaptureFixture[str]) -> None:
    layer = ShellCommand("a", ["echo", "%{FRAME}"])

    _run(ol, "a", 1)

    assert layer.get_frame_range() == "1"
    assert _out(capfd) == ["1"]


def test_shell_script_is_copied_and_run(ol: Outline, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "my script.sh"
    script.write_text('#!/bin/sh\necho "from $(basename "$0")"\n')
    ShellScript("a", str(script))
    ol.setup()
    script.write_text("#!/bin/sh\necho changed\n")

    _run(ol, "a", 1)

    assert _out(capfd) == ["from script"]


def test_shell_script_that_is_missing_fails_the_launch(ol: Outline) -> None:
    ShellScript("a", script="/no/such/script")

    with pytest.raises(Exception, match=r"layer 'a' \(test_shell\.py:\d+\): cannot copy /no/such/script"):
        ol.setup()


def test_error_in_python_code_fails_the_frame(ol: Outline) -> None:
    PyEval("a", "1 / 0")

    with pytest.raises(ZeroDivisionError):
        _run(ol, "a", 1)


class Runs(Layer):
    """Shells out by itself."""

    def _execute(self, frames: Any) -> None:
        self.system(["sh", "-c", "exit 3"], ignore_error=True)
        self.system(["echo", "%{FRAME}"], frame=frames[0])
        self.system(["sh", "-c", "echo $WHO"])


def test_modules_shell_out_with_the_environment_of_the_frame(ol: Outline, capfd: pytest.CaptureFixture[str]) -> None:
    Runs("a", env={"WHO": "me"}, type=LayerType.UTIL)

    _run(ol, "a", 5)

    assert _out(capfd) == ["5", "me"]
    assert "WHO" not in os.environ


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda: Shell("a", 5), "a command is a list of words or a text, not 5"),
        (lambda: Shell("a", []), r"the command \[\] is empty"),
        (lambda: Shell("a", "  "), "the command '  ' is empty"),
        (lambda: ShellCommand("a", ()), r"the command \(\) is empty"),
        (lambda: ShellSequence("a", [["ls"], []]), r"the command \[\] is empty"),
    ],
    ids=["number", "no words", "blanks", "tuple", "one of several"],
)
def test_command_that_can_never_run_is_found_at_the_launch(made: Any, problem: str) -> None:
    ol = Outline("job", "1")
    ol.add_layer(made())

    with pytest.raises(LayerException, match=rf"layer 'a' \(test_shell\.py:\d+\): {problem}"):
        ol.setup()


def test_command_that_a_hook_makes_later_may_be_empty_at_first() -> None:
    class Late(Shell):
        def _setup(self) -> None:
            self.set_arg("command", ["ls"])

    ol = Outline("job", "1")
    ol.add_layer(Late("a", []))

    ol.check()
    ol.get_layers()[0].check_required_args()
