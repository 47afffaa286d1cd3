# SPDX-License-Identifier: Apache-2.0
"""The options of pycuerun and of every other tool that launches outlines, in one table.

The command line of this library and PyOutline's option parser are both made from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import config, util
from .exception import LaunchException, OutlineException, did_you_mean
from .storage import is_url

__all__ = [
    "GROUPS",
    "OPTIONS",
    "OWN_BACKENDS",
    "PRINT_VERSION",
    "PYOUTLINE_FLAGS",
    "PYOUTLINE_OPTIONS",
    "PYOUTLINE_SPELLINGS",
    "RUN_BY_LAUNCHER",
    "LaunchOption",
    "backend_flags",
    "check_launch_flags",
    "flag_name",
    "get_launch_facility",
    "launch_args",
    "settle_format",
]


OWN_BACKENDS = ("local", "cue", "dask")
"""Those that ship with the library; all their launch flags are known."""

RUN_BY_LAUNCHER = ("local", "dask")
"""Those whose jobs the launcher itself runs, until they are over."""

PRINT_VERSION = "\0print"
"""The value of ``--version`` when it has none: our own is asked for."""


class LaunchOption(NamedTuple):
    """One option.

    Attributes:
        flags: Its spellings.
        dest: The name of its value.
        help: One line.
        action: ``store``, ``store_true``, ``append``, or ``optional`` for one whose value may be left out.
        type: ``str``, ``int`` or ``float``, or a tuple of the texts to choose from.
        default: Makes the default value; called when a command line is read.
        metavar: The word for its value in the help.
        is_flag: Whether it is a launch flag as well, as ``cuerun.launch`` takes them.
        backends: The backends that have it; empty for all.
    """

    flags: tuple[str, ...]
    dest: str
    help: str
    action: str = "store"
    type: Any = str
    default: Callable[[], Any] = lambda: None
    metavar: str = ""
    is_flag: bool = True
    backends: tuple[str, ...] = ()


def get_launch_facility() -> str:
    """The facility to launch to: RENDER_TO, else FACILITY, else the configuration's."""
    return os.environ.get("RENDER_TO") or os.environ.get("FACILITY") or config.get("outline", "facility")


def _no() -> bool:
    return False


