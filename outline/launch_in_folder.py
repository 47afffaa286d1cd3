# SPDX-License-Identifier: Apache-2.0
"""Launches in a work folder: what has to run, as the records there say, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .constants import OUTLINE_MODE_SETUP
from .depend import DependType
from .exception import LaunchException
from .frame_end import FrameEnd
from .frames import LONGEST_TEXT, FrameSet
from .logs import get_logger
from .scheduler import FrameState, JobState, plan_job
from .work.folder import WorkFolder
from .work.launch import begin_work, plan_only, read_choice, use_work_folder

if TYPE_CHECKING:
    from .cuerun import OutlineLauncher
    from .loader import Outline
    from .work.plan import WorkPlan

logger = get_logger("outline.cuerun")

__all__ = ["has_news", "launch_in_folder", "plan_in_folder", "thin_ranges"]


def plan_in_folder(launcher: OutlineLauncher) -> WorkPlan:
    """Which frames a launch in the work folder would run, and why; nothing is written.

    Raises:
        OutlineException: The outline could not be launched, or the folder cannot be read.
    """
    return plan_only(launcher.get_outline(), _use_folder(launcher), read_choice(launcher.get_flag))


def has_news(launcher: OutlineLauncher) -> bool:
    """Tell whether a launch in the work folder could run a frame that is new, or made of something new.

    Frames that only follow such a frame, that always run, or that wait for one which is dead, do not count.

    Raises:
        OutlineException: The outline could not be launched, or the folder cannot be read.
    """
    plan = plan_in_folder(launcher)
    return any(plan.is_new(layer, frames) for layer, frames in _startable(launcher.get_outline(), plan))


def _startable(ol: Outline, plan: WorkPlan) -> Iterator[tuple[str, FrameSet]]:
    """The chunks that run when all that can run succeeds, as pairs of a layer and its frames."""
    if not plan.has_work:
        return
    job = JobState(plan_job(ol, max_retries=0, autoeat=False))
    for layer, states in _settled_frames(ol, plan).items():
        for state, heads in states.items():
            for head in heads:
                job.restore(job.frames.ref(layer, head), FrameState(state), 0)
    job.settle()
    yield from _run_out(job)
    job.release_posts()
    yield from _run_out(job)


def _run_out(job: JobState) -> Iterator[tuple[str, FrameSet]]:
    """Let all chunks that can start succeed, and give them as pairs of a layer and its frames."""
    while (ref := job.next_ready(float("inf"), sys.maxsize)) is not None:
        yield job.layer(ref).name, job.frames.members(ref)
        job.start(ref)
        job.finish(ref, FrameEnd())


def launch_in_folder(launcher: OutlineLauncher, launch: Callable[[], list[Any]], farm: Callable[[], Any]) -> list[Any]:
    """Launch what has to run, as the records of the work folder say; nothing when all is done.

    Args:
        launcher: Its flags name the folder.
        launch: Launches the outline, which is set up, and gives the jobs.
        farm: Gives the backend of a farm, which may know the job that was in the folder before.

    Raises:
        OutlineException: The outline cannot be launched, or somebody else runs in the folder.
    """
    if launcher.get_flag("use_pycuerun") is False:
        raise LaunchException("a job in a work folder needs pycuerun on its hosts; leave use_pycuerun=False out")
    folder, ol = _use_folder(launcher), launcher.get_outline()
    choice, take_over = read_choice(launcher.get_flag), bool(launcher.get_flag("take_over"))

    def is_running(job_id: str, server: Any) -> bool:
        return bool(farm().is_running(job_id, server))

    with begin_work(ol, folder, choice, take_over=take_over, is_running=is_running) as (claim, plan):
        if choice.since and not any(plan.runs(layer, frames) for layer, frames in _startable(ol, plan)):
            return []
        launcher.get_flag("on_plan", _tell_waits)(plan)
        if not plan.has_work:
            return []
        if launcher.get("backend") == "cue" and claim.before.get("job"):
            reason = f"superseded by launch {claim.number} of {folder.folder}"
            farm().end_superseded(claim.before["job"], claim.before.get("server"), reason)
        launcher.set_flag("settled", _settled_frames(ol, plan))
        if launcher.get("backend") == "cue":
            ol.set_work({**ol.get_work(), **_on_farm(ol, plan)})
        if ol.get_mode() < OUTLINE_MODE_SETUP:
            launcher.setup()
        claim.note(session=ol.get_session().get_path())
        jobs = launch()
        if launcher.get("backend") == "cue" and jobs:
            data = jobs[0].data
            claim.note(job=data.id, job_name=data.name, server=launcher.get_flag("server") or None)
        return jobs


def _use_folder(launcher: OutlineLauncher) -> WorkFolder:
    folder = WorkFolder(launcher.get("work"))
    use_work_folder(launcher.get_outline(), folder)
    launcher.prepare()
    return folder


def _tell_waits(plan: WorkPlan) -> None:
    for text in plan.left_out:
        logger.warning("%s", text)
    if plan.waits:
        logger.warning("%s; launch again when it is over", plan.waiting_text())


def _on_farm(ol: Outline, plan: WorkPlan) -> dict[str, Any]:
    """What a farm gets of the frames of each layer, as a part of what the job knows of its work folder."""
    every = {name: FrameSet(frames) for name, frames in plan.decisions.items()}
    can_start: dict[str, set[int]] = {name: set() for name in every}
    for layer, chunk in _startable(ol, plan):
        can_start[layer].update(chunk)
    running: dict[str, set[int]] = {}
    never: dict[str, set[int]] = {}
    for name, decisions in plan.decisions.items():
        runs = {frame for frame, one in decisions.items() if one.reason.starts}
        running[name], never[name] = runs & can_start[name], runs - can_start[name]
    previous = [
        (layer.get_name(), depend.get_depend_on_layer().get_name())
        for layer in ol.get_layers()
        for depend in layer.get_depends()
        if depend.get_type() == DependType.PreviousFrame
    ]
    ranges = thin_ranges(every, running, never, previous)
    posts = {layer.get_name() for layer in ol.get_layers() if str(layer.get_type()) == "Post"}
    if not any(frames for name, frames in ranges.items() if name not in posts):
        raise LaunchException("nothing can run: what is left waits for frames that failed and are not tried again")
    return {
        "frames": ranges,
        "has_done": [
            name for name, ones in plan.decisions.items() if not all(one.reason.starts for one in ones.values())
        ],
        "left_failed": {name: str(frames) for name, frames in plan.no_retry.items()},
    }


def _settled_frames(ol: Outline, plan: WorkPlan) -> dict[str, dict[str, list[int]]]:
    """The first frames of chunks that need not run, by layer and the state that they have from the start."""
    layers = [layer for layer in ol.get_layers() if layer.get_name() in plan.decisions]
    return {layer.get_name(): {"SUCCEEDED": plan.done_heads(layer), "DEAD": plan.dead_heads(layer)} for layer in layers}


def thin_ranges(
    frames: Mapping[str, FrameSet],
    running: Mapping[str, Collection[int]],
    never: Mapping[str, Collection[int]],
    previous: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """The range of each layer as a farm gets it; an empty text for a layer of which nothing runs.

    Args:
        frames: All frames of each layer, in their order.
        running: Those that run, or may have to.
        never: Those that must not run.
        previous: Pairs of layers of which one waits for the frame before in the other; these get all of their frames,
            since a farm pairs them by their places in the range.
    """
    whole: set[str] = set()
    pairs = list(previous)
    while (
        more := {name for pair in pairs if any(running.get(one) or one in whole for one in pair) for name in pair}
        - whole
    ):
        whole |= more
    return {
        name: str(every if name in whole else _thinned(every, set(running.get(name, ())), set(never.get(name, ()))))
        for name, every in frames.items()
    }


def _thinned(every: FrameSet, running: set[int], never: set[int]) -> FrameSet:
    """The frames that run, with small gaps between them filled until the text fits."""
    gap = 0
    while True:
        found = FrameSet(_with_small_gaps(list(every), running, never, gap))
        if len(str(found)) <= LONGEST_TEXT or gap >= len(every):
            return found
        gap = max(1, 2 * gap)


def _with_small_gaps(every: list[int], running: set[int], never: set[int], most: int) -> list[int]:
    found: list[int] = []
    gap: list[int] = []
    for frame in every:
        if frame not in running:
            gap.append(frame)
            continue
        if found and len(gap) <= most and never.isdisjoint(gap):
            found += gap
        found.append(frame)
        gap = []
    return found
