# SPDX-License-Identifier: Apache-2.0
"""Runs one frame of a session. Every backend ends here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, MutableMapping
from typing import TYPE_CHECKING, NamedTuple

from .exception import CommandNotFound, OutlineException, ShellCommandFailureException
from .frame_end import FrameEnd
from .layer.fill import fill_in
from .layer.life import begin, discard, end_frames, ended_with, finish
from .layer.state import own_attributes, state_of
from .modules.shell import plain_line
from .session_paths import SessionPaths
from .tokens import FrameTokens, expand_in_frame, expand_word

if TYPE_CHECKING:
    from .frames import FrameSet
    from .layer import Layer
    from .loader import Outline
    from .work.run import WorkRun

__all__ = [
    "PLAIN_DATA",
    "CommandFrame",
    "begin_commands",
    "begins_before_fork",
    "enter_folder",
    "is_plain",
    "note_failure",
    "prepare_environment",
    "prepare_work",
    "run_frame",
    "run_frame_by_hand",
    "runs_only_commands",
]

PLAIN_DATA = "use_pycuerun"


def is_plain(layer: Layer) -> bool:
    """Tell whether a layer's frames are its command and nothing else, because the job was launched that way."""
    ol = layer.get_outline()
    if ol is None or ol._ol_state.session is None or layer.get_arg("command") in (None, ""):
        return False
    return os.path.exists(SessionPaths(ol.get_session().get_path()).data(PLAIN_DATA))


def run_frame(
    layer: Layer,
    frame: int,
    when_hopeless: Callable[[], object] = lambda: None,
    when_failed: Callable[[BaseException], object] = lambda error: None,
) -> int:
    """Run the chunk that begins with ``frame`` in this process and return its exit code.

    What went wrong is printed on stderr: one line for a failed command, a traceback for an error in Python.

    Args:
        frame: The first frame of the chunk.
        when_hopeless: Called when there is no point in trying the frame again: a program is not there.
        when_failed: Called with the failure of a command, or the error in Python.

    Returns:
        0, the status of a failed command, what ``sys.exit`` was called with, or 1.
    """
    if state_of(layer).begun is None:
        work = _work_of(layer)
        if work is not None:
            return work.run(layer, frame, lambda: _run_frame(layer, frame, when_hopeless, when_failed))
    return _run_frame(layer, frame, when_hopeless, when_failed)


def _run_frame(
    layer: Layer,
    frame: int,
    when_hopeless: Callable[[], object],
    when_failed: Callable[[BaseException], object],
) -> int:
    try:
        if state_of(layer).begun is None and is_plain(layer):
            from .io import system

            for command in begin_commands(layer, frame, os.environ, is_plain=True).commands:
                system(command)
        else:
            layer.execute(frame)
    except ShellCommandFailureException as error:
        if isinstance(error, CommandNotFound):
            when_hopeless()
        when_failed(error)
        sys.stderr.write(f"outline: {error}\n")
        return error.exit_status if 0 < error.exit_status < 256 else 1
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        when_failed(error)
        sys.stderr.write(f"{error.code}\n")
        return 1
    except OutlineException as error:
        when_failed(error)
        if _went_through_foreign_code(error):
            _print_traceback()
        sys.stderr.write(f"outline: {error}\n")
        return 1
    except BaseException as error:
        when_failed(error)
        _print_traceback()
        return 1
    return 0


def _work_of(layer: Layer) -> WorkRun | None:
    ol = layer.get_outline()
    if ol is None or not ol.get_work():
        return None
    from .work.run import work_of  # most jobs have no work folder

    return work_of(ol)


def prepare_work(layer: Layer) -> None:
    """Read what the frames of a layer need of the work folder, for a process that forks them."""
    try:
        work = _work_of(layer)
        if work is not None:
            work.prepare(layer)
    except OutlineException:
        pass  # each frame tells it


def note_failure(layer: Layer, frame: int, attempt: int, end: FrameEnd) -> FrameEnd:
    """Write down that a chunk failed, in a job that has a work folder; gives the end, with what went wrong there."""
    try:
        work = _work_of(layer)
        if work is not None:
            work.fail(layer, frame, attempt, end)
    except OutlineException as error:
        return end if str(error) in end.reason else end._replace(reason=f"{end.reason}; {error}")
    return end