GROUPS: dict[str, tuple[LaunchOption, ...]] = {
    "Instead of launching": (
        LaunchOption(
            ("-e", "--execute"),
            "execute",
            "Run one frame of a session in this process: 12-beauty.",
            metavar="FRAME",
            is_flag=False,
        ),
        LaunchOption(
            ("-i", "--inspect"),
            "inspect",
            "Show layers, frames and dependencies.",
            metavar="SCRIPT",
            is_flag=False,
        ),
        LaunchOption(("--dry-run",), "dry_run", "Show what would run, and write nothing.", "store_true", is_flag=False),
        LaunchOption(("--json",), "json", "With --dry-run: print JSON.", "store_true", is_flag=False),
        LaunchOption(
            ("--format",), "format", "With --dry-run: json is the same as --json.", type=("text", "json"), is_flag=False
        ),
        LaunchOption(
            ("--resume",), "resume", "Continue a job of this machine or of dask.", metavar="SESSION", is_flag=False
        ),
    ),
    "Standard options": (
        LaunchOption(
            ("-b", "--backend"),
            "backend",
            "Where to run: local (this machine), cue (an OpenCue farm) or dask (a dask cluster).",
            default=lambda: config.get("outline", "backend"),
            metavar="NAME",
        ),
        LaunchOption(("-s", "--server"), "server", "The farm server, host or host:port.", metavar="HOST"),
        LaunchOption(("-F", "--facility"), "facility", "The facility to run in.", metavar="NAME"),
        LaunchOption(("-V", "--verbose"), "verbose", "Log what happens.", "store_true", default=_no, is_flag=False),
        LaunchOption(
            ("-D", "--debug"),
            "debug",
            "Log everything, and show tracebacks.",
            "store_true",
            default=_no,
            is_flag=False,
        ),
    ),
    "Job options": (
        LaunchOption(("-p", "--pause"), "pause", "Launch the job paused.", "store_true", default=_no),
        LaunchOption(("-w", "--wait"), "wait", "Wait until the job is complete.", "store_true", default=_no),
        LaunchOption(
            ("-t", "--test"),
            "test",
            "Wait for the job and fail when a frame dies.",
            "store_true",
            default=_no,
        ),
        LaunchOption(("-f", "--range"), "range", "The frames.  [default: $FR]", metavar="RANGE"),
        LaunchOption(
            ("--only",),
            "only",
            "Run only items whose keys match, with * and ?; repeatable.",
            "append",
            metavar="GLOB",
        ),
        LaunchOption(("--shot",), "shot", "The shot of the job.", default=util.get_shot, metavar="NAME"),
        LaunchOption(("--no-mail",), "nomail", "Send no mail about the job.", "store_true"),
        LaunchOption(
            ("-m", "--max-retries", "--maxretries"),
            "maxretries",
            "How many times to retry a failed frame.",
            metavar="N",
        ),
        LaunchOption(
            ("-o", "--os"), "os", "The operating system to run on.", default=lambda: os.environ.get("OL_OS", "")
        ),
        LaunchOption(
            ("-j", "--base-name", "--jobid"), "basename", "The outline's part of the job name.", metavar="NAME"
        ),
        LaunchOption(("--autoeat",), "autoeat", "Eat a frame that fails, without a retry.", "store_true"),
        LaunchOption(("--ignore-errors",), "ignore_errors", "Eat a frame whose last retry has failed.", "store_true"),
        LaunchOption(("--priority",), "priority", "The job's priority.", type=int, default=lambda: 1, metavar="N"),
        LaunchOption(("-u", "--user"), "user", "The user of the job.", metavar="USER"),
        LaunchOption(
            ("--qc",), "qc", "Let the artist look at the job before it leaves the farm.", "store_true", is_flag=False
        ),
    ),
    "With --backend local or dask": (
        LaunchOption(("--cores",), "cores", "Cores to use.  [default: all]", metavar="N", backends=RUN_BY_LAUNCHER),
        LaunchOption(
            ("--memory",),
            "memory",
            "Memory to use, such as 16g.  [default: all]",
            metavar="SIZE",
            backends=RUN_BY_LAUNCHER,
        ),
        LaunchOption(
            ("--fail-fast",), "fail_fast", "Stop when a frame is dead.", "store_true", backends=RUN_BY_LAUNCHER
        ),
        LaunchOption(("--quiet",), "quiet", "Print nothing but errors.", "store_true", is_flag=False),
    ),
    "With --backend dask": (
        LaunchOption(
            ("--scheduler",),
            "scheduler",
            "The scheduler of the cluster, such as tcp://host:8786.",
            metavar="ADDRESS",
            backends=("dask",),
        ),
        LaunchOption(
            ("--workers",),
            "workers",
            "Start this many workers on this machine.",
            type=int,
            metavar="N",
            backends=("dask",),
        ),
        LaunchOption(
            ("--backup",),
            "backup",
            "Start a frame a second time when it takes N times as long as others.",
            type=float,
            metavar="N",
            backends=("dask",),
        ),
    ),
    "Work folder": (
        LaunchOption(("--work",), "work", "Run only what is missing or has changed in this folder.", metavar="DIR"),
        LaunchOption(
            ("--layer",),
            "layers",
            "Run only this layer and keep the others as they are; repeatable.",
            "append",
            metavar="LAYER",
        ),
        LaunchOption(
            ("--force",),
            "force",
            "Run these frames even if they are up to date; repeatable.",
            "append",
            metavar="LAYER[:RANGE]",
        ),
        LaunchOption(
            ("--no-retry",),
            "no_retry",
            "Do not retry failed frames of this layer; repeatable.",
            "append",
            metavar="LAYER",
        ),
        LaunchOption(("--keep",), "keep", "Treat these frames as done; repeatable.", "append", metavar="LAYER[:RANGE]"),
        LaunchOption(
            ("--take-over",),
            "take_over",
            "Launch although another launch seems to be running.",
            "store_true",
            default=_no,
        ),
        LaunchOption(
            ("--watch",),
            "watch",
            "Look again every SECONDS and run what is new, until Ctrl-C.",
            type=float,
            metavar="SECONDS",
            is_flag=False,
        ),
    ),
    "Development options": (
        LaunchOption(("-r", "--repos"), "repos", "The folder of module versions.", metavar="DIR", is_flag=False),
        LaunchOption(("--dev",), "dev", "Use your own development areas on the farm.", "store_true"),
        LaunchOption(("--dev-user",), "devuser", "Use this user's development areas on the farm.", metavar="USER"),
        LaunchOption(
            ("--env",), "env", "Set an environment variable of every frame; repeatable.", "append", metavar="K=V"
        ),
        LaunchOption(
            ("-v", "--version"),
            "version",
            "Print the version; with a value, the version of outline that the farm uses.",
            "optional",
            default=lambda: os.environ.get("OL_VERSION", "latest"),
            metavar="[VERSION]",
            is_flag=False,
        ),
    ),
}

