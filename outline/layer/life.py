# SPDX-License-Identifier: Apache-2.0
"""The life of one chunk of a layer: it begins, its work is done, it finishes. Every way to run a frame comes here.

Whoever starts the commands of a layer by itself calls ``begin`` and ``finish`` around them; all others ``run_chunk``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..event import AFTER_EXECUTE
from ..exception import FailImmediately, LayerException
from ..frames import FrameSet, consecutive_runs
from ..logs import get_logger
from . import outputs, results
from .args import short, where
from .class_code import data_arg
from .fill import fill_in
from .paths import make_folders
from .ranges import timed_chunk
from .state import state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "begin",
    "begin_for_fork",
    "discard",
    "done",
    "end_frames",
    "ended_with",
    "fill_in_running",
    "finish",
    "leave_to_fork",
    "never_restore_process",
    "override_args",
    "run_chunk",
    "run_chunk_and_restore",
    "runs_of",
]

logger = get_logger("outline.layer")


def run_chunk_and_restore(layer: Layer, frame: int) -> None:
    """Run the chunk that begins with ``frame``; arguments and errors are those of ``Layer.execute``.

    The process gets its environment, working directory and ``sys.path`` back, unless it ends with the frame.
    """
    if _process_ends_with_frame and layer.get_parent() is None:
        run_chunk(layer, frame)
        return
    with _restored_process():
        run_chunk(layer, frame)


def run_chunk(layer: Layer, frame: int) -> None:
    """Run the chunk that begins with ``frame``, and leave the process as the frame has changed it."""
    state = state_of(layer)
    state.frame, state.error = frame, None
    frames, state.begun = state.begun, None
    if frames is None:
        layer.setup_args_override()
        frames = begin(layer, frame, os.environ, hooks=lambda: _before(layer))
    logger.info("layer %s runs frames %s", layer.get_name(), frames)
    _running.append(layer)
    try:
        _work(layer, frame, frames)
        finish(layer, frames)
    finally:
        _running.pop()
        discard(layer, frames)


def begin_for_fork(layer: Layer, frame: int, environ: MutableMapping[str, str], *, is_checked: bool) -> None:
    """Begin a chunk that a fork of this process goes on with; ``leave_to_fork`` follows.

    A fork pays for each page of memory that it writes to, so the less is left for it, the better. The layer has no code
    of a user that runs before ``_execute``. Arguments and errors are those of ``begin``.
    """
    state_of(layer).begun = begin(layer, frame, environ, is_checked=is_checked)


def leave_to_fork(layer: Layer) -> None:
    """Forget a chunk that has begun for a fork: it is the fork's, which discards what it leaves."""
    state = state_of(layer)
    state.begun = state.attempt = None
    state.in_chunk = False


def _work(layer: Layer, frame: int, frames: FrameSet) -> None:
    """Run ``_execute``, that of the children, and ``_after_execute`` in any case."""
    try:
        _execute(layer, frames)
        for child in layer.get_children():
            child.execute(frame)
    except (Exception, SystemExit) as error:
        state_of(layer).error = error
        _after_error(layer)
        raise
    layer.after_execute()


_running: list[Layer] = []
"""The layer whose chunk runs in this process, last; a child runs inside of its parent."""


def fill_in_running(command: Any, frame: int | None) -> Any:  # Any: a command as a user has written it
    """A command with what the layer that runs knows in the place of tokens; ``frame`` is its chunk's if None."""
    if not _running:
        return command
    layer = _running[-1]
    return fill_in(layer, command, state_of(layer).frame if frame is None else frame)


def begin(
    layer: Layer,
    frame: int,
    environ: MutableMapping[str, str],
    hooks: Callable[[], object] = lambda: None,
    *,
    is_checked: bool = False,
) -> FrameSet:
    """Do what comes before the work of a chunk, and give its frames.

    Args:
        layer: The layer.
        frame: The first frame of the chunk.
        environ: The environment of the work; the variables of layer and chunk are added to it.
        hooks: Called when the environment tells of the chunk, before anything is checked.
        is_checked: An earlier frame of the layer has begun here, so the arguments are known to be all there, the
            frame is one of a plan, and the environment has what is the same for all of them.

    Raises:
        LayerException: The frame is not in the range, or an input or argument is missing.
    """
    todo = state_of(layer).todo
    frames = todo or timed_chunk(layer.get_arg("chunk"), environ)
    if frames is None and is_checked and environ["CUE_CHUNK"] == "1":
        frames = FrameSet.of_one(frame)  # a frame of the plan, so it is one of the layer's
    elif frames is None:
        frames = layer.get_local_frame_set(frame)
    if not is_checked:
        environ["OL_BASE_SESSION_PATH"] = layer.get_session().get_path()
        environ["OL_LAYER_SESSION_PATH"] = layer.get_path()
    environ["OL_LAYER_RANGE"] = str(frames)
    if layer.get_items() is not None or _has_work_folder(layer):
        environ[results.SEED] = str(results.seed_of(layer, frames[0]))
    hooks()
    make_folders(layer.get_outputs().values())
    if not is_checked:
        layer.check_required_args()
    layer.check_input(frames)
    if data_arg(layer, "inputs") is not None:
        from .links import check_made  # most layers have none

        check_made(layer, frames)
    environ.update(layer.get_execute_env())
    outputs.begin(layer, frames, environ)
    return frames


def _has_work_folder(layer: Layer) -> bool:
    ol = layer.get_outline()
    return ol is not None and bool(ol.get_work())


