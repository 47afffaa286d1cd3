# SPDX-License-Identifier: Apache-2.0
"""Hooks and listeners in their order, and what a frame may count on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from outline import (
    FailImmediately,
    Layer,
    LayerException,
    Outline,
    load_outline,
)
from outline.event import AFTER_EXECUTE, AFTER_INIT, AFTER_PARENTED, BEFORE_EXECUTE, SETUP
from outline.io import Path as IoPath

calls: list[str] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Begin every test with no calls."""
    calls.clear()


def heard(event: Any) -> None:
    calls.append(f"{event.layer} heard {event.type}")


class Hooks(Layer):
    """Notes every hook; the argument ``fails`` names one that raises."""

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        for event_type in (AFTER_INIT, AFTER_PARENTED, SETUP, BEFORE_EXECUTE, AFTER_EXECUTE):
            self.add_event_listener(event_type, heard)
        self.note("__init__")

    def note(self, what: str) -> None:
        calls.append(f"{self.get_name()} {what}")
        if self.get_arg("fails") == what.split()[0]:
            raise RuntimeError(f"no {what}")

    def _after_init(self, ol: Outline) -> None:
        self.note(f"_after_init {ol.get_name()}")

    def _after_parented(self, parent: Layer) -> None:
        self.note(f"_after_parented {parent}")

    def _setup(self) -> None:
        self.note(f"_setup {self.get_session().get_name().split('/')[0]}")

    def _before_execute(self) -> None:
        self.note("_before_execute")

    def _execute(self, frames: Any) -> None:
        self.note(f"_execute {list(frames)}")

    def _after_execute(self) -> None:
        self.note(f"_after_execute {self.get_error()!r}")


def _loaded(ol: Outline) -> Outline:
    ol.setup()
    calls.clear()
    return load_outline(str(ol.get_path()))


# -- order ----------------------------------------------------------------------------------------------------


def test_hooks_on_the_desktop_run_in_their_order() -> None:
    ol = Outline("job", "1-6", current=True)
    parent, child = Hooks("parent"), Hooks("child", register=False)

    parent.add_child(child)
    ol.setup()

    job = "testing-default-tester_job"
    assert calls == [
        "parent __init__",
        "parent _after_init job",
        "parent heard AFTER_INIT",
        "child __init__",
        "parent.child _after_parented parent",
        "parent.child heard AFTER_PARENTED",
        f"parent _setup {job}",
        f"parent.child _setup {job}",
        "parent.child heard SETUP",
        "parent heard SETUP",
    ]


def test_t2_hooks_in_the_frame_run_in_their_order_and_children_get_the_whole_chunk() -> None:
    ol = Outline("job", "1-6", current=True)
    parent, child = Hooks("parent", chunk=4), Hooks("child")
    parent.add_child(child)
    child.add_child(Hooks("grandchild"))
    layer = _loaded(ol).get_layer("parent")

    layer.execute(1)

    names = ["parent", "parent.child", "parent.child.grandchild"]
    begin = ["_before_execute", "heard BEFORE_EXECUTE", "_execute [1, 2, 3, 4]"]
    end = ["_after_execute None", "heard AFTER_EXECUTE"]
    assert calls == [f"{name} {call}" for name in names for call in begin] + [
        f"{name} {call}" for name in reversed(names) for call in end
    ]

    calls.clear()
    layer.execute(5)
    assert [call for call in calls if "_execute [" in call] == [f"{name} _execute [5, 6]" for name in names]


def test_setup_runs_once_and_only_for_layers_with_frames() -> None:
    ol = Outline("job", "1-6", current=True)
    Hooks("in_range")
    Hooks("out_of_range", range="20-30")

    ol.setup()

    assert [call.split()[0] for call in calls if " _setup" in call] == ["in_range"]


class OldHooks(Layer):
    """Has the hooks of the tutorial: other names, no arguments."""

    def _after_init(self) -> None:  # type: ignore[override]
        calls.append("_after_init")

    def _parented(self) -> None:
        calls.append("_parented")

    def _pre_execute(self) -> None:
        calls.append("_pre_execute")

    def _post_execute(self) -> None:
        calls.append("_post_execute")


def test_hook_names_of_the_tutorial_work() -> None:
    ol = Outline("job", "1", current=True)
    Hooks("parent").add_child(OldHooks("old"))

    on_desktop = [call for call in calls if call.startswith("_")]
    _loaded(ol).get_layer("parent").execute(1)

    assert on_desktop == ["_after_init", "_parented"]
    assert [call for call in calls if call.startswith("_")] == ["_pre_execute", "_post_execute"]


class Adds(Layer):
    """Adds a layer while the outline is set up."""

    def _setup(self) -> None:
        outline = self.get_outline()
        assert outline is not None
        layer = Hooks("added", require=["adds:all"])
        outline.add_layer(layer)
        self.add_child(Hooks("born", register=False))


@pytest.mark.parametrize("current", [True, False])
def test_layers_added_in_setup_are_set_up_and_launched(current: bool) -> None:
    ol = Outline("job", "1-2", current=current)
    ol.add_layer(Adds("adds"))

    ol.setup()

    assert [call.split()[0] for call in calls if " _setup" in call] == ["added", "adds.born"]
    assert [str(d.get_depend_on_layer()) for d in ol.get_layer("added").get_depends()] == ["adds"]
    assert sorted(map(str, load_outline(str(ol.get_path())).get_layers())) == ["added", "adds"]


