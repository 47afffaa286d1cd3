# SPDX-License-Identifier: Apache-2.0
"""Completion of the three commands in bash, zsh and fish: subcommands, options, sessions and frames.

The shell calls the program itself with a variable set, and click answers. So completion always fits the version.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from ..exception import OutlineException

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.shell_completion import CompletionItem

__all__ = ["SHELLS", "complete", "complete_frame", "complete_session", "completion_script"]

SHELLS = ("bash", "zsh", "fish")
_PROGRAMS = ("outline", "pycuerun", "cuebot-stub")
_MOST_FRAMES = 200


def completion_script(shell: str) -> str:
    """Give what a shell must evaluate to complete all commands.

    Args:
        shell: One of ``SHELLS``.
    """
    import click
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    return "\n".join(kind(click.Command(name), {}, name, _variable(name)).source() for name in _PROGRAMS)


def complete(command: click.Command, program: str) -> int | None:
    """Answer the shell when it asks this process to complete a command line; None when it does not."""
    instruction = os.environ.get(_variable(program))
    if not instruction:
        return None
    from click.shell_completion import shell_complete

    return shell_complete(command, {}, program, _variable(program), instruction)


def complete_session(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of jobs, the newest first; files, once a path is begun."""
    from click.shell_completion import CompletionItem

    from .sessions import LAST, sessions_by_age

    if os.sep in incomplete or incomplete.startswith((".", "~")):
        return [CompletionItem(incomplete, type="file")]
    names = dict.fromkeys([LAST, *(job.name for job in sessions_by_age())])
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_frame(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the frames of the session that the command line names: those that failed and run first."""
    from click.shell_completion import CompletionItem

    session = context.params.get("session") or context.params.get("script")
    if not session:
        return []
    try:
        frames = islice((name for name in _frames(str(session)) if name.startswith(incomplete)), _MOST_FRAMES)
        return [CompletionItem(name) for name in frames]
    except OutlineException:
        return []


def _frames(session: str) -> Iterator[str]:
    from ..backend.local.job import LocalJob
    from ..scheduler import FrameState
    from .sessions import session_folder

    job = LocalJob(session_folder(session)).record.job
    order = [FrameState.DEAD, FrameState.RUNNING, *FrameState]
    for state in dict.fromkeys(order):
        yield from (job.frames.name(ref) for ref in job.frames if job.state(ref) is state)


def _variable(program: str) -> str:
    return f"_{program.replace('-', '_').upper()}_COMPLETE"
