# SPDX-License-Identifier: Apache-2.0
"""What may be set up, for this process, and is refused by a launch, whose frames run elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline, OutlineException, Shell, cuerun


def test_outline_without_layers_or_frames_can_be_set_up_and_not_launched(session_root: Path) -> None:
    Outline("n").setup()
    with pytest.raises(OutlineException, match="outline 'm' has no layers, so there is nothing to run"):
        cuerun.launch(Outline("m"), backend="local")
    ol = Outline("o", "1-10", current=True)
    Shell("a", ["true"], range="20-30")
    with pytest.raises(OutlineException, match="no layer has a frame in the job's range 1-10: a 20-30"):
        cuerun.launch(ol, backend="local")

    assert [path.name.rpartition("_")[2] for path in session_root.iterdir() if any(path.iterdir())] == ["n"]


def test_outline_that_was_set_up_empty_is_not_launched() -> None:
    ol = Outline("n")
    ol.setup()

    with pytest.raises(OutlineException, match="outline 'n' has no layers, so there is nothing to run"):
        cuerun.launch(ol, backend="local")


class Render(Layer):
    """A layer of a studio."""

    def _execute(self, frames: Any) -> None:
        raise AssertionError("a test has replaced it")


def test_method_that_is_replaced_on_a_layer_serves_this_process_and_is_refused_by_a_launch() -> None:
    ran: list[str] = []
    ol = Outline("job", "1", current=True)
    Render("a")._execute = lambda frames: ran.append(str(frames))  # type: ignore[method-assign]

    ol.setup()
    ol.get_layer("a").execute(1)

    assert ran == ["1"]
    words = r"layer 'a' \(test_launch_refusals\.py:\d+\): its method _execute is replaced by a function, which frames"
    with pytest.raises(OutlineException, match=words):
        cuerun.launch(ol, backend="local")


def test_old_spelling_of_the_command_of_a_shell_counts() -> None:
    old = Shell("a", cmd=["ls"])  # type: ignore[call-arg]

    assert old.get_args()["command"] == ["ls"]
    assert not old.is_arg_set("cmd")


def test_name_of_a_job_that_is_too_long_for_its_folder_is_one_line(session_root: Path) -> None:
    ol = Outline("n" * 240, "1", current=True)
    Shell("a", ["true"])

    with pytest.raises(
        OutlineException,
        match=r"the job's name has 263 bytes, and the name of its folder can have at most 255; .* --base-name",
    ):
        cuerun.launch(ol, backend="local")

    assert not session_root.exists()


class Widget:
    """What a tool keeps on its layers for itself."""


def _layer_of_a_tool(path: Path) -> Layer:
    class OfTool(Shell):
        def _before_execute(self) -> None:
            raise AssertionError("hooks do not run")

    layer = OfTool("render", f"echo done > '{path}'", widget=Widget())
    layer.window = Widget()  # type: ignore[attr-defined]
    layer.add_event_listener("BEFORE_EXECUTE", lambda event: None)
    return layer


def test_job_of_commands_alone_needs_no_class_and_no_attribute_that_frames_can_find(tmp_path: Path) -> None:
    ol = Outline("job", "1")
    ol.add_layer(_layer_of_a_tool(tmp_path / "made"))

    (job,) = cuerun.launch(ol, use_pycuerun=False, backend="local")

    assert job.record.job.succeeded
    assert (tmp_path / "made").read_text() == "done\n"


def test_job_with_hooks_needs_them(tmp_path: Path) -> None:
    ol = Outline("job", "1")
    ol.add_layer(_layer_of_a_tool(tmp_path / "made"))

    with pytest.raises(OutlineException, match="its class .*OfTool is made inside of a function"):
        cuerun.launch(ol, backend="local")
