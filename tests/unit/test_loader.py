# SPDX-License-Identifier: Apache-2.0
"""Outlines: where they come from, what is common to their layers, and setting them up."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from outline import (
    Frame,
    Layer,
    LayerException,
    LayerNotFound,
    OutlineException,
    SerializeException,
    Shell,
    current_outline,
    load_json,
    load_outline,
)
from outline.constants import OUTLINE_MODE_INIT, OUTLINE_MODE_READY, OUTLINE_MODE_SETUP
from outline.frames import FrameRangeError, FrameSet
from outline.loader import Outline, quick_outline
from tests.support import outline_file

# -- where they come from -------------------------------------------------------------------------------------


def test_fault_23_missing_file_fails_at_once() -> None:
    begun = time.monotonic()

    with pytest.raises(OutlineException, match=r"no outline file nope\.outline; current folder is "):
        load_outline("nope.outline")

    assert time.monotonic() - begun < 10


def test_file_that_comes_late_is_waited_for_when_that_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_WAIT_FOR_FILE_SECONDS", "0.3")
    begun = time.monotonic()

    with pytest.raises(OutlineException, match="no outline file"):
        load_outline(str(tmp_path / "late.outline"))

    assert time.monotonic() - begun >= 0.3


def test_folder_is_no_outline(tmp_path: Path) -> None:
    with pytest.raises(OutlineException, match="is a folder, not an outline file"):
        load_outline(str(tmp_path))


def test_script_gives_the_outline_its_name(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "from outline import Layer\nLayer('a')\n", name="my shot 1.outline")

    ol = load_outline(str(script))

    assert (ol.get_name(), ol.get_path()) == ("my_shot_1", str(script))


def test_json_describes_an_outline() -> None:
    text = json.dumps(
        {
            "name": "job",
            "range": "1-10",
            "facility": "here",
            "maxcores": 4,
            "maxgpus": 1,
            "layers": [
                {"name": "cmd", "module": "outline.modules.shell.Shell", "command": ["ls"], "env": {"A": "1"}},
                {
                    "name": "last",
                    "module": "outline.modules.shell.ShellCommand",
                    "command": "ls",
                    "require": ["cmd:all"],
                },
            ],
        }
    )

    ol = load_json(text)
    ol.setup_depends()

    assert (ol.get_name(), ol.get_frame_range(), ol.get_facility()) == ("job", "1-10", "here")
    assert (ol.get_maxcores(), ol.get_maxgpus()) == (4, 1)
    assert ol.get_layer("cmd").get_env("A") == "1"
    assert str(ol.get_layer("last").get_depends()[0].get_depend_on_layer()) == "cmd"


def test_fault_26_json_leaves_no_current_outline() -> None:
    load_json('{"layers": []}')

    assert current_outline() is None


def test_json_file_gives_the_outline_its_name(tmp_path: Path) -> None:
    path = tmp_path / "shot.json"
    path.write_text('{"layers": [{"name": "a", "module": "outline.layer.Layer"}]}')

    assert load_outline(str(path)).get_name() == "shot"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "needs an object with a list 'layers'"),
        ('{"layers": {}}', "needs an object with a list 'layers'"),
        ('{"layers": [1]}', "layer 1: needs a 'name' and a 'module'"),
        ('{"layers": [{"name": "a"}]}', "layer 1: needs a 'name' and a 'module'"),
        ('{"layers": [{"name": "a", "module": "no.such.Mod"}]}', r"layer 1 \(a\): cannot import no.such: "),
        ('{"layers": [{"name": "a", "module": "outline.layer.No"}]}', "outline.layer.No is not a Layer class"),
        ('{"layers": [{"name": "a", "module": "Shell"}]}', "needs a 'name' and a 'module' such as"),
        ('{"layers": [{"name": "a", "module": "os.system"}]}', "os is a module of Python itself"),
        ('{"layers": [{"name": "a b", "module": "outline.layer.Layer"}]}', "illegal character ' '"),
        ('{"layers": [{"name": "a", "module": "outline.modules.shell.Shell", "chunks": 3}]}', "did you mean 'chunk'"),
        ('{"layers": [{"name": "a", "module": "outline.modules.shell.PyEval"}]}', "missing 1 required"),
        ('{"layers": [], "range": "1..4"}', "1..4"),
    ],
)
def test_what_is_wrong_with_json_is_said(text: str, problem: str) -> None:
    with pytest.raises(OutlineException, match=problem):
        load_json(text)


def test_quick_outline_holds_one_layer() -> None:
    ol = quick_outline(Layer("a"))

    assert (ol.get_name(), list(map(str, ol.get_layers()))) == ("a", ["a"])


def test_fault_51_loaded_outline_can_be_launched_again() -> None:
    ol = Outline("job", "1-4", current=True)
    Shell("a", ["true"])
    ol.setup()
    loaded = load_outline(str(ol.get_path()))

    loaded.set_frame_range("1-2")
    loaded.setup()

    assert loaded.get_mode() == OUTLINE_MODE_READY
    assert loaded.get_session().get_path() != ol.get_session().get_path()
    assert load_outline(str(loaded.get_path())).get_frame_range() == "1-2"
    assert load_outline(str(ol.get_path())).get_frame_range() == "1-4"


# -- settings -------------------------------------------------------------------------------------------------


def test_range_is_the_second_argument() -> None:
    assert Outline("n", "1-1000").get_frame_range() == "1-1000"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1-10", "1-10"), ("", None), (" ", None), (None, None), (5, "5"), ([1, 2, 3], "1-3"), (FrameSet("3-1"), "3-1")],
)
def test_frame_range_is_taken_in_any_form(given: Any, expected: str | None) -> None:
    ol = Outline("n", given)

    frames = ol.get_frame_range()

    assert (frames and list(FrameSet(frames))) == (expected and list(FrameSet(expected)))


def test_wrong_range_is_an_error() -> None:
    with pytest.raises(FrameRangeError, match=r"1\.\.4"):
        Outline("n", "1..4")


def test_names_come_from_the_environment_or_from_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOW", "demo")
    monkeypatch.setenv("SHOT", "sh1")
    ol, own = Outline("n"), Outline("n", shot="sh2", show="other", user="me", facility="here", maxcores=2, maxgpus=3)

    assert ol.get_full_name() == "demo-sh1-tester_n"
    assert own.get_full_name() == "other-sh2-me_n"
    assert (own.get_facility(), own.get_maxcores(), own.get_maxgpus()) == ("here", 2, 3)


def test_settings_can_be_changed() -> None:
    ol = Outline("n")

    ol.set_name("m")
    ol.set_show("a")
    ol.set_shot("b")
    ol.set_user("c")
    ol.set_facility("d")
    ol.set_maxcores(1)
    ol.set_maxgpus(2)
    ol.set_arg("e", 3)

    assert ol.get_full_name() == "a-b-c_m"
    assert (ol.get_facility(), ol.get_maxcores(), ol.get_maxgpus()) == ("d", 1, 2)
    assert (ol.get_arg("e"), ol.get_arg("f", 4), ol.get_args()) == (3, 4, {"e": 3})


def test_unique_name_differs_every_time() -> None:
    names = {Outline("n", name_unique=True).get_name() for _ in range(5)}

    assert len(names) == 5
    assert all(name.startswith("n_") for name in names)


def test_environment_of_an_outline_is_text() -> None:
    ol = Outline("n")

    ol.set_env("A", "1", pre=True)
    ol.set_env("B", "2")

    assert (ol.get_env("A"), ol.get_env()) == ("1", {"A": ("1", True), "B": ("2", False)})
    with pytest.raises(OutlineException, match="needs texts as key and value"):
        ol.set_env("C", 3)  # type: ignore[arg-type]


# -- layers ---------------------------------------------------------------------------------------------------


def test_duplicate_layer_names_are_an_error_with_both_lines() -> None:
    Outline("n", current=True)
    Layer("a")

    with pytest.raises(LayerException, match=r"'a' is taken: \(test_loader\.py:\d+\) and \(test_loader\.py:\d+\)"):
        Layer("a")


def test_adding_a_layer_twice_changes_nothing() -> None:
    ol = Outline("n", current=True)
    layer = Layer("a")

    ol.add_layer(layer)

    assert ol.get_layers() == [layer]


def test_unknown_layer_is_told_with_the_nearest() -> None:
    ol = Outline("n", current=True)
    Layer("render")

    with pytest.raises(LayerNotFound, match="no layer 'rendr' in this outline; did you mean 'render'"):
        ol.get_layer("rendr")
    assert not ol.is_layer("rendr")


def test_layer_is_removed() -> None:
    ol = Outline("n", current=True)
    layer = Layer("a")

    ol.remove_layer(layer)
    ol.remove_layer(layer)

    assert ol.get_layers() == []


# -- setup ----------------------------------------------------------------------------------------------------


def test_modes_go_forward_only() -> None:
    modes = []
    ol = Outline("n", "1", current=True)

    class Notes(Layer):
        def _setup(self) -> None:
            modes.append(ol.get_mode())
            raise RuntimeError("enough")

    Notes("a")
    modes.append(ol.get_mode())

    with pytest.raises(RuntimeError):
        ol.setup()

    assert modes == [OUTLINE_MODE_INIT, OUTLINE_MODE_SETUP]


def test_outline_is_set_up_once() -> None:
    ol = Outline("n", "1", current=True)
    Shell("a", ["true"])
    ol.setup()

    with pytest.raises(OutlineException, match=r"set up already; load its outline\.yaml to launch it again"):
        ol.setup()


def test_failed_setup_leaves_nothing_in_the_session_folder(session_root: Path) -> None:
    ol = Outline("n", "1", current=True)
    Layer("a").thing = object()  # type: ignore[attr-defined]

    with pytest.raises(SerializeException):
        ol.setup()

    assert list(session_root.glob("*/*")) == []
    assert current_outline() is None


def test_layer_without_a_frame_in_the_job_is_told_when_it_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("job", "1-10", current=True)
    Shell("near", command=["true"])
    Shell("far", command=["true"], range="20-30")

    ol.setup()

    (message,) = caplog.messages
    assert re.fullmatch(
        r"layer 'far' \(test_loader\.py:\d+\) is left out: its range 20-30 has no frame of the job's range 1-10",
        message,
    )


@pytest.mark.parametrize("name", ["x/y", "a b", "../up", "a;b"])
def test_fault_28_illegal_name_of_an_outline_is_refused(name: str, session_root: Path) -> None:
    ol = Outline(name, "1", current=True)
    Shell("a", ["true"])

    with pytest.raises(OutlineException, match="has characters that a job name cannot have"):
        ol.setup()

    assert not session_root.exists()


def test_setup_ends_the_reign_of_the_current_outline() -> None:
    ol = Outline("n", "1", current=True)
    Shell("a", ["true"])

    ol.setup()

    assert current_outline() is None


def test_setting_up_one_outline_leaves_the_current_one_alone() -> None:
    other = Outline("other")
    other.add_layer(Shell("a", ["true"]))
    ol = Outline("n", current=True)

    other.setup()

    assert current_outline() is ol


class Helps(Layer):
    """Makes a layer while it is set up, without adding it."""

    def _setup(self) -> None:
        Shell("helper", ["true"])


def test_fault_26_layers_made_while_one_outline_is_set_up_do_not_join_another() -> None:
    other = Outline("other", "1")
    other.add_layer(Helps("a"))
    ol = Outline("n", current=True)

    other.setup()

    assert ol.get_layers() == []


@pytest.mark.parametrize(
    ("job", "arguments", "told"),
    [
        (None, {}, True),
        ("1-2", {}, False),
        (None, {"range": "1-2"}, False),
        (None, {"items": ["a"]}, False),
    ],
    ids=["no range anywhere", "the job's", "its own", "items"],
)
def test_a_job_without_a_range_says_that_one_frame_runs_alone(
    caplog: pytest.LogCaptureFixture, job: str | None, arguments: dict[str, Any], told: bool
):
    ol = Outline("shot", job, current=True)
    Layer("beauty", **arguments)
    Frame("report")

    ol.setup()

    assert ("no frame range was given, so layer beauty runs frame 1000 alone" in caplog.text) is told
