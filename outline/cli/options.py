# SPDX-License-Identifier: Apache-2.0
"""The command line of ``pycuerun``: its options, its help, and the spellings that it accepts."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..launch_options import GROUPS, PRINT_VERSION, PYOUTLINE_SPELLINGS, LaunchOption
from .completion import complete_frame, complete_session

if TYPE_CHECKING:
    from .plugin_options import PluginParser

__all__ = ["PycuerunCommand", "tidy_arguments"]

_COMPLETE = {"execute": complete_frame, "resume": complete_session}
_NEGATIVE_RANGE = re.compile(r"-\d[-\d,xy:by ]*\Z")
_WIDEST = 100
_OLD_SPELLINGS = {"-retry": "-m", "-jobid": "-j"}

_HELP = "Launch the outline SCRIPT for the frames RANGE."
_EPILOG = """
Examples:
  pycuerun shot.outline 1-100 --backend local   run it on this machine
  pycuerun shot.outline 1-100 --dry-run         show what would run
  pycuerun --resume SESSION                     run what has not succeeded
  pycuerun shot.outline 1-100 --wait            run it on the farm, and wait for it
  pycuerun SESSION/outline.yaml -e 12-beauty    run one frame, here, with pdb
  pycuerun shot.outline 1-100 -- hero high      what follows -- is for the script
  outline check shot.outline 1-100              report what is wrong with it

Exit codes: 0 done, 1 a frame is dead, 2 not launched, 3 killed on the farm, 70 a fault of ours, 130 interrupted.
"""


def _option(option: LaunchOption, plugins: PluginParser | None) -> click.Option:
    """An option as click has it, without spellings that plug-ins have taken."""
    free = [flag for flag in option.flags if plugins is None or not plugins.is_taken(flag)]
    flags = [*(free or [f"--outline{option.flags[0][1:]}"]), option.dest]
    if option.action == "store_true":
        return click.Option(flags, help=option.help, is_flag=True, default=False)
    more: dict[str, Any] = {"type": option.type, "multiple": option.action == "append", "default": None}
    if option.action == "optional":
        more = {"is_flag": False, "flag_value": PRINT_VERSION}
    elif isinstance(option.type, tuple):
        more["type"] = click.Choice(option.type)
    elif option.metavar == "SCRIPT":
        more["type"] = click.Path()
    if option.dest in _COMPLETE:
        more["shell_complete"] = _COMPLETE[option.dest]
    return click.Option(flags, help=option.help, metavar=option.metavar or None, **more)


class PycuerunCommand(click.Command):
    """The command ``pycuerun``, whose help shows the options in groups.

    Args:
        plugins: Holds the options that plug-ins have added, None when they have none.

    Raises:
        OutlineException: A plug-in adds an option that exists already.
    """

    def __init__(self, plugins: PluginParser | None) -> None:
        self.epilog_text = _EPILOG
        self.__plugins = plugins
        added = plugins.click_groups() if plugins else {}
        self.groups = {title: [_option(option, plugins) for option in options] for title, options in GROUPS.items()}
        for title, options in added.items():
            self.groups[title] = [*self.groups.get(title, ()), *options]
        arguments: list[click.Parameter] = [
            click.Argument(["script"], required=False, type=click.Path()),
            click.Argument(["frames"], required=False, metavar="[RANGE]"),
        ]
        super().__init__(
            "pycuerun",
            params=[*arguments, *(option for group in self.groups.values() for option in group)],
            help=_HELP,
            context_settings={"help_option_names": ["-h", "--help"], "terminal_width": _help_width()},
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words, and show them to the plug-ins, whose options are called with the spelling that was used."""
        if self.__plugins:
            self.__plugins.words = list(args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        help_option = self.get_help_option(ctx)
        for title, options in self.groups.items():
            rows = [record for option in options if (record := option.get_help_record(ctx))]
            if title == "Standard options" and help_option is not None:
                rows += [record for record in [help_option.get_help_record(ctx)] if record]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows, col_max=32)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the epilog as it is."""
        formatter.write(self.epilog_text)


def _help_width() -> int:
    """The width of the help. Click would import shutil to find it, and with that all kinds of compression."""
    try:
        columns = int(os.environ.get("COLUMNS", 0)) or os.get_terminal_size().columns
    except (OSError, ValueError):
        columns = 80
    return max(50, min(columns, _WIDEST) - 2)


def tidy_arguments(argv: Sequence[str], command: click.Command) -> list[str]:
    """Accept the spellings of olrun (``-retry``), short forms (``--pri``), and a frame range that begins with a minus.

    Args:
        argv: The words of the command line.
        command: Knows which options take a value; the word after one is left alone.
    """
    options = [param for param in command.params if isinstance(param, click.Option)]
    known = [flag for option in options for flag in option.opts]
    with_value = set(_OLD_SPELLINGS)
    for option in options:
        if not option.is_flag and not option.count and option.name != "version":
            with_value.update(option.opts)
    tidy: list[str] = []
    is_value = False
    for word in argv:
        if is_value:
            tidy.append(word)
        elif _NEGATIVE_RANGE.match(word):
            tidy += ["--range", word]
        else:
            tidy.append(_whole_spelling(_OLD_SPELLINGS.get(word, word), known))
        is_value = not is_value and tidy[-1] in with_value
    return tidy


def _whole_spelling(word: str, known: Sequence[str]) -> str:
    """An option whose beginning alone was given, as ``optparse`` takes it; PyOutline's options go before later ones."""
    flag, sep, value = word.partition("=")
    if len(flag) < 4 or not flag.startswith("--") or flag in known:
        return word
    meant = [one for one in known if one.startswith(flag)]
    first = [one for one in meant if one in PYOUTLINE_SPELLINGS]
    found = meant if len(meant) == 1 else first
    return f"{found[0]}{sep}{value}" if len(found) == 1 else word
