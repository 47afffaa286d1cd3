# SPDX-License-Identifier: Apache-2.0
"""Looks at an outline from all sides, and goes on where a launch would stop."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ...exception import OutlineException, ScriptException, SerializeException
from ...frames import FrameRangeError
from ...layer import Composite, Layer, LayerPreProcess
from ...layer.class_code import data_arg
from ...layer.context import Problem, collected_problems
from ...layer.doubts import doubts
from ...layer.inputs import read_inputs
from ...layer.mistakes import class_mistakes, misspelt_sections, unread_arguments
from ...layer.state import walk
from ...loader import Outline, load_outline
from ...loader.reading import read_script
from ...resources import REQUESTS
from ...script import caught_launches
from ...serialize.outline_data import outline_text
from ...session import conform_name
from ...tokens import split_command
from ..inspect import counted_frames
from ..reading import nothing_written
from .efficiency import efficiency_findings
from .report import Finding, Report, in_order

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher

__all__ = ["check_outline", "undeclared_files"]


def check_outline(script: str, frames: str | None = None) -> Report:
    """Find all problems of an outline.

    Args:
        script: A script, JSON description or outline.yaml.
        frames: The range of the job; None leaves it to the outline.

    Raises:
        OutlineException: The file is missing.
    """
    check = _Check(script)
    ol = check.read()
    check.take_range(ol, frames)
    layers = list(walk(ol.get_layers()))
    check.describe(ol, layers)
    counts = [_count(layer) for layer in ol.get_layers()]
    numbers = sum(number for number, _ in counts), sum(chunks for _, chunks in counts)
    return Report(script, len(ol.get_layers()), *numbers, in_order(check.findings, script))


class _Check:
    """Gathers the findings about one outline."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.findings: list[Finding] = []
        self.__range: str | None = None
        self.__is_plain = False
        self.__launcher: OutlineLauncher | None = None

    # -- reading -----------------------------------------------------------------------------------------------

    def read(self) -> Outline:
        """The outline, or as much of it as could be read."""
        ol = self.__empty()
        with nothing_written(), caught_launches() as launches, collected_problems() as problems:
            try:
                if os.path.splitext(self.script)[1] in (".json", ".yaml"):
                    ol = load_outline(self.script)
                else:
                    ol = read_script(ol, self.script)  # not load_outline: layers before an error are checked as well
            except ScriptException as error:
                self.__add("error", "script", error.reason, file=error.path, line=error.line)
            except OutlineException as error:
                self.__add("error", "script", str(error).removeprefix(f"{self.script}: "))
        self.__take(problems, "layer")
        if launches:  # the script launches by itself
            self.__launcher = launches[0]
            self.__is_plain = launches[0].get_flag("use_pycuerun") is False
            self.__range = launches[0].get_flag("range")
            return launches[0].get_outline()  # type: ignore[no-any-return]
        return ol

    def __empty(self) -> Outline:
        if not os.path.isfile(self.script):
            load_outline(self.script)  # says what is wrong with the path
        ol = Outline(name=conform_name(os.path.splitext(os.path.basename(self.script))[0]))
        ol.set_path(self.script)
        return ol

    def take_range(self, ol: Outline, frames: str | None) -> None:
        """Apply the range of the job."""
        frames = frames or self.__range
        if frames:
            try:
                ol.set_frame_range(frames)
            except FrameRangeError as error:
                self.__add("error", "range", str(error))

    # -- looking -----------------------------------------------------------------------------------------------

    def describe(self, ol: Outline, layers: list[Layer]) -> None:
        """Look at everything."""
        self.__collect("depends", ol.setup_depends)
        for layer in layers:
            self.__collect("arguments", layer.check_required_args)
            self.__look_at_frames(layer)
            self.__look_at_resources(layer)
            if self.__is_plain:
                self.__look_at_words(layer)
            for name in unread_arguments(layer):
                self.__about(layer, "note", "unread", f"no code seems to read the argument {name!r}")
            for path in undeclared_files(layer):
                text = f"its command names the file {path!r}, which is no input, so a change of it runs nothing again"
                self.__about(layer, "note", "undeclared", text)
            for rule, problem in doubts(layer):
                self.__about(layer, "warning", rule, problem)
        for problem in misspelt_sections(layers):
            self.__add("warning", "config", problem)
        self.__look_at_classes(layers)
        ol._ol_state.is_plain = self.__is_plain
        self.__look_at_saving(ol)
        self.findings += efficiency_findings(ol.get_layers())
        if not any(finding.level == "error" for finding in self.findings):
            self.__collect("outline", ol.check)
        if not any(finding.level == "error" for finding in self.findings):
            self.__look_as_a_farm(ol)

    def __look_at_classes(self, layers: list[Layer]) -> None:
        for layer in layers:
            has_work = type(layer)._execute is not Layer._execute or layer.get_children()
            if not has_work and not isinstance(layer, Composite):
                message = (
                    f"layer {layer.get_name()!r} does nothing: {type(layer).__name__} has no _execute and no children"
                )
                self.__about(layer, "warning", "class", message)
        for layer, (level, message, file, line) in class_mistakes(layers):
            self.findings.append(Finding(level, "class", message, layer.get_name(), file, line))

    def __look_at_frames(self, layer: Layer) -> None:
        try:
            layer.get_chunk_size()
        except OutlineException as error:
            self.__about(layer, "error", "range", str(error))
        if isinstance(layer, LayerPreProcess):
            return  # has the frames of its creator, which is looked at
        try:
            frames = layer.get_frame_range()
        except FrameRangeError as error:
            self.__about(layer, "error", "range", str(error))
            return
        ol = layer.get_outline()
        if not frames and ol is not None and layer.get_parent() is None and not ol.holds(layer):
            own = layer.get_arg("range") or layer.get_items()
            message = f"its range {own} has no frame of the job's range {ol.get_frame_range()}"
            self.__about(layer, "warning", "range", f"{message}, so it is left out")

    def __look_at_resources(self, layer: Layer) -> None:
        for name, parse in REQUESTS.items():
            value = layer.get_arg(name)
            if value is None or value == "":
                continue
            try:
                parse(value)
            except ValueError as error:
                self.__about(layer, "error", "resources", f"{name}: {error}")

    def __look_at_words(self, layer: Layer) -> None:
        command = layer.get_arg("command")
        if isinstance(command, str) or not command or layer.get_arg("quote"):
            return
        for word in split_command(command):
            if not _stays_whole(word):
                message = f"the shell of the host takes {word!r} apart; quote=True keeps each word as it is"
                self.__about(layer, "note", "quote", message)

    def __look_as_a_farm(self, ol: Outline) -> None:
        """Take what a farm would refuse or change as warnings, unless jobs do not go to one: here the outline runs."""
        from ...backend.cue.checks import all_problems
        from ...cuerun import OutlineLauncher

        launcher = self.__launcher or OutlineLauncher(ol)
        if launcher.get_flag("backend") != "cue":
            return
        try:
            for level, layer, message in all_problems(launcher, not self.__is_plain):
                text = f"a farm refuses it: {message}" if level == "error" else message
                if layer is None:
                    self.__add("warning", "farm", text)
                else:
                    self.__about(layer.layer, "warning", "farm", text)
        except OutlineException as error:
            self.__add("warning", "farm", f"a farm refuses it: {error}")

    def __look_at_saving(self, ol: Outline) -> None:
        with collected_problems() as problems:
            try:
                outline_text(ol)
            except SerializeException as error:
                if not problems and not any(finding.level == "error" for finding in self.findings):
                    self.__add("error", "save", str(error))
        self.__take(problems, "save")

    # -- noting ------------------------------------------------------------------------------------------------

    def __collect(self, rule: str, look: Callable[[], object]) -> None:
        with collected_problems() as problems:
            try:
                look()
            except OutlineException as error:
                self.__add("error", rule, str(error))
        self.__take(problems, rule)

    def __take(self, problems: Iterable[Problem], rule: str) -> None:
        for problem in problems:
            if problem.layer is None:
                self.__add("error", rule, str(problem.error))
            else:
                self.__about(problem.layer, "error", rule, str(problem.error))

    def __about(self, layer: Layer, level: str, rule: str, message: str) -> None:
        """Note a finding about a layer, whose message names the layer but not the line."""
        name = layer.get_name()
        message = message.replace(f"{name!r}{layer.get_origin()}", repr(name))
        if repr(name) not in message:
            message = f"layer {name!r}: {message}"
        self.findings.append(Finding(level, rule, message, name, *layer.get_origin_line()))

    def __add(self, level: str, rule: str, message: str, *, file: str = "", line: int = 0) -> None:
        self.findings.append(Finding(level, rule, message, "", file or self.script, line))


def undeclared_files(layer: Layer) -> list[str]:
    """The words of a command that are files now and no inputs, so that a change of them makes nothing run again.

    Only of a layer that declares what it reads or writes: others run each time.
    """
    command = layer.get_arg("command")
    declares = [layer.get_arg("outputs"), data_arg(layer, "inputs"), data_arg(layer, "items")] != [None] * 3
    if not declares or not isinstance(command, (str, list, tuple)):
        return []
    known = {os.path.abspath(one.path) for one in read_inputs(layer) if one.path}
    program, *words = [*split_command(command), ""]
    own_program = [program] if os.path.dirname(program) and not os.path.isabs(program) else []
    found = dict.fromkeys(word for word in [*own_program, *words] if os.path.isfile(word))
    return [word for word in found if os.path.abspath(word) not in known]


def _stays_whole(word: str) -> bool:
    """Tell whether a word is one word to a shell, whatever it does with it."""
    try:
        words = shlex.shlex(word, posix=True, punctuation_chars=True)
        words.whitespace_split, words.commenters = True, ""
        return len(list(words)) == 1
    except ValueError:  # an open quote
        return False


def _count(layer: Layer) -> tuple[int, int]:
    try:
        return counted_frames(layer)
    except OutlineException:
        return 0, 0
