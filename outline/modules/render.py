# SPDX-License-Identifier: Apache-2.0
"""The base of all modules for renderers and image tools: a frame is done only when its pictures are there.

Programs that exit with 0 and have rendered nothing are common, and so are programs that crash after the last picture.
So a layer says with ``outputs=`` what every frame leaves behind, and that is looked at, whatever the program says.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..config import config
from ..console import OutputRules
from ..exception import LayerException, ShellCommandFailureException
from ..frames import FrameSet
from ..io import FileSpec, system
from ..layer import Layer
from ..rendering.outputs import MAIN, Output, absolute_path, absolute_paths, find_slot, read_outputs
from ..rendering.sizes import note_sizes, read_sizes
from ..rendering.words import words_of
from ..resources import parse_memory_kb

if TYPE_CHECKING:
    # What only frames need is imported when one runs: launching should not wait for it.
    from ..console import OutputReader
    from ..rendering.attempt import Attempt, Checks

__all__ = ["RenderCommand", "RenderLayer"]

logger = logging.getLogger("outline.modules.render")

_MOST_TOLD = 5
_EXECUTABLE = "executable"


class RenderCommand(NamedTuple):
    """One run of the application.

    Attributes:
        argv: The whole command, beginning with the program. ``#`` in file names stays as it is, tokens such as
            ``#IFRAME#`` stand for the first of ``frames``.
        frames: The frames whose outputs this run makes.
    """

    argv: list[str]
    frames: FrameSet


class RenderLayer(Layer):
    """Runs an application for its frames, in the application's own dialect, and checks what it left behind.

    A module derives from it, sets the class attributes and writes ``render_commands``. A frame runs in a process of
    its own, so a module may also override the hooks of every layer.

    Attributes:
        application: The name in messages, and the section of the configuration that says where the program is.
        executable: The usual name of the program, or several.
        output_rules: What to look for in the program's output.
        exit_reasons: What a status of the program means, where it is known, for messages.
        trusts_exit_code: False: a line that ``output_rules`` call an error fails the frame although the program exits
            with 0.
        writes_beside: The program writes exactly to ``get_target``, so outputs can be written under a hidden name and
            renamed when they are whole.
        frames_share_outputs: All frames make one file together, so outputs need no place for the frame.
        needs_outputs: A layer without outputs is an error.
        path_args: The arguments that are a path. They are made absolute at the launch, because frames may run in
            another folder.
    """

    application: ClassVar[str] = ""
    executable: ClassVar[str | tuple[str, ...]] = ""
    output_rules: ClassVar[OutputRules] = OutputRules()
    exit_reasons: ClassVar[Mapping[int, str]] = {}
    trusts_exit_code: ClassVar[bool] = True
    writes_beside: ClassVar[bool] = False
    frames_share_outputs: ClassVar[bool] = False
    needs_outputs: ClassVar[bool] = True
    path_args: ClassVar[tuple[str, ...]] = ("scene",)

    __attempt: Attempt | None = None
    __launch_options: dict[str, Any]

    # Any: every module has arguments of its own.
    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders.

        Args:
            name: The layer's name.
            args: Arguments of every layer, those of the module, and:

                scene: The file to render; may hold a place for the frame.
                outputs: What each frame leaves behind: a path with the frame in any style, a list, or a dict of names.
                optional: Names of outputs that frames may lack.
                min_bytes: Outputs must be larger; 0 when not given.
                check_outputs: False leaves out all checks of outputs.
                check_images: Open each picture: it is whole, has no NaN, is not all black, has the size of the others.
                image_size: With ``check_images``, width and height that each picture must have.
                allow_black: With ``check_images``, pictures may be all black.
                skip_existing: Leave out frames whose outputs are there and whole.
                copy_scene: Copy the scene into the session at launch and render the copy.
                success_when_outputs_complete: A program that fails when all outputs are there and whole has succeeded.
                executable: The program, a list of it and words that follow it, or a dict of programs by version.
                version: Which version of the application to run.
                extra_args: More words for the command.
        """
        super().__init__(name, **args)
        self.__launch_options = {
            key: value for key, value in self.get_args().items() if key.startswith(_EXECUTABLE) and key not in args
        }
        for key in self.__launch_options:  # where the frame runs, the configuration of that host comes first
            self.set_arg(key, None)
        self.set_default_arg("proxy_enable", False)
        self.__register_outputs()

    # -- for modules -------------------------------------------------------------------------------------------

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return the runs of the application that make these frames, and no others.

        It has no side effects, because a dry run calls it too.

        Args:
            frames: Frames of one chunk, in render order, each once. Never empty.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say which commands it runs")

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check what the commands need, where the frame runs; a module adds its own checks.

        Raises:
            LayerException: The scene is not there.
        """
        if self.get_arg("scene"):
            missing = [frame for frame in frames if not os.path.exists(self.get_scene(frame))]
            if missing:
                named = f" for frames {FrameSet(missing)}" if find_slot(self.get_scene()).slot else ""
                raise LayerException(f"the scene is not there{named}: {self.get_scene()}")

    def collect_outputs(self, command: RenderCommand) -> None:
        """Bring what a command has written to ``get_target``, for applications that choose the names themselves.

        Called after each command, also after one that failed, before the outputs are looked at.

        Raises:
            OutlineException: What was written is not what was asked for.
        """

    def clean_up(self) -> None:
        """Remove what ``check_before_commands`` has made for the commands; called in the end, also after an error."""

    def get_program(self) -> list[str]:
        """Return the words that start the application on this host.

        In a dry run it is a name that was to be looked for, when none is there.

        Raises:
            ShellCommandFailureException: It is not there; the status is 127.
        """
        from ..rendering.programs import choose_program, find_program

        names = (self.executable,) if isinstance(self.executable, str) else self.executable
        sections = dict.fromkeys((type(self).__name__, self.application))
        options: list[tuple[str, Mapping[str, object]]] = [
            (f"[{section}]", dict(config.items(section))) for section in sections if config.has_section(section)
        ]
        options.append(("the configuration at launch:", self.__launch_options))
        choice = choose_program(names, self.get_arg("executable"), str(self.get_arg("version") or ""), options)
        try:
            return find_program(self.application or type(self).__name__, choice, os.environ)
        except ShellCommandFailureException:
            if self.__attempt is None and choice.candidates:
                return [choice.candidates[0], *choice.arguments]
            raise

    def get_scene(self, frame: int | None = None) -> str:
        """Return the path of the scene, for one frame where its name holds a place for it; a number is no place."""
        path = str(self.get_arg("scene"))
        return path if frame is None else find_slot(path).frame_path(frame)

    def get_render_outputs(self) -> list[Output]:
        """Return the outputs of the layer where they are in the end.

        Raises:
            LayerException: ``outputs`` or ``optional`` is not what it should be.
        """
        return read_outputs(self.get_arg("outputs"), self.get_arg("optional"))

    def get_target(self, name: str = MAIN) -> Output:
        """Return where the application is to write an output: under a hidden name while a frame writes beside.

        Args:
            name: The name of the output. ``main`` stands for the first one, whatever its name.

        Raises:
            LayerException: There is no such output.
        """
        outputs = {output.name: output for output in self.get_render_outputs()}
        if name == MAIN and MAIN not in outputs and outputs:
            name = next(iter(outputs))
        if name not in outputs:
            raise LayerException(
                f"layer {self.get_name()!r} has no output {name!r}; it has {sorted(outputs) or 'none'}"
            )
        target = self.__attempt.target(name) if self.__attempt else None
        return target or outputs[name]

    def get_extra_args(self) -> list[str]:
        """Return the argument ``extra_args`` as a list of words."""
        return words_of(self.get_arg("extra_args"))

    def get_progress_frames(self, frames: FrameSet) -> FrameSet:
        """Return the frames that the application counts while it works on these frames of the layer."""
        return frames

    def get_threads(self) -> int:
        """Return how many threads the frame may use: what the host gave it, or else the layer's cores."""
        given = os.environ.get("CUE_THREADS", "")
        return max(
            1, int(given) if given.isdigit() else int(float(self.get_arg("cores") or self.get_arg("threads") or 1))
        )

    def get_memory_mb(self) -> int:
        """Return how much memory is reserved for the frame: what the host says, or the argument; 0 when not known."""
        given = os.environ.get("CUE_MEMORY", "")
        if given.isdigit() and int(given):
            return int(given) // 1024
        memory = self.get_arg("memory")
        return parse_memory_kb(memory) // 1024 if memory else 0

    # -- at the launch -----------------------------------------------------------------------------------------

    def check_required_args(self) -> None:
        """Check also that the outputs can tell frames apart, and that pictures can be opened where that is asked."""
        super().check_required_args()
        outputs = self.get_render_outputs()
        if not outputs and self.needs_outputs and self.__checks_outputs():
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()} needs the argument 'outputs', the files that each frame"
                " leaves behind, such as 'out/beauty.####.exr'"
            )
        single = [output.path for output in outputs if not output.is_sequence]
        if single and not self.frames_share_outputs and len(FrameSet(self.get_frame_range() or "1")) > 1:
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()} has several frames, but its output {single[0]!r} has no"
                " place for the frame, such as ####"
            )

    def setup(self) -> None:
        """Make paths absolute and copy the scene, before the hook ``_setup``; the outline calls this."""
        self.check_required_args()
        self.__require_openimageio()
        for key in self.path_args:
            if self.get_arg(key):
                self.set_arg(key, absolute_paths(self.get_arg(key)))
        outputs = self.get_render_outputs()
        if outputs:
            self.set_arg("outputs", {output.name: absolute_path(output.path) for output in outputs})
            self.set_arg("optional", [output.name for output in outputs if output.optional])
        if self.get_arg("copy_scene") and self.get_arg("scene"):
            self.__copy_scene()
        self.__register_outputs()
        super().setup()

    def __copy_scene(self) -> None:
        """Copy the scene, or that of each frame, and render the copy from now on."""
        pattern = find_slot(self.get_scene())
        frames = FrameSet(self.get_frame_range() or "1") if pattern.slot else [0]
        copies = [self.put_file(pattern.frame_path(frame)) for frame in frames]
        self.set_arg("scene", os.path.join(os.path.dirname(copies[0]), os.path.basename(self.get_scene())))

    def __register_outputs(self) -> None:
        """Tell other layers about the outputs; they are checked here, and more closely."""
        for output in self.get_render_outputs():
            if output.name not in self.get_outputs():
                self.add_output(output.name, FileSpec(absolute_path(output.path)))

    # -- in a frame --------------------------------------------------------------------------------------------

    def _execute(self, frames: FrameSet) -> None:
        from ..progress import watched_output

        self.__map_paths()
        self.__require_openimageio()
        wanted = self.__frames_to_render(frames)
        if not wanted:
            return
        self.__attempt = attempt = self.__begin_attempt(wanted)
        try:
            self.check_before_commands(wanted)
            attempt.prepare(wanted)
            with watched_output(self.output_rules, self.get_progress_frames(wanted)) as reader:
                for command in self.render_commands(wanted):
                    self.__run(command, attempt, reader)
            note_sizes(self.get_path(), attempt.new_sizes())
        finally:
            self.clean_up()
            attempt.discard(wanted)
            self.__attempt = None

    def __begin_attempt(self, frames: FrameSet) -> Attempt:
        from ..rendering.attempt import Attempt

        outputs, checks = self.get_render_outputs(), self.__checks()
        names = [output.name for output in outputs] if checks.images else []
        known = read_sizes(self.get_path(), names, frames)
        return Attempt(outputs, checks, mark=os.getpid() if self.writes_beside else None, sizes=known)

    def __run(self, command: RenderCommand, attempt: Attempt, reader: OutputReader) -> None:
        """Run one command and move its outputs to their place, or raise what is wrong."""
        from ..rendering.attempt import publishing

        errors_before = len(reader.errors)
        reader.begin(self.get_progress_frames(command.frames))
        failure: ShellCommandFailureException | None = None
        with publishing(attempt, command.frames, lambda: not reader.errors[errors_before:]):
            try:
                system(command.argv, frame=command.frames[0], reader=reader)
            except ShellCommandFailureException as error:
                failure = error
            reader.close()
            self.collect_outputs(command)
        said = reader.errors[errors_before:]
        faults = attempt.find_faults(command.frames) if self.__checks_outputs() else []
        if failure is not None and not self.__is_forgiven(failure, faults):
            meaning = self.exit_reasons.get(failure.exit_status, "")
            what = f"{self.application} failed with exit status {failure.exit_status}{meaning and f' ({meaning})'}"
            raise ShellCommandFailureException(f"{failure}\n{self.__tell(what, faults, said)}", failure.exit_status)
        if faults:
            raise LayerException(self.__tell("", faults, said))
        if said and not self.trusts_exit_code:
            raise LayerException(self.__tell(f"{self.application} told of errors", [], said))
        attempt.publish(command.frames)

    def __tell(self, what: str, faults: list[str], said: list[str]) -> str:
        """Return lines that tell what is wrong; the last one alone is enough to know the cause."""
        reasons = "; ".join([*([what] if what else []), *faults])
        more = [f"    {line}" for line in said[1:_MOST_TOLD]]
        said_first = f"; {self.application} said: {said[0]}" if said else ""
        return "\n".join([*more, f"layer {self.get_name()!r}: {reasons}{said_first}"])

    def __is_forgiven(self, failure: ShellCommandFailureException, faults: list[str]) -> bool:
        if faults or not self.get_arg("success_when_outputs_complete") or not self.__checks_outputs():
            return False
        logger.warning(
            "layer %s: %s failed with %d, but all outputs are there",
            self.get_name(),
            self.application,
            failure.exit_status,
        )
        return True

    def __frames_to_render(self, frames: FrameSet) -> FrameSet:
        if not self.get_arg("skip_existing"):
            return frames.unique()
        from ..rendering.attempt import find_complete

        done = set(find_complete(self.get_render_outputs(), frames.unique(), self.__checks()))
        if done:
            logger.warning("layer %s: frames %s are there already", self.get_name(), FrameSet(sorted(done)))
        return FrameSet([frame for frame in frames.unique() if frame not in done])

    def __require_openimageio(self) -> None:
        if self.get_arg("check_images"):
            from ..rendering.images import require

            require(f"layer {self.get_name()!r}{self.get_origin()}: check_images")

    def __checks_outputs(self) -> bool:
        return bool(self.get_arg("check_outputs", True)) and not self.get_arg("nocheck")

    def __checks(self) -> Checks:
        from ..rendering.attempt import Checks

        size = self.get_arg("image_size")
        return Checks(
            min_bytes=int(self.get_arg("min_bytes") or 0),
            images=bool(self.get_arg("check_images")),
            size=(int(size[0]), int(size[1])) if size else None,
            allow_black=bool(self.get_arg("allow_black")),
        )

    def __map_paths(self) -> None:
        """Turn paths of other systems into those of this host: in all arguments, and in the layer's variables."""
        from ..rendering import mapping

        named = config.items(mapping.SECTION) if config.has_section(mapping.SECTION) else []
        rules = mapping.read_rules({key: value for key, value in named if key not in config.defaults()})
        if rules:
            for key, value in self.get_args().items():
                mapped = mapping.map_value(value, rules)
                if mapped != value and key != "env":  # variables are mapped below, with what separates paths in them
                    self.set_arg(key, mapped)
            os.environ.update(mapping.map_environment(self.get_execute_env(), rules))