def run_frame_by_hand(layer: Layer, frame: int) -> int:
    """Run a chunk as ``run_frame`` does, then print what its application told of itself: nobody else will.

    Returns:
        The exit code as a farm takes it; see ``frame_on_farm``.
    """
    from .frame_on_farm import MemoryWatch, end_with_rqd, farm_status
    from .progress import log_of, take_progress

    end_with_rqd()
    memory = MemoryWatch()
    errors: list[BaseException] = []
    status = run_frame(layer, frame, when_failed=errors.append)
    signal = next((error.signal for error in errors if isinstance(error, ShellCommandFailureException)), 0)
    if status:
        end = FrameEnd(status, signal, reason=_reason_of(errors[-1]) if errors else "")
        note_failure(layer, frame, int(os.environ.get("OL_ATTEMPT") or 1), end)
    told = take_progress(log_of(os.environ))
    if told is not None and (told.peak_memory_kb or told.warnings):
        sys.stdout.write(f"outline: peak memory {told.peak_memory_kb} kB, {told.warnings} warnings\n")
        sys.stdout.flush()
    code = farm_status(status, signal, lacked_memory=bool(status) and memory.lacked_memory())
    if code != status and not signal:
        sys.stderr.write(f"outline: exit status {status} would mean a lack of memory to a farm; it becomes {code}\n")
    return code


_LONGEST_REASON = 500


def _reason_of(error: BaseException) -> str:
    """One line about a failure, as the last one of a traceback tells it."""
    from .io.command import LAST_LINES

    words = " ".join(str(error).partition(LAST_LINES)[0].split())
    if not isinstance(error, OutlineException | SystemExit):
        words = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return words[:_LONGEST_REASON]


def _print_traceback() -> None:
    import traceback  # slow to import

    traceback.print_exc()


def _went_through_foreign_code(error: BaseException) -> bool:
    """Tell whether a traceback helps: not where the library's own checks have refused something."""
    import traceback

    package = os.path.dirname(os.path.abspath(__file__))
    entries = traceback.extract_tb(error.__traceback__)
    return any(not entry.filename.startswith(package) for entry in entries)


def prepare_environment(ol: Outline, layer: Layer, frame: int) -> None:
    """Set the variables of a frame that nobody has set, for a frame that is run by hand."""
    from .environment import FrameFacts, frame_environment, layer_environment

    shared = layer_environment(ol, layer)
    if os.environ.get("CUE_JOB_ID") == shared["CUE_JOB_ID"] or "CUE_IFRAME" in os.environ:
        env = frame_environment(shared, FrameFacts(frame))
        del env["OL_ATTEMPT"]  # a farm does not tell
        for key, value in env.items():
            os.environ.setdefault(key, value)
    else:
        os.environ.update(frame_environment(shared, FrameFacts(frame)))


def enter_folder(environ: MutableMapping[str, str]) -> None:
    """Work in the folder that ``OL_FOLDER`` names, on a farm that starts frames wherever it likes.

    A host may have no such folder: frames whose paths are absolute need none. The variable goes, since it is for this
    frame alone.
    """
    folder = environ.pop("OL_FOLDER", "")
    if not folder:
        return
    from .io.mapping import configured_rules, map_path

    folder = map_path(folder, configured_rules())
    try:
        os.chdir(folder)
    except OSError as error:
        sys.stderr.write(f"outline: cannot work in {folder}: {error.strerror}; the frame runs in {os.getcwd()}\n")


class CommandFrame(NamedTuple):
    """A frame that is nothing but commands.

    Attributes:
        commands: Those that are to be started, one after the other.
        finish: Called after the last of them, when all have succeeded.
        ended: Called with the place of each command that has succeeded.
        discard: Called in the end, whatever happened.
    """

    commands: list[list[str]]
    finish: Callable[[], None]
    ended: Callable[[int], None] = lambda place: None
    discard: Callable[[], None] = lambda: None