class AddsRegistered(Layer):
    """Makes a child that registers itself, in _setup."""

    def _setup(self) -> None:
        self.add_child(Layer("born"))


def test_child_that_is_a_layer_of_the_job_already_is_an_error() -> None:
    ol = Outline("job", "1-2", current=True)
    AddsRegistered("adds")

    with pytest.raises(LayerException, match="make it with register=False"):
        ol.setup()


def test_fault_08_after_execute_runs_when_execute_raised() -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a", fails="_execute")
    layer = _loaded(ol).get_layer("a")

    with pytest.raises(RuntimeError, match=r"no _execute \[1\]"):
        layer.execute(1)

    assert calls[-2:] == ["a _after_execute RuntimeError('no _execute [1]')", "a heard AFTER_EXECUTE"]


def test_error_of_a_child_reaches_the_after_execute_of_its_parent() -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a").add_child(Hooks("b", fails="_execute"))

    with pytest.raises(RuntimeError):
        _loaded(ol).get_layer("a").execute(1)

    assert [call.split(" R")[0] for call in calls if "_after_execute" in call] == [
        "a.b _after_execute",
        "a _after_execute",
    ]


def test_error_of_execute_is_not_hidden_by_one_of_after_execute(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a", fails="_after_execute").add_child(Hooks("b", fails="_execute"))

    with pytest.raises(RuntimeError, match=r"no _execute \[1\]"):
        _loaded(ol).get_layer("a").execute(1)

    assert "layer a: _after_execute failed after the error of _execute" in caplog.messages


def test_error_of_after_execute_alone_fails_the_frame() -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a", fails="_after_execute")

    with pytest.raises(RuntimeError, match="no _after_execute"):
        _loaded(ol).get_layer("a").execute(1)


class Exits(Layer):
    """Leaves ``_execute`` by sys.exit."""

    def _execute(self, frames: Any) -> None:
        sys.exit(self.get_arg("code"))

    def _after_execute(self) -> None:
        calls.append(f"after {self.get_error()!r}")


def test_after_execute_runs_when_execute_exits_with_a_status() -> None:
    ol = Outline("job", "1", current=True)
    Exits("a", code=3)  # type: ignore[call-arg]

    with pytest.raises(SystemExit):
        _loaded(ol).get_layer("a").execute(1)

    assert calls == ["after SystemExit(3)"]


def test_exit_with_status_0_skips_neither_children_nor_the_check_for_outputs(tmp_path: Path) -> None:
    ol = Outline("job", "1", current=True)
    layer = Exits("a", code=0)  # type: ignore[call-arg]
    layer.add_child(Hooks("b"))
    layer.add_output("image", IoPath(tmp_path / "none", checked=True))

    with pytest.raises(LayerException, match="output 'image' is missing"):
        _loaded(ol).get_layer("a").execute(1)

    assert "a.b _execute [1]" in calls
    assert calls[-1] == "after None"


# -- listeners ------------------------------------------------------------------------------------------------


def breaks(event: Any) -> None:
    raise ValueError(f"cannot hear {event.type}")


def fails_at_once(event: Any) -> None:
    raise FailImmediately("stop")


def test_fault_07_error_of_a_listener_is_logged_and_the_frame_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("job", "1", current=True)
    layer = Hooks("a")
    layer.add_event_listener(BEFORE_EXECUTE, breaks)

    _loaded(ol).get_layer("a").execute(1)

    (record,) = [record for record in caplog.records if record.exc_info]
    assert "breaks failed at BEFORE_EXECUTE" in record.message
    assert "cannot hear BEFORE_EXECUTE" in caplog.text
    assert calls[-1] == "a heard AFTER_EXECUTE"


@pytest.mark.parametrize(
    ("event_type", "fails"),
    [(BEFORE_EXECUTE, None), (AFTER_EXECUTE, None), (AFTER_EXECUTE, "_execute")],
    ids=["before", "after", "after an error"],
)
def test_listener_fails_the_frame_at_once(event_type: str, fails: str | None) -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a", fails=fails).add_event_listener(event_type, fails_at_once)

    with pytest.raises(FailImmediately, match="stop"):
        _loaded(ol).get_layer("a").execute(1)


def test_listener_fails_the_launch_at_once() -> None:
    ol = Outline("job", "1", current=True)
    Hooks("a").add_event_listener(SETUP, fails_at_once)

    with pytest.raises(FailImmediately):
        ol.setup()


class Listens(Hooks):
    """Listens to itself."""

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        self.add_event_listener(AFTER_EXECUTE, self.hear)

    def hear(self, event: Any) -> None:
        calls.append(f"{event.layer is self} {list(event.frames)} {event.error}")


def test_method_of_a_layer_listens_in_the_frame() -> None:
    ol = Outline("job", "1-4", current=True)
    Listens("a", chunk=2)

    _loaded(ol).get_layer("a").execute(3)

    assert calls[-1] == "True [3, 4] None"
