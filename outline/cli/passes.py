# SPDX-License-Identifier: Apache-2.0
"""Jobs whose items are made by layers of their own: one launch after the other, until all items are known."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..launch_options import RUN_BY_LAUNCHER
from .ending import EXIT_DEAD

if TYPE_CHECKING:
    from ..work.plan import WorkPlan

__all__ = ["launch_in_passes", "tell_plan"]


def launch_in_passes(options: SimpleNamespace, launch: Callable[[SimpleNamespace], int]) -> int:
    """Launch a job, and again as long as that has made files that are items of other layers.

    On a farm only a launch that waits for its job knows. What failed in an earlier pass is not tried again.

    Args:
        options: The command line; its ``plan`` is set by each launch in a work folder that has something to say.
        launch: Launches with some options, and gives the exit code.

    Returns:
        The worst exit code.
    """
    code = launch(options)
    plan = options.plan
    knows_end = not options.pause and (options.backend in RUN_BY_LAUNCHER or options.wait)
    while options.plan is not None and plan.waits and plan.has_work and knows_end and code <= EXIT_DEAD:
        later = {"plan": None, "leaves_failed": True, "since": options.since or plan.launch}
        options = SimpleNamespace(**{**vars(options), **later})
        code = max(code, launch(options))
        plan = options.plan or plan
    if plan is not None and knows_end and not options.quiet:
        from .work import after_launch

        text = after_launch(options.work, plan)
        print(text, end="\n" if text else "")
    if plan is not None and plan.waits and code <= EXIT_DEAD and not options.quiet:
        print(f"{plan.waiting_text()}; run the same command again")
    return code


def tell_plan(options: SimpleNamespace) -> Callable[[WorkPlan], None]:
    """What keeps the decisions of a launch in a work folder, and shows them before anything runs."""
    from .work import plan_text

    def tell(plan: WorkPlan) -> None:
        options.plan = plan
        if not options.quiet:
            print(plan_text(plan) if plan.has_work else "nothing to do: all frames are done", flush=True)

    return tell