def done(layer: Layer, frame: int) -> None:
    """Publish and record one frame of the chunk that runs; arguments and errors are those of ``Layer.done``."""
    results.take(layer, [frame])
    outputs.publish(layer, FrameSet([frame]))
    _note_done(layer, frame)


def ended_with(numbers: Sequence[int | None], frames: Iterable[int]) -> list[list[int]]:
    """Which frames of a chunk are through after each of its commands; those of the last one are left to its end.

    A frame is through after the last command that names it. One that no command names belongs to the frame before it,
    and a command that names none belongs to all frames before it.

    Args:
        numbers: The frame that each command names.
        frames: Those of the chunk.
    """
    last: dict[int, int] = {}
    for place, number in enumerate(numbers):
        last |= {number: place} if number is not None else dict.fromkeys(last, place)
    ends: list[list[int]] = [[] for _ in numbers]
    place = len(numbers)
    for frame in frames:
        place = last.get(frame, place)
        if place < len(numbers) - 1:
            ends[place].append(frame)
    return ends


def end_frames(layer: Layer, frames: Iterable[int], *, base: type[Layer] | None = None) -> None:
    """Publish and record those frames of the chunk that runs whose outputs are whole, before its end.

    What is wrong with others is told at the end of the chunk, when all of it may be there.

    Args:
        layer: The layer.
        frames: Frames whose commands are through.
        base: The class of the library whose ``_execute`` ran the commands. Where code of a user may work on the outputs
            afterwards, nothing is published before the end.
    """
    if base is not None and _works_after(layer, base):
        return
    for frame in frames:
        if frame in state_of(layer).finished or not results.is_there(layer, frame):
            continue
        try:
            layer.check_output(FrameSet([frame]))
            outputs.publish(layer, FrameSet([frame]))
        except LayerException:
            continue
        results.take(layer, [frame])
        _note_done(layer, frame)


def runs_of(layer: Layer, frames: FrameSet) -> list[FrameSet]:
    """The frames of a chunk that must run, in groups of those that follow each other in the chunk."""
    whole = state_of(layer).chunk
    return [frames] if whole is None else consecutive_runs(whole, frames)


def _works_after(layer: Layer, base: type[Layer]) -> bool:
    """Whether code of a user, or a child, may work on the outputs of a layer after its commands."""
    cls = type(layer)
    return bool(
        cls._execute is not base._execute
        or cls._after_execute is not base._after_execute
        or callable(getattr(layer, "_post_execute", None))
        or layer.get_children()
        or layer.get_event_handler().get_event_listeners(AFTER_EXECUTE)
    )


def _note_done(layer: Layer, frame: int) -> None:
    state = state_of(layer)
    state.finished.add(frame)
    if state.when_done is not None:
        state.when_done(frame)


def finish(layer: Layer, frames: FrameSet) -> None:
    """Do what comes after the work of a chunk that has succeeded.

    Raises:
        LayerException: An output was not made.
    """
    layer.check_output(frames)
    results.take(layer, frames)
    outputs.finish(layer, frames)


def discard(layer: Layer, frames: FrameSet) -> None:
    """Remove what a chunk has left that is in no place where anybody looks."""
    outputs.discard(layer, frames)
    results.discard(layer)


def _before(layer: Layer) -> None:
    _set_python_path(layer)
    layer.load_outputs()
    layer.before_execute()


def _execute(layer: Layer, frames: FrameSet) -> None:
    """Run ``_execute``; ``sys.exit(0)`` in it ends its work, but not the children and checks that follow."""
    try:
        layer._execute(frames)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            raise


def _after_error(layer: Layer) -> None:
    try:
        layer.after_execute()
    except FailImmediately:
        raise
    except Exception:
        logger.exception("layer %s: _after_execute failed after the error of _execute", layer.get_name())


def override_args(layer: Layer) -> None:
    """Set arguments from the data ``args_override``; see ``Layer.setup_args_override``."""
    override = layer.get_session().find_data("args_override", layer.get_name()) or {}
    if not isinstance(override, dict):
        raise LayerException(f"{where(layer)}: args_override must be a dict, not {short(override)}")
    find_creator = getattr(layer, "get_creator", None)
    creator = find_creator() if callable(find_creator) else None
    for key, value in override.items():
        logger.warning("layer %s: args_override sets %s to %s", layer.get_name(), key, short(value))
        layer.set_arg(key, value)
        if creator is not None:
            creator.set_arg(key, value)


def _set_python_path(layer: Layer) -> None:
    paths = layer.get_arg("python_path")
    if paths and not isinstance(paths, (list, tuple)):
        raise LayerException(f"{where(layer)}: python_path must be a list of folders, not {paths!r}")
    if paths:
        logger.warning("layer %s: python_path puts %s before sys.path", layer.get_name(), list(paths))
        sys.path[:0] = [str(path) for path in paths]


_process_ends_with_frame = False


def never_restore_process() -> None:
    """Say that this process, or each fork of it, runs one frame and ends; then nothing has to be put back."""
    global _process_ends_with_frame
    _process_ends_with_frame = True


@contextmanager
def _restored_process() -> Iterator[None]:
    environ, path = dict(os.environ), list(sys.path)
    try:
        cwd = os.getcwd()
    except OSError:  # the folder was removed under us; there is nothing to go back to
        cwd = ""
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = path
        try:
            os.chdir(cwd or os.curdir)
        except OSError as error:  # must not hide the frame's own error
            logger.warning("cannot go back to the folder %s: %s", cwd, error.strerror)
