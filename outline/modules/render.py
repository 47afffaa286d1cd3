# SPDX-License-Identifier: Apache-2.0
"""The base of all modules for renderers and image tools. A frame is done only when its pictures exist.

Many programs exit with 0 without rendering anything, and many crash after the last picture. So a layer declares the
files of each frame with ``outputs=``, and the library checks those, whatever the program reports.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..config import config
from ..console import OutputRules
from ..constants import BACKUP
from ..exception import CommandNotFound, LayerException, ShellCommandFailureException, file_errors
from ..frames import FrameSet
from ..io import system
from ..io.images import note_sizes, read_sizes, require
from ..io.output import MAIN, Output, Targets
from ..io.path import absolute_path, each_path, expand_path
from ..io.pattern import find_slot
from ..layer import Layer, outputs
from ..layer.args import where
from ..layer.fill import fill_in
from ..layer.life import end_frames
from ..logs import get_logger
from ..resources import parse_memory_kb
from .command import CommandEnd, RenderArgs, RenderCommand, flags, words_of
from .render_checks import check_args, error_of, use_paths_of_this_host

if TYPE_CHECKING:
    # Import what only frames need when a frame runs, to keep launching fast.
    from ..console import OutputReader
    from ..io.attempt import Attempt
    from ..io.programs import ProgramChoice

__all__ = ["RenderArgs", "RenderCommand", "RenderLayer", "flags", "words_of"]

logger = get_logger("outline.modules.render")

_EXECUTABLE = "executable"
_TAKES_ANY = 0x04  # the flag of a function with *args


class RenderLayer(Layer):
    """Runs an application for its frames, with the application's own syntax, and checks the outputs.

    A module derives from it, sets the class attributes and implements ``render_commands``. A module may also override
    the hooks of every layer, because each frame runs in its own process.

    Attributes:
        application: The name in messages, and the configuration section with the program's path.
        executable: The program's usual name or names.
        output_rules: What to look for in the program's output.
        exit_reasons: The known exit codes of the program with their meanings, for messages.
        trusts_exit_code: False means that an error line (see ``output_rules``) fails the frame even when the program
            exits with 0.
        writes_beside: The program writes exactly to ``get_target``, so it can write under a hidden name that the
            library renames when the file is complete.
        frames_share_outputs: All frames make one file together, so outputs need no frame placeholder.
        needs_outputs: Whether a layer without outputs is an error.
        makes_folders: An output may be a folder.
        arg_types: The required types of arguments.
        size_needs_both: The program takes ``width`` and ``height`` together.
        renders_frame_of_item: With items, each renders the frame that its part ``frame`` names.
        numbers_files: The program puts the frame into file names in its own way, and the module renames the files.
        path_args: The arguments that are paths. The launch makes them absolute, because frames may run in another
            folder. The frame's host expands ``~`` and variables in them.
    """

    application: ClassVar[str] = ""
    executable: ClassVar[str | tuple[str, ...]] = ""
    output_rules: ClassVar[OutputRules] = OutputRules()
    exit_reasons: ClassVar[Mapping[int, str]] = {}
    trusts_exit_code: ClassVar[bool] = True
    writes_beside: ClassVar[bool] = False
    manages_outputs = True
    renders_frame_of_item = True
    needs_outputs: ClassVar[bool] = True
    makes_folders: ClassVar[bool] = False
    declared_args = RenderArgs
    arg_types: ClassVar[Mapping[str, type]] = {}
    size_needs_both: ClassVar[bool] = False
    numbers_files: ClassVar[bool] = False
    path_args: ClassVar[tuple[str, ...]] = ("scene",)

    __launch_options: dict[str, Any]

    # Any: every module has arguments of its own.
    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders. ``RenderArgs`` has the arguments of all modules."""
        super().__init__(name, **args)
        self.__launch_options = {
            key: value for key, value in self.get_args().items() if key.startswith(_EXECUTABLE) and key not in args
        }
        for key in self.__launch_options:  # where the frame runs, the configuration of that host comes first
            self.set_arg(key, None)
        self.set_default_arg("proxy_enable", False)

    # -- for modules -------------------------------------------------------------------------------------------

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """The runs of the application that make these frames, and no others.

        It must have no side effects, because a dry run calls it too. An override may omit ``targets`` and call
        ``get_target`` instead.

        Args:
            frames: Frames of one chunk, in render order, each once. Never empty.
            targets: Where the outputs are to be written; empty when the layer has none.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say which commands it runs")

    def list_commands(self, frames: FrameSet, targets: Targets | None = None) -> list[RenderCommand]:
        """The result of ``render_commands``, whichever signature the module uses.

        Args:
            frames: As there.
            targets: Where the outputs are to be written; where they are in the end when None.
        """
        if targets is None and self.__is_of_items():
            return [command for number in frames for command in self.__commands_of_item(number)]
        write = self.render_commands
        if targets is None:
            targets = Targets(self.get_render_outputs(), layer=self.get_name())
        code = getattr(write, "__code__", None)
        if code is None or code.co_argcount > 2 or code.co_flags & _TAKES_ANY:
            return write(frames, targets)
        return write(frames)  # type: ignore[call-arg]  # an older module without the parameter ``targets``

    def __is_of_items(self) -> bool:
        """Whether frames are items, each of which stands for a frame of the application, and none is filled in now."""
        return self.renders_frame_of_item and self.get_items() is not None and self._ol_state.item_frame is None

    def __commands_of_item(self, number: int) -> list[RenderCommand]:
        from ..layer.rendered import filled_in

        with filled_in(self, number, self.path_args) as frame:
            targets = Targets(self.get_render_outputs(), layer=self.get_name())
            return [
                command._replace(frames=FrameSet([number]))
                for command in self.list_commands(FrameSet([frame]), targets)
            ]

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check what the commands need, on the frame's host. A module adds its own checks.

        Raises:
            LayerException: The scene does not exist.
        """
        if self.get_arg("scene"):
            missing = [frame for frame in frames if not os.path.exists(self.get_scene(frame))]
            if missing:
                named = f" for frames {FrameSet(missing)}" if find_slot(self.get_scene()).slot else ""
                raise LayerException(f"the scene does not exist{named}: {self.get_scene()}")

    def collect_outputs(self, command: RenderCommand) -> None:
        """Move a command's files to ``get_target``, for applications that choose the names themselves.

        Called after each command, even a failed one, before the check of the outputs.

        Raises:
            OutlineException: The files are not the requested ones.
        """
        if self.numbers_files and self.get_arg("outputs"):
            from ..io.numbered import adopt_numbered

            adopt_numbered(self.get_target(), command.frames)

    def get_output_rules(self) -> OutputRules:
        """What to look for in the program's output."""
        return self.output_rules

    def clean_up(self) -> None:
        """Remove what ``check_before_commands`` made for the commands. Called at the end, even after an error."""

    def get_program(self) -> list[str]:
        """The words that start the application on this host. The name alone when the program is missing."""
        from ..io.programs import find_program

        choice = self.__choose_program()
        try:
            return find_program(self.application, choice, os.environ)
        except CommandNotFound:  # a frame tells that before it asks for its commands
            return [*choice.candidates[:1], *choice.arguments]

    def check_program(self) -> None:
        """Check that the application is on this host.

        Raises:
            CommandNotFound: The application is missing. The exit code is 127.
        """
        from ..io.programs import find_program

        find_program(self.application or type(self).__name__, self.__choose_program(), os.environ)

    def __choose_program(self) -> ProgramChoice:
        from ..io.programs import choose_program

        names = (self.executable,) if isinstance(self.executable, str) else self.executable
        sections = dict.fromkeys((type(self).__name__, self.application))
        options: list[tuple[str, Mapping[str, object]]] = [
            (f"[{section}]", dict(config.items(section))) for section in sections if config.has_section(section)
        ]
        options.append(("the configuration at launch:", self.__launch_options))
        return choose_program(names, self.get_arg("executable"), str(self.get_arg("version") or ""), options)

    def get_scene(self, frame: int | None = None) -> str:
        """The path of the scene, for one frame if its name has a frame placeholder. A number is not one."""
        path = str(self.get_arg("scene"))
        return path if frame is None else find_slot(path).frame_path(frame)

    def get_render_outputs(self) -> list[Output]:
        """The layer's outputs at their final paths.

        Raises:
            LayerException: ``outputs`` or ``optional`` is invalid.
        """
        return outputs.declared_outputs(self)

    def get_target(self, name: str = MAIN) -> Output:
        """The path to which the application writes an output. A hidden name while the frame runs.

        Args:
            name: The name of the output. ``main`` stands for the first one, whatever its name.

        Raises:
            LayerException: There is no such output.
        """
        return outputs.targets_of(self)[name]

    def get_scratch_folder(self) -> str:
        """The path of the frame's own folder on this host. The frame removes it with its content at the end."""
        return os.path.join(self.get_temp_dir(), f"outline-{self.get_name()}-{os.getpid()}")

    def make_scratch_folder(self) -> None:
        """Make the scratch folder, for ``check_before_commands``.

        Raises:
            LayerException: It cannot be made.
        """
        folder = self.get_scratch_folder()
        self.__remove_scratch_folder()  # of a process that was killed and had the same number
        with file_errors(LayerException, f"the folder {folder} cannot be made"):
            os.mkdir(folder, 0o700)

    def get_extra_args(self) -> list[str]:
        """The argument ``extra_args`` as a list of words."""
        return words_of(self.get_arg("extra_args"))

    def get_progress_frames(self, frames: FrameSet) -> FrameSet:
        """The frames that the application counts while it renders these frames of the layer."""
        return frames

    def size_words(self, flag: str) -> list[str]:
        """A flag that takes width and height in two words. Empty unless the layer has both."""
        width, height = self.get_arg("width"), self.get_arg("height")
        return [flag, str(width), str(height)] if width and height else []

    def get_threads(self) -> int:
        """How many threads the frame may use: the host's figure, or else the layer's cores."""
        given = os.environ.get("CUE_THREADS", "")
        return max(
            1, int(given) if given.isdigit() else int(float(self.get_arg("cores") or self.get_arg("threads") or 1))
        )

    def get_memory_mb(self) -> int:
        """The frame's reserved memory: the host's figure, or else the argument. 0 when unknown."""
        given = os.environ.get("CUE_MEMORY", "")
        if given.isdigit() and int(given):
            return int(given) // 1024
        memory = self.get_arg("memory")
        return parse_memory_kb(memory) // 1024 if memory else 0

    # -- at the launch -----------------------------------------------------------------------------------------

    def check_required_args(self) -> None:
        """Also check that outputs differ by frame, and that ``check_images`` can open the pictures."""
        super().check_required_args()
        check_args(self)

    def setup(self) -> None:
        """Make paths absolute and copy the scene, before the hook ``_setup``. The outline calls this."""
        self.check_required_args()
        self.__require_openimageio()
        for key in self.path_args:
            if self.get_arg(key):
                self.set_arg(key, each_path(self.get_arg(key), absolute_path))
        if self.get_arg("copy_scene") and self.get_arg("scene"):
            self.__copy_scene()
        super().setup()

    def __copy_scene(self) -> None:
        """Copy the scene, or each frame's scene, and render the copy from now on."""
        pattern = find_slot(expand_path(self.get_scene(), os.environ))
        frames = FrameSet(self.get_frame_range() or "1") if pattern.slot else [0]
        copies = [self.put_file(pattern.frame_path(frame)) for frame in frames]
        self.set_arg("scene", os.path.join(os.path.dirname(copies[0]), os.path.basename(self.get_scene())))

    # -- in a frame --------------------------------------------------------------------------------------------

    def _execute(self, frames: FrameSet) -> None:
        use_paths_of_this_host(self)
        self.__require_openimageio()
        if not self.__is_of_items():
            self.__render(frames)
            return
        from ..layer.rendered import filled_in

        for number in frames.unique():
            with filled_in(self, number, self.path_args) as frame:
                self.__render(FrameSet([frame]))
            self.__note(FrameSet([number]))

    def __render(self, frames: FrameSet) -> None:
        from ..progress import watched_output

        wanted = self.__frames_to_render(frames)
        if not wanted:
            return
        attempt = self.__begin_attempt(wanted)
        self._ol_state.attempt = attempt
        try:
            self.check_program()
            self.check_before_commands(wanted)
            attempt.prepare(wanted, is_backup=BACKUP in os.environ)
            with watched_output(self.get_output_rules(), self.get_progress_frames(wanted)) as reader:
                for command in self.list_commands(wanted, attempt.targets):
                    self.__run(command, attempt, reader)
            note_sizes(self.get_path(), attempt.new_sizes())
        finally:
            self.clean_up()
            self.__remove_scratch_folder()
            attempt.discard(wanted)
            self._ol_state.attempt = None

    def __remove_scratch_folder(self) -> None:
        if os.path.isdir(self.get_scratch_folder()):
            import shutil  # slow to import, and seldom needed

            shutil.rmtree(self.get_scratch_folder(), ignore_errors=True)

    def __begin_attempt(self, frames: FrameSet) -> Attempt:
        from ..io.attempt import Attempt, Checks, new_mark

        declared, checks = self.get_render_outputs(), Checks.of(self.get_args())
        known = read_sizes(self.get_path(), [output.name for output in declared] if checks.images else [], frames)
        mark = new_mark() if self.writes_beside and self.get_arg("beside") is not False else None
        return Attempt(declared, checks, mark=mark, sizes=known, layer=self.get_name())

    def __run(self, command: RenderCommand, attempt: Attempt, reader: OutputReader) -> None:
        """Run one command and move its outputs to their final paths, or raise an error."""
        from ..io.attempt import publishing

        errors_before, fatal_before = len(reader.errors), len(reader.fatal)
        reader.begin(self.get_progress_frames(command.frames))
        failure: ShellCommandFailureException | None = None
        item = self._ol_state.item_frame
        first = command.frames[0]
        number = first if item is None else item
        with publishing(attempt, command.frames, lambda: not reader.errors[errors_before:], self.__note):
            try:
                argv = fill_in(self, command.argv, number, output_frame=first)
                system(argv, frame=number, reader=reader)
            except ShellCommandFailureException as error:
                failure = error
            reader.close()
            self.collect_outputs(command)
        faults = attempt.find_faults(command.frames) if outputs.checks_outputs(self) else []
        end = CommandEnd(failure, faults, reader.errors[errors_before:], reader.fatal[fatal_before:])
        wrong = error_of(self, end)
        if wrong is not None:
            raise wrong
        attempt.publish(command.frames)
        self.__note(command.frames)

    def __note(self, frames: Iterable[int]) -> None:
        """Note frames of the layer that are done; one of an item is noted when its arguments are everybody's again."""
        if self._ol_state.item_frame is None:
            end_frames(self, frames, base=RenderLayer)

    def __frames_to_render(self, frames: FrameSet) -> FrameSet:
        if not self.get_arg("skip_existing"):
            return frames.unique()
        from ..io.attempt import Checks, find_complete

        done = set(find_complete(self.get_render_outputs(), frames.unique(), Checks.of(self.get_args())))
        if done:
            logger.warning("layer %s: frames %s exist already", self.get_name(), FrameSet(sorted(done)))
        return FrameSet([frame for frame in frames.unique() if frame not in done])

    def __require_openimageio(self) -> None:
        if self.get_arg("check_images"):
            require(f"{where(self)}: check_images")