def begin_commands(
    layer: Layer,
    frame: int,
    environ: MutableMapping[str, str],
    *,
    is_plain: bool,
    is_checked: bool = False,
    tell: Callable[[str], object] = lambda text: sys.stdout.write(text),
) -> CommandFrame:
    """Do what comes before the commands of a frame, for whoever starts them.

    Args:
        layer: One that ``runs_only_commands``.
        frame: The first frame of a chunk.
        environ: The environment of the commands; the variables of layer and chunk are added to it.
        is_plain: What ``is_plain`` said of the layer.
        is_checked: An earlier frame of the layer has begun in this process, so its arguments need no check.
        tell: Takes the text that belongs into the log of the frame.

    Raises:
        LayerException: An input or argument is missing.
    """
    if is_plain:
        environ.update(layer.get_execute_env())
        line = expand_word(plain_line(layer), FrameTokens.from_environment(environ, frame))
        return CommandFrame([["/bin/sh", "-c", line]], lambda: None)
    work = _work_of(layer)
    if work is not None and not work.choose(layer, frame, int(environ.get("OL_ATTEMPT") or 1), tell):
        return CommandFrame([], lambda: None)
    frames = begin(layer, frame, environ, is_checked=is_checked)
    commands = layer.frame_commands(frames)  # type: ignore[attr-defined]  # it is a CommandLayer
    argvs = [expand_in_frame(fill_in(layer, command, number), environ, number) for command, number in commands]
    if work is not None:
        state_of(layer).when_done = lambda number: work.finish(layer, [number])
    ends = ended_with([number for _, number in commands], frames)
    return CommandFrame(
        argvs,
        lambda: _finish(layer, frames, work),
        lambda place: end_frames(layer, ends[place]),
        lambda: discard(layer, frames),
    )


def _finish(layer: Layer, frames: FrameSet, work: WorkRun | None) -> None:
    finish(layer, frames)
    if work is not None:
        work.finish(layer, [number for number in frames if number not in state_of(layer).finished])


def runs_only_commands(layer: Layer) -> bool:
    """Tell whether a frame of the layer is nothing but commands, with no Python that a user wrote.

    Then a backend may start the commands itself, see ``begin_commands``.
    """
    from .modules.shell import CommandLayer

    if is_plain(layer):
        return True
    if not isinstance(layer, CommandLayer) or layer.get_children() or layer.get_arg("python_path"):
        return False
    if layer.get_arg("progress"):  # somebody must read what the commands print
        return False
    if any(layer.get_event_handler().get_event_listeners(name) for name in ("BEFORE_EXECUTE", "AFTER_EXECUTE")):
        return False
    return not _has_own_code(layer, CommandLayer)


def begins_before_fork(layer: Layer) -> bool:
    """Tell whether a frame may begin before it has a process of its own: no code of a user runs before ``_execute``."""
    from .layer import Layer

    if layer.get_parent() is not None or layer.get_arg("python_path") or _work_of(layer) is not None:
        return False
    if layer.get_event_handler().get_event_listeners("BEFORE_EXECUTE"):
        return False
    return not _has_own_code(layer, Layer, _FROM_EXECUTE)


_FROM_EXECUTE = ("_execute", "_after_execute", "_post_execute")
_BEFORE_FRAMES = ("__init__", "_setup", "_after_init", "_after_parented", "__dict__", "__weakref__")
_NOT_OF_THE_BASE = ("_pre_execute", "_post_execute", "__getattr__")


def _has_own_code(layer: Layer, base: type[Layer], besides: Collection[str] = ()) -> bool:
    """Tell whether a layer has code of a user in the place of the library's that may run with a frame."""
    return any(map(callable, own_attributes(layer).values())) or any(
        (hasattr(base, name) or name in _NOT_OF_THE_BASE) and (callable(value) or hasattr(value, "__get__"))
        for own in type(layer).__mro__
        if not own.__module__.startswith("outline.") and own is not object
        for name, value in vars(own).items()
        if name not in _BEFORE_FRAMES and name not in besides
    )
