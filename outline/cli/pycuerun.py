# SPDX-License-Identifier: Apache-2.0
"""``pycuerun``: launch an outline, run one frame of it, look at it."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from .. import config
from ..exception import LaunchException, OutlineException
from ..launch_options import GROUPS, LaunchOption, launch_args
from . import EXIT_DEAD, EXIT_INTERRUPTED, EXIT_USAGE
from .plugin_options import PluginParser

if TYPE_CHECKING:
    from ..backend.local.runner import Runner
    from ..loader import Outline

__all__ = ["main", "split_frame_name"]

_FRAME_NAME = re.compile(r"(-?\d+)-(.+)\Z", re.DOTALL)
_NEGATIVE_RANGE = re.compile(r"-\d[-\d,xy:by ]*\Z")
_OLD_SPELLINGS = {"-retry": "-m", "-jobid": "-j"}
_PRINT_VERSION = "\0print"

EPILOG = """\b
pycuerun shot.outline 1-100 --backend local     run it on this machine
pycuerun shot.outline 1-100 --dry-run           show what would run
pycuerun --resume SESSION                       run what has not succeeded
pycuerun SESSION/outline.yaml -e 12-beauty      run one frame, here, with pdb
"""


class PyCuerun:
    """One call of pycuerun, as plug-ins see it: ``init_cuerun_plugin(cuerun)`` gets it."""

    def __init__(self) -> None:
        from ..event import EventHandler

        self.__parser = PluginParser()
        self.__events = EventHandler(self)

    def get_parser(self) -> PluginParser:
        """Return what plug-ins add their options to."""
        return self.__parser

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback`` before or after the launch: BEFORE_LAUNCH, AFTER_LAUNCH."""
        self.__events.add_event_listener(event_type, callback)

    def launch_outline(self, outline: Outline, **args: Any) -> Any:
        """Launch an outline and tell the listeners before and after."""
        from .. import cuerun, event

        self.__events.emit(event.LaunchEvent(event.BEFORE_LAUNCH, self, outline=outline))
        jobs = cuerun.launch(outline, **args)
        self.__events.emit(event.LaunchEvent(event.AFTER_LAUNCH, self, job=jobs, outline=outline))
        return jobs


def main(argv: list[str]) -> int:
    """Run pycuerun with the arguments and return its exit code."""
    from ..plugins import PluginManager

    tool = PyCuerun()
    PluginManager.init_cuerun_plugins(tool)
    command = _command(tool)
    try:
        with command.make_context("pycuerun", _prepare(argv)) as context:
            tool.get_parser().take_values(context.params)
            return _run(tool, context, SimpleNamespace(**context.params))
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE


def _command(tool: PyCuerun) -> click.Command:
    params: list[click.Parameter] = [
        click.Argument(["script"], required=False),
        click.Argument(["frames"], required=False, metavar="[RANGE]"),
    ]
    params += [_option(option) for options in GROUPS.values() for option in options]
    params += [
        click.Option(["-v", "--version", "version"], is_flag=False, flag_value=_PRINT_VERSION, metavar="[VERSION]",
                     help="Print the version; with a value, the version of outline that the farm uses."),
        click.Option(["-e", "--execute", "execute"], metavar="FRAME", help="Run one frame in this process: 12-beauty."),
        click.Option(["-i", "--inspect", "inspect"], metavar="SCRIPT", help="Show layers, frames and dependencies."),
        click.Option(["-u", "--user", "user"], metavar="USER", help="The user of the job."),
        click.Option(["--qc", "qc"], is_flag=True, help="Let the artist look at the job before it leaves the farm."),
        click.Option(["--cores", "cores"], metavar="N", help="local: cores to use; all when not given."),
        click.Option(["--memory", "memory"], metavar="SIZE", help="local: memory to use, such as 16g; all when not given."),
        click.Option(["--fail-fast", "fail_fast"], is_flag=True, help="local: stop when a frame is dead."),
        click.Option(["--quiet", "quiet"], is_flag=True, help="local: print nothing but errors."),
        click.Option(["--resume", "resume"], metavar="SESSION", help="local: go on with a job."),
        click.Option(["--dry-run", "dry_run"], is_flag=True, help="Show what would run, and write nothing."),
        click.Option(["--format", "format"], type=click.Choice(["text", "json"]), default="text", help="Of --dry-run."),
    ]  # fmt: skip
    params += tool.get_parser().params
    return click.Command(
        "pycuerun",
        params=params,
        help="Launch the outline SCRIPT for the frames RANGE.",
        epilog=EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _option(option: LaunchOption) -> click.Option:
    settings: dict[str, Any] = {"help": option.help, "metavar": option.metavar or None, "default": None}
    if option.action == "store_true":
        settings["is_flag"] = True
        settings["default"] = False
    else:
        settings.update(type=option.type, multiple=option.action == "append")
    return click.Option([*option.flags, option.dest], **settings)


def _prepare(argv: list[str]) -> list[str]:
    """Accept old spellings, and a frame range that begins with a minus."""
    prepared: list[str] = []
    for word in argv:
        after_option = bool(prepared) and prepared[-1] in ("-e", "--execute", "-f", "--range")
        if _NEGATIVE_RANGE.match(word) and not after_option:
            prepared += ["--range", word]
        else:
            prepared.append(_OLD_SPELLINGS.get(word, word))
    return prepared


def _run(tool: PyCuerun, context: click.Context, options: SimpleNamespace) -> int:
    _set_logging(options)
    if options.version == _PRINT_VERSION:
        from .. import __version__

        print(f"pycuerun {__version__}")
        return 0
    _set_versions(options)
    if options.execute:
        return _execute(options)
    if options.inspect:
        from .inspect import inspect_text

        print(inspect_text(options.inspect, options.range or options.frames))
        return 0
    if options.resume:
        return _resume(options)
    if not options.script:
        print(context.get_help())
        print("\nName an outline script to launch.", file=sys.stderr)
        return EXIT_USAGE
    return _launch(tool, options)


def _set_logging(options: SimpleNamespace) -> None:
    if options.debug or options.verbose:
        import logging

        level = logging.DEBUG if options.debug else logging.INFO
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)


def _set_versions(options: SimpleNamespace) -> None:
    version = options.version or os.environ.get("OL_VERSION")
    if options.repos or (version and version != "latest"):
        from .. import versions

        if options.repos:
            versions.set_repos(options.repos)
        versions.require("outline", version or "latest")


# -- one frame -------------------------------------------------------------------------------------------------


def split_frame_name(name: str) -> tuple[int, str]:
    """Return number and layer of a frame's name: ``12-beauty``, ``0012-beauty``, ``-2-beauty``.

    Raises:
        OutlineException: It has another form.
    """
    match = _FRAME_NAME.match(name)
    if not match:
        raise OutlineException(f"a frame is named like 12-beauty, number and layer, not {name!r}")
    return int(match[1]), match[2]


def _execute(options: SimpleNamespace) -> int:
    from ..cuerun import load_session_frame
    from ..frame_run import run_frame

    frame, layer = split_frame_name(options.execute)
    if not options.script:
        raise OutlineException("name the session's outline.yaml before -e")
    return run_frame(load_session_frame(options.script, layer, frame), frame)


# -- jobs ------------------------------------------------------------------------------------------------------


def _launch(tool: PyCuerun, options: SimpleNamespace) -> int:
    _set_defaults(options)
    runner = _early_runner(options)
    try:
        return _launch_script(tool, options, runner)
    finally:
        if runner is not None:
            runner.close()


def _early_runner(options: SimpleNamespace) -> Runner | None:
    """Fork the process that will run frames while this one is still clean of the user's code."""
    wanted = options.backend == "local" and not options.dry_run and not options.pause
    if not wanted or not hasattr(os, "fork") or config.get("local", "frame_process", fallback="fork") != "fork":
        return None
    from .. import frame_run, io, loader, modules, serialize  # noqa: F401  # once, here, for both processes
    from ..backend.local import fork_runner
    from ..modules import shell  # noqa: F401

    return fork_runner()


