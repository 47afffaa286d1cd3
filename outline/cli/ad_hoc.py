# SPDX-License-Identifier: Apache-2.0
"""``outline run``: a job of one command, without an outline file."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from ..exception import OutlineException
from ..launch_options import settle_format
from .ending import EXIT_USAGE
from .options import PycuerunCommand, tidy_arguments

if TYPE_CHECKING:
    from ..loader import Outline
    from .plugin_options import PluginParser

__all__ = ["RunCommand", "main"]

_INSTEAD = "Instead of launching"
_HELP = "Run COMMAND for the frames RANGE; it becomes the layer of a job of its own."
_EPILOG = """
Write COMMAND behind --. It takes the tokens of a Shell layer, and #. A single word is split at its blanks.

Examples:
  outline run 1-100 --backend local -- ginsu -in a.#.exr -out b.#.exr
  outline run 1-100 --chunk 10 --name sim --arg memory=8g -- solve --from '#FRAME_START#' --to '#FRAME_END#'
  outline run 7 --dry-run -- blender -b shot.blend -o 'out/####' -f '#IFRAME#'
"""


class RunCommand(PycuerunCommand):
    """The command ``outline run``: pycuerun's options, and those of the one layer."""

    def __init__(self, plugins: PluginParser | None) -> None:
        super().__init__(plugins)
        layer = [
            click.Option(
                ["--name", "name"], metavar="NAME", help="Name of job and layer.  [default: that of the program]"
            ),
            click.Option(["--chunk", "chunk"], metavar="N", help="Frames per chunk."),
            click.Option(
                ["--arg", "args"], metavar="K=V", multiple=True, help="Another argument of the layer; repeatable."
            ),
        ]
        dry_run = [option for option in self.groups[_INSTEAD] if option.name in ("dry_run", "json", "format")]
        left_out = [option for option in self.groups[_INSTEAD] if option not in dry_run]
        del self.groups[_INSTEAD]
        self.groups = {"The layer": [*layer, *dry_run], **self.groups}
        frames = click.Argument(["frames"], required=False, metavar="[RANGE]")
        options = [one for one in self.params if isinstance(one, click.Option) and one not in left_out]
        self.name, self.help, self.epilog_text = "run", _HELP, _EPILOG
        self.params = [frames, *layer, *options]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The words of the usage line."""
        return [*super().collect_usage_pieces(ctx), "--", "COMMAND..."]


def main(argv: list[str]) -> int:
    """Run ``outline run`` with the words after ``run`` and return the exit code."""
    from ..plugins import PluginManager
    from .launch_tool import PyCuerun
    from .pycuerun import launch

    at = argv.index("--") if "--" in argv else len(argv)
    words = argv[at + 1 :]
    tool = PyCuerun()
    PluginManager.init_cuerun_plugins(tool)
    command = RunCommand(tool.asked_parser)
    with command.make_context("outline run", tidy_arguments(argv[:at], command)) as context:
        if tool.asked_parser:
            tool.asked_parser.take_values(context)
        tool.take_values(context.params)
        options = SimpleNamespace(**context.params, script=None)
    settle_format(options)
    if not words:
        print(
            "outline: name the command behind --, as in outline run 1-10 -- ls; see outline run --help", file=sys.stderr
        )
        return EXIT_USAGE
    ol = _outline(words, options)
    return launch(tool, options, lambda: ol)


def _outline(words: list[str], options: SimpleNamespace) -> Outline:
    import os

    from ..config.parser import typed
    from ..loader import Outline
    from ..modules.shell import Shell
    from ..session import conform_name
    from ..tokens import split_command

    name = options.name or conform_name(os.path.basename(split_command(words if len(words) > 1 else words[0])[0]))
    args = {"chunk": typed(options.chunk)} if options.chunk else {}
    for pair in options.args:
        key, sep, value = pair.partition("=")
        if not sep or not key:
            raise OutlineException(f"--arg needs NAME=value, not {pair!r}")
        args[key] = typed(value)
    ol = Outline(name)
    ol.add_layer(Shell(name, words if len(words) > 1 else words[0], **args))  # type: ignore[arg-type]  # as typed
    return ol
