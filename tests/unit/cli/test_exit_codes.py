# SPDX-License-Identifier: Apache-2.0
"""Who is to blame for an error, what is printed about it, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from outline.cli import _guarded, outline_main, pycuerun_main
from outline.exception import FileSpecException, LayerException


def raising(error: BaseException) -> Callable[[list[str]], int]:
    """Return a main function of ours that raises; its code counts as the library's."""
    space = {"__name__": "outline.somewhere", "error": error}
    exec("def main(argv):\n    raise error\n", space)
    return space["main"]  # type: ignore[return-value]


def user_code(argv: list[str]) -> int:
    raise ValueError("two\nlines")


@pytest.mark.parametrize("error", [LayerException("no such layer"), FileSpecException("no such pattern")], ids=repr)
def test_an_expected_error_is_one_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    code = _guarded(raising(error), [], "pycuerun")

    assert (code, capsys.readouterr().err) == (2, f"pycuerun: {error}\n")


def test_an_error_of_somebody_elses_code_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    code = _guarded(user_code, [], "pycuerun")

    err = capsys.readouterr().err
    assert code == 2
    assert err.count("\n") == 1
    assert f"{__file__}:" in err
    assert "ValueError: two lines; --debug shows the traceback" in err


@pytest.mark.parametrize("main", [raising(LayerException("no such layer")), user_code], ids=["ours", "theirs"])
@pytest.mark.parametrize("flag", ["-D", "--debug"])
def test_debug_shows_the_traceback(
    main: Callable[[list[str]], int], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _guarded(main, [flag], "pycuerun")

    assert (code, "Traceback" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize(
    "main",
    [raising(KeyError("k")), lambda argv: raising(KeyError("k"))(argv) and json.loads("")],
    ids=["library", "standard library"],
)
def test_a_fault_of_ours_shows_a_traceback_and_has_its_own_code(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outline.cli._OURS", frozenset(["outline", __name__.partition(".")[0]]))

    code = _guarded(main, [], "pycuerun")

    err = capsys.readouterr().err
    assert code == 70
    assert "Traceback" in err
    assert "this is a fault of outline, not yours" in err


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    code = _guarded(raising(KeyboardInterrupt()), [], "outline")

    assert (code, capsys.readouterr().err) == (130, "outline: interrupted\n")


@pytest.mark.parametrize(
    ("program", "module"), [(outline_main, "tool"), (pycuerun_main, "pycuerun")], ids=["outline", "pycuerun"]
)
def test_an_interrupt_while_a_program_loads_is_130(
    program: Callable[[list[str]], int],
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted:
        """Somebody presses Ctrl-C as the module is looked for."""

        def find_spec(self, *_: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, f"outline.cli.{module}", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])

    code = program([])

    assert code == 130
    assert capsys.readouterr().err.endswith(": interrupted\n")
