# SPDX-License-Identifier: Apache-2.0
"""``pycuerun``: launch an outline, run one frame of it, look at it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..exception import LaunchException, OutlineException
from ..launch_options import OPTIONS, PRINT_VERSION, RUN_BY_LAUNCHER, backend_flags, launch_args, settle_format
from .ending import EXIT_USAGE, usage_error

if TYPE_CHECKING:
    from ..backend.local.runner import Runner
    from ..loader import Outline
    from .launch_tool import PyCuerun

__all__ = ["launch", "main"]


def main(argv: list[str]) -> int:
    """Run pycuerun with the arguments and return its exit code."""
    if len(argv) == 3 and argv[1] == "-e" and argv[0][:1] not in ("", "-"):  # as farms call it for every frame
        return _run_named_frame(argv[0], argv[2])

    from ..plugins import PluginManager
    from .launch_tool import PyCuerun
    from .plain_line import plain_values

    at = argv.index("--") if "--" in argv else len(argv)
    completes = "_PYCUERUN_COMPLETE" in os.environ  # which click sets in the shell
    values = None if completes else plain_values(argv[:at])
    tool = PyCuerun(is_plain=values is not None)
    PluginManager.init_cuerun_plugins(tool)
    if values is None or tool.asked_parser:
        return _main_with_click(tool, argv[:at], argv[at + 1 :])
    tool.take_values(values)
    return _run(tool, SimpleNamespace(**values), argv[at + 1 :])


def _main_with_click(tool: PyCuerun, argv: list[str], script_args: Sequence[str]) -> int:
    import click

    from .completion import complete
    from .options import PycuerunCommand, tidy_arguments

    command = PycuerunCommand(tool.asked_parser)
    completed = complete(command, "pycuerun")
    if completed is not None:
        return completed
    try:
        with command.make_context("pycuerun", tidy_arguments(argv, command)) as context:
            if tool.asked_parser:
                tool.asked_parser.take_values(context)
            tool.take_values(context.params)
            return _run(tool, SimpleNamespace(**context.params), script_args, context.get_help)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        return usage_error("pycuerun", error.format_message(), "pycuerun")


def _run(
    tool: PyCuerun, options: SimpleNamespace, script_args: Sequence[str], get_help: Callable[[], str] = str
) -> int:
    from ..script import own_args

    _set_logging(options)
    if options.version == PRINT_VERSION:
        from .. import __version__

        print(f"pycuerun {__version__}")
        return 0
    _set_versions(options)
    script = options.inspect or options.script
    if script_args and (not script or options.execute):
        raise OutlineException(f"only a script takes what follows --; leave out {' '.join(script_args)!r}")
    with own_args(script, script_args):
        return _run_script(tool, options, get_help)


def _run_script(tool: PyCuerun, options: SimpleNamespace, get_help: Callable[[], str]) -> int:
    settle_format(options)
    if options.execute:
        return _execute(options)
    if options.inspect:
        return _inspect(options)
    if options.resume:
        return _resume(options)
    if not options.script:
        print(get_help())
        print("\npycuerun: name an outline script to launch", file=sys.stderr)
        return EXIT_USAGE
    from ..loader import load_outline

    return launch(tool, options, lambda: load_outline(options.script))


def _set_logging(options: SimpleNamespace) -> None:
    if options.debug or options.verbose:
        import logging

        level = logging.DEBUG if options.debug else logging.INFO
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)


def _set_versions(options: SimpleNamespace) -> None:
    version = options.version or os.environ.get("OL_VERSION")
    if options.repos or (version and version != "latest"):
        from .cuerunbase import setup_outline_environment

        setup_outline_environment(version or "latest", options.repos)


# -- one frame -------------------------------------------------------------------------------------------------


def _execute(options: SimpleNamespace) -> int:
    if not options.script:
        raise OutlineException("name the session's outline.yaml beside -e")
    if options.frames:
        raise OutlineException(f"-e runs the one frame {options.execute}; leave out {options.frames!r}")
    return _run_named_frame(options.script, options.execute, options.range)


def _run_named_frame(script: str, name: str, frames: str | None = None) -> int:
    """Run a frame in this process and return its exit code.

    Args:
        script: The ``outline.yaml`` of a session; or a script or JSON description, which gets a session of its own.
        name: The frame, such as ``12-beauty``.
        frames: The range of the job, for one that gets a session.

    Raises:
        OutlineException: There is no such file, or no such frame.
    """
    from ..cuerun import load_session_frame
    from ..frame_run import enter_folder, run_frame_by_hand
    from ..names import split_frame_name
    from ..session import is_session_path
    from .streams import keep_running_without_output

    number, name_of_layer = split_frame_name(name)
    if os.path.isfile(script) and not script.endswith(".yaml") and not is_session_path(script):
        script = _session_of(script, name_of_layer, number, frames)
    layer = load_session_frame(script, name_of_layer, number)
    enter_folder(os.environ)
    keep_running_without_output()
    return run_frame_by_hand(layer, number)


def _session_of(script: str, layer: str, frame: int, frames: str | None) -> str:
    """Set an outline up as a launch does, and return the path of its ``outline.yaml``."""
    from ..cuerun import OutlineLauncher
    from ..script import own_args
    from .reading import read_outline

    with own_args(script, ()):
        ol, flags = read_outline(script)
    ol.get_layer(layer)  # before anything is made
    flags = {**flags, "range": frames or flags.get("range") or os.environ.get("FR")}
    if not flags["range"] and not ol.get_frame_range():
        flags["range"] = str(frame)
    OutlineLauncher(ol, **flags).setup()
    path = ol.get_path() or ""
    print(f"pycuerun: the frame has the session {os.path.dirname(path)}", file=sys.stderr)
    return path


# -- jobs ------------------------------------------------------------------------------------------------------


def _inspect(options: SimpleNamespace) -> int:
    from .inspect import inspect_text

    if options.frames:
        raise OutlineException(f"-i takes a script and a range; leave out {options.frames!r}")
    _take_range(options, options.script)
    print(inspect_text(options.inspect, options.range))
    return 0


def _resume(options: SimpleNamespace) -> int:
    from ..cuerun import import_backend_module
    from .running import show_run
    from .sessions import session_folder
    from .streams import keep_running_without_output

    if options.script:
        raise OutlineException(f"--resume takes the session only; leave out {options.script!r}")
    folder = session_folder(options.resume)
    keep_running_without_output()
    if options.backend != "dask":
        options.backend = "local"  # the one of the configuration may be a farm
    options.since = 0  # it is no later pass of another launch
    flags = backend_flags(options, options.backend)
    resume = import_backend_module(options.backend).resume
    with _runner_for(options) as runner:
        given = {**flags, "runner": runner} if runner else flags
        return show_run(lambda display: resume(folder, observer=display, **given), quiet=options.quiet)


def launch(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    """Launch a job, or show what would be launched, and return the exit code.

    Args:
        tool: Tells plug-ins of the launch.
        options: The command line.
        load: Returns the outline, which ``options.script`` may hold.
    """
    _set_defaults(options)
    options.plan, options.leaves_failed, options.since = None, False, 0
    if options.watch is not None:
        return _watch(tool, options, load)
    if options.dry_run:
        return _dry_run(options, load)
    return _launch(tool, options, load)


def _launch(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    from .passes import launch_in_passes

    return launch_in_passes(options, lambda options: _launch_once(tool, options, load))


def _launch_once(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    from ..files import check_current_folder
    from .streams import keep_running_without_output

    check_current_folder()  # first: Python 3.13 may fail to import from a folder that is gone
    keep_running_without_output()
    backend_flags(options, options.backend)
    if options.qc and options.backend != "cue":
        raise LaunchException("--qc holds a job on an OpenCue farm until the artist has seen it; leave it out here")
    if options.backend not in RUN_BY_LAUNCHER:
        return _launch_elsewhere(tool, options, load)
    with _runner_for(options) as runner:
        return _launch_here(tool, options, load, runner)


def _runner_for(options: SimpleNamespace) -> AbstractContextManager[Runner | None]:
    """What runs frames on this machine, where they do run here: it starts before any of the user's code has run."""
    from .running import early_runner

    is_early = options.backend == "local" and not (options.pause or options.since)
    return early_runner() if is_early else nullcontext()


