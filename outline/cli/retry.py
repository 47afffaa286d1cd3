# SPDX-License-Identifier: Apache-2.0
"""``outline retry``: frames of a job run again."""

from __future__ import annotations

from typing import Any

from ..backend.local import LocalJob, choose_frames, refuse_living, retry
from .running import early_runner, show_run
from .streams import keep_running_without_output
from .text import plural

__all__ = ["retry_frames"]


def retry_frames(folder: str, *, quiet: bool, no_run: bool, states: tuple[str, ...], **options: Any) -> int:
    """Run frames again under a display and return the exit code; 0 when there was none to run.

    Args:
        folder: The session folder.
        quiet: Print nothing, unless something fails.
        no_run: Only mark the frames.
        states: Only frames in these states, in any case.
        options: ``layer``, ``frames`` and the flags ``cores``, ``memory``, ``fail_fast``; see ``retry``.

    Raises:
        OutlineException: There is no such job, layer or frame, or another process runs the job.
    """
    wanted = tuple(state.upper() for state in states)
    layer, frames = options.pop("layer"), options.pop("frames")
    record = LocalJob(folder).record
    refuse_living(record, folder)
    chosen = choose_frames(record.job, layer, frames, wanted)
    if not chosen:
        if not quiet:
            print(f"nothing to retry, no such frame is {' or '.join(wanted)}: outline status shows what there is")
        return 0
    if no_run:
        retry(folder, layer=layer, frames=frames, states=wanted, run=False)
        if not quiet:
            print(f"{plural(len(chosen), 'frame')} will run again with pycuerun --resume")
        return 0
    keep_running_without_output()
    with early_runner() as runner:
        return show_run(
            lambda display: retry(
                folder, layer=layer, frames=frames, states=wanted, observer=display, runner=runner, **options
            ),
            quiet=quiet,
        )