def _launch_script(tool: PyCuerun, options: SimpleNamespace, runner: Runner | None) -> int:
    from ..loader import load_outline

    begun = time.monotonic()
    ol = load_outline(options.script)
    if options.dry_run:
        from .dry_run import dry_run_text

        print(dry_run_text(ol, _launch_args(options), options.format))
        return 0
    if options.qc:
        _add_qc_layer(ol, options)
    args = _launch_args(options)
    if options.backend != "local":
        return _launch_elsewhere(tool, ol, args, options)
    return _launch_here(tool, ol, args, options, runner, begun)


def _set_defaults(options: SimpleNamespace) -> None:
    """Fill in what the command line left open; the range of the environment counts as a mere default."""
    for group in GROUPS.values():
        for option in group:
            if getattr(options, option.dest, None) is None:
                setattr(options, option.dest, option.default())
    if options.range and options.frames:
        raise OutlineException(f"two frame ranges, {options.range!r} and {options.frames!r}; give one")
    options.range = options.range or options.frames
    options.range_default = False
    if not options.range and os.environ.get("FR"):
        options.range, options.range_default = os.environ["FR"], True


def _launch_args(options: SimpleNamespace) -> dict[str, Any]:
    args = launch_args(options)
    args["env"] = list(options.env or ())
    args["user"] = options.user
    return {key: value for key, value in args.items() if value is not None or key in ("user", "range")}


def _launch_elsewhere(tool: PyCuerun, ol: Outline, args: dict[str, Any], options: SimpleNamespace) -> int:
    only_local = [f"--{name}" for name in ("cores", "memory") if getattr(options, name)]
    if only_local:
        raise LaunchException(f"{' and '.join(only_local)} only works with --backend local")
    jobs = tool.launch_outline(ol, **args)
    for job in jobs or []:
        print(f"launched {job.data.name}")
    return 0


def _launch_here(
    tool: PyCuerun, ol: Outline, args: dict[str, Any], options: SimpleNamespace, runner: Runner | None, begun: float
) -> int:
    args.pop("test", None)  # the exit code tells
    args.update(cores=options.cores, memory=options.memory, fail_fast=options.fail_fast, runner=runner)
    return _show(options, begun, lambda display: tool.launch_outline(ol, observer=display, **args)[0])


def _resume(options: SimpleNamespace) -> int:
    path = options.resume
    folder = path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))
    from ..backend.local import fork_runner, resume

    begun = time.monotonic()
    runner = fork_runner() if hasattr(os, "fork") else None
    flags = {"cores": options.cores, "memory": options.memory, "fail_fast": options.fail_fast, "runner": runner}
    try:
        return _show(options, begun, lambda display: resume(folder, observer=display, **flags))
    finally:
        if runner is not None:
            runner.close()


def _show(options: SimpleNamespace, begun: float, run: Callable[[Any], Any]) -> int:
    """Run a job under a display, print its summary, and return the exit code."""
    from .display import LiveDisplay, make_display, summary

    display = make_display(options.quiet)
    try:
        job = run(display)
    finally:
        if isinstance(display, LiveDisplay):
            display.close()
    if not options.quiet:
        print(summary(job, time.monotonic() - begun))
    elif not job.record.job.succeeded and not options.pause:
        print(summary(job, time.monotonic() - begun), file=sys.stderr)
    if options.pause or job.record.job.succeeded:
        return 0
    return EXIT_INTERRUPTED if job.record.over == "interrupted" else EXIT_DEAD


def _add_qc_layer(ol: Outline, options: SimpleNamespace) -> None:
    if options.backend == "local":
        raise LaunchException(
            "--qc holds a job on a farm until the artist has looked at it; leave it out for --backend local"
        )
    from ..modules.shell import Shell

    names = [layer.get_name() for layer in ol.get_layers()]
    command = [sys.executable, "-m", "outline.modules.qc"]
    ol.add_layer(Shell("wait_on_artist_to_qc", command=command, range="1", setshot=False, cores=0.1, memory=1,
                       require=[f"{name}:all" for name in names]))  # fmt: skip