# What PyOutline's option parser hands on to a launch. A tool has options of its own for the rest, and some of those are
# called like ours: its --work, --memory or --user are not the launch's.
PYOUTLINE_FLAGS = (
    *("backend", "basename", "server", "pause", "priority", "wait", "test", "range", "range_default", "shot", "dev"),
    *("devuser", "facility", "nomail", "maxretries", "os", "env", "autoeat"),
)
PYOUTLINE_OPTIONS = frozenset({*PYOUTLINE_FLAGS, "verbose", "debug", "version", "repos"})
"""What PyOutline's option parser has."""

OPTIONS = tuple(option for options in GROUPS.values() for option in options)
PYOUTLINE_SPELLINGS = {
    "-h",
    "--help",
    *(
        spelling
        for option in OPTIONS
        if option.dest in PYOUTLINE_OPTIONS | {"execute", "inspect", "qc", "user"}
        for spelling in option.flags
    ),
}
"""How PyOutline's pycuerun spells its options."""
_FLAGS = {option.dest: option for option in OPTIONS if option.is_flag}
_SPELLINGS = {
    spelling.lstrip("-").replace("-", "_"): option.dest
    for option in _FLAGS.values()
    for spelling in (*option.flags, option.dest)
    if len(spelling.lstrip("-")) > 1
}
# Flags without an option of their own: what an outline knows by itself, and what our own programs hand over.
_OTHERS = (
    "show",
    "dept",
    "range_default",
    "use_pycuerun",
    "observer",
    "runner",
    "limits",
    "settled",
    "on_plan",
    "leaves_failed",
    "since",
)


def launch_args(values: Any) -> dict[str, Any]:
    """The launch flags in an object that has the options' values as attributes."""
    args = {name: getattr(values, name, None) for name in (*_FLAGS, "range_default")}
    return {**args, **{name: list(args[name] or ()) for name, option in _FLAGS.items() if option.action == "append"}}


def settle_format(options: Any) -> None:
    """Let ``--json`` and ``--format json`` be the same.

    Raises:
        OutlineException: There is nothing that they could be about.
    """
    if (options.json or options.format) and not options.dry_run:
        given = "--json" if options.json else f"--format {options.format}"
        raise OutlineException(f"{given} works only with --dry-run; give both")
    options.format = "json" if options.json else options.format


def backend_flags(values: Any, backend: str) -> dict[str, Any]:
    """The launch flags that this backend has and others have not, in an object that has the options' values.

    Raises:
        LaunchException: An option is given that this backend does not have.
    """
    found = {}
    for name, option in _FLAGS.items():
        value = getattr(values, name, None)
        if backend in option.backends:
            found[name] = value
        elif option.backends and value:
            raise LaunchException(f"{option.flags[0]} only works with --backend {' or '.join(option.backends)}")
    return found


def flag_name(name: str) -> str:
    """The name of a launch flag, for any of its spellings: ``max_retries`` is ``maxretries``."""
    return _SPELLINGS.get(name, name)


def check_launch_flags(flags: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """Launch flags under their names; a backend that is not ours may have others of its own.

    Raises:
        TypeError: There is no such flag.
        LaunchException: A value is of the wrong kind.
    """
    checked = {}
    for given, value in flags.items():
        name = flag_name(given)
        if name not in _FLAGS and name not in _OTHERS:
            near = did_you_mean(given, list(_SPELLINGS))
            if near or backend in OWN_BACKENDS:
                raise TypeError(f"unknown launch flag {given!r}{near}")
        option = _FLAGS.get(name)
        if name == "env" and isinstance(value, Mapping):
            value = [f"{key}={one}" for key, one in value.items()]
        if option is not None and value is not None:
            _check_value(option, given, value)
        checked[name] = value
    _check_work(checked)
    return checked


def _check_work(flags: Mapping[str, Any]) -> None:
    """Refuse what would have no effect: an empty work folder, and what is about one where there is none."""
    work = flags.get("work")
    if work == "":
        raise LaunchException("the work folder is empty; name one with --work DIR, or leave it out")
    if isinstance(work, str) and is_url(work):
        raise LaunchException(f"a work folder is on a disk, and {work} is a URL; inputs and outputs may be URLs")
    for option in GROUPS["Work folder"]:
        if work is None and flags.get(option.dest):
            raise LaunchException(f"{option.flags[0]} is about a work folder; name one with --work DIR")


def _check_value(option: LaunchOption, name: str, value: Any) -> None:
    if option.action == "store_true" and value not in (True, False):
        raise LaunchException(f"{name} must be True or False, not {value!r}")
    if option.action == "append" and isinstance(value, (str, bytes)):
        raise LaunchException(f"{name} must be a list, not {value!r}")