def _set_defaults(options: SimpleNamespace) -> None:
    """Fill in what the command line left open."""
    for option in OPTIONS:
        if getattr(options, option.dest, None) is None:
            setattr(options, option.dest, option.default())
    _take_range(options, options.frames)


def _take_range(options: SimpleNamespace, positional: str | None) -> None:
    """Settle the frame range; that of the environment counts as a mere default.

    Raises:
        OutlineException: There are two ranges, or one cannot be read.
    """
    from ..frames import FrameRangeError, FrameSet

    if "" in (options.range, positional):
        raise OutlineException("the frame range is empty; name frames such as 1-100, or leave it out")
    if options.range and positional:
        raise OutlineException(f"two frame ranges, {options.range!r} and {positional!r}; give one")
    options.range = options.range or positional
    options.range_default = not options.range and bool(os.environ.get("FR"))
    if options.range_default:
        options.range = os.environ["FR"]
    if options.range:
        try:
            FrameSet(options.range)
        except FrameRangeError as error:
            raise OutlineException(f"$FR: {error}" if options.range_default else str(error)) from error


def _watch(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    from ..cuerun import OutlineLauncher
    from ..launch_in_folder import has_news
    from .reading import look_at
    from .watch import NEWS, watch

    seconds = options.watch
    if not options.work or options.dry_run or options.pause:
        raise LaunchException("--watch launches again and again in a work folder; it needs --work DIR")
    if not 0 < seconds < float("inf"):
        raise LaunchException(f"--watch needs a number of seconds above 0, not {seconds:g}")
    options.wait = True

    later = SimpleNamespace(**{**vars(options), "force": (), "leaves_failed": True})

    def look() -> int:
        return NEWS if has_news(OutlineLauncher(look_at(load).outline, **_launch_args(later))) else 0

    if not options.quiet:
        print(f"looks for something new every {seconds:g} s; Ctrl-C ends it", file=sys.stderr)
    return watch(lambda: _launch(tool, options, load), look, lambda: _launch(tool, later, load), seconds)


def _launch_args(options: SimpleNamespace) -> dict[str, Any]:
    args = {**launch_args(options), "leaves_failed": options.leaves_failed, "since": options.since}
    if options.work:
        from .passes import tell_plan

        args["on_plan"] = tell_plan(options)
    if str(options.maxretries).isdigit():
        args["maxretries"] = int(options.maxretries)  # a number is asked for; the text of the configuration is not
    return {key: value for key, value in args.items() if value is not None or key in ("user", "range")}


def _dry_run(options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    from .. import config
    from .dry_run import dry_run_text
    from .reading import look_at

    config.set("outline", "backend", options.backend)  # also for what the script would launch by itself
    reading = look_at(load)
    if options.work:
        from ..cuerun import OutlineLauncher
        from ..launch_in_folder import plan_in_folder
        from .work import plan_json, plan_text

        plan = plan_in_folder(OutlineLauncher(reading.outline, **{**_launch_args(options), **reading.flags}))
        print(plan_json(plan) if options.format == "json" else plan_text(plan, each_frame=options.verbose))
        return 0
    print(dry_run_text(reading.outline, {**_launch_args(options), **reading.flags}, options.format))
    return 0


def _launch_elsewhere(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline]) -> int:
    from .. import config
    from ..cuerun import import_backend_module
    from ..script import noted_jobs

    if options.backend == "cue":
        from .farm import launch_on_farm

        return launch_on_farm(tool, options, _launch_args(options), load)
    if not options.script or os.path.isfile(options.script):
        import_backend_module(options.backend)  # before the script runs, which may take its time
    config.set("outline", "backend", options.backend)  # also for what the script launches by itself
    with noted_jobs() as jobs:
        ol = load()
    if ol.get_layers() or not jobs:
        jobs = tool.launch_outline(ol, **_launch_args(options)) or []
    for job in jobs:
        print(f"launched {job.data.name}")
    return 0


def _launch_here(tool: PyCuerun, options: SimpleNamespace, load: Callable[[], Outline], runner: Runner | None) -> int:
    from ..cuerun import import_backend_module
    from .running import load_and_show_jobs, show_run

    import_backend_module(options.backend).check_flags(vars(options))
    ol, exit_code = load_and_show_jobs(load, options.backend, quiet=options.quiet)
    if ol is None:
        return exit_code
    args = _launch_args(options)
    args.pop("test", None)  # the exit code tells
    if runner:
        args["runner"] = runner
    own = show_run(
        lambda display: next(iter(tool.launch_outline(ol, observer=display, **args)), None),
        quiet=options.quiet,
        paused=options.pause,
    )
    return max(own, exit_code)
