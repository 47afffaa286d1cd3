# SPDX-License-Identifier: Apache-2.0
"""The options of pycuerun and of every other tool that launches outlines, in one table.

The command line of this library and PyOutline's option parser are both made from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from . import config

__all__ = ["GROUPS", "LaunchOption", "get_launch_facility", "launch_args"]


class LaunchOption(NamedTuple):
    """One option.

    Attributes:
        flags: Its spellings.
        dest: The name of its value.
        help: One line.
        action: ``store``, ``store_true`` or ``append``.
        type: ``str``, ``int`` or ``float``; of a stored value.
        default: Makes the default value; called when a command line is read.
        metavar: The word for its value in the help.
    """

    flags: tuple[str, ...]
    dest: str
    help: str
    action: str = "store"
    type: type = str
    default: Callable[[], Any] = lambda: None
    metavar: str = ""


def get_launch_facility() -> str:
    """Return the facility to launch to: RENDER_TO, else FACILITY, else the configuration's."""
    return os.environ.get("RENDER_TO") or os.environ.get("FACILITY") or config.get("outline", "facility")


def _get_shot() -> str:
    from . import util  # imports the frame ranges, which the help of a command line does not need

    return util.get_shot()


GROUPS: dict[str, tuple[LaunchOption, ...]] = {
    "Standard options": (
        LaunchOption(
            ("-b", "--backend"),
            "backend",
            "Where to run: local (this machine) or cue (an OpenCue farm).",
            default=lambda: config.get("outline", "backend"),
            metavar="NAME",
        ),
        LaunchOption(("-s", "--server"), "server", "The farm server, host or host:port.", metavar="HOST"),
        LaunchOption(("-F", "--facility"), "facility", "The facility to run in.", metavar="NAME"),
        LaunchOption(("-V", "--verbose"), "verbose", "Log what happens.", "store_true", default=lambda: False),
        LaunchOption(
            ("-D", "--debug"), "debug", "Log everything, and show tracebacks.", "store_true", default=lambda: False
        ),
    ),
    "Development options": (
        LaunchOption(("-r", "--repos"), "repos", "The folder of module versions.", metavar="DIR"),
        LaunchOption(("--dev",), "dev", "Use your own development areas on the farm.", "store_true"),
        LaunchOption(("--dev-user",), "devuser", "Use this user's development areas on the farm.", metavar="USER"),
        LaunchOption(
            ("--env",), "env", "Set an environment variable of every frame; repeatable.", "append", metavar="K=V"
        ),
    ),
    "Job options": (
        LaunchOption(("-p", "--pause"), "pause", "Launch the job paused.", "store_true", default=lambda: False),
        LaunchOption(("-w", "--wait"), "wait", "Wait until the job is complete.", "store_true", default=lambda: False),
        LaunchOption(
            ("-t", "--test"),
            "test",
            "Wait for the job and fail when a frame dies.",
            "store_true",
            default=lambda: False,
        ),
        LaunchOption(("-f", "--range"), "range", "The frames; $FR when not given.", metavar="RANGE"),
        LaunchOption(("--shot",), "shot", "The shot of the job.", default=_get_shot, metavar="NAME"),
        LaunchOption(("--no-mail",), "nomail", "Send no mail about the job.", "store_true"),
        LaunchOption(
            ("-m", "--max-retries", "--maxretries"),
            "maxretries",
            "How often a failed frame is tried again.",
            default=lambda: config.get("outline", "maxretries"),
            metavar="N",
        ),
        LaunchOption(
            ("-o", "--os"), "os", "The operating system to run on.", default=lambda: os.environ.get("OL_OS", "")
        ),
        LaunchOption(
            ("-j", "--base-name", "--jobid"), "basename", "The outline's part of the job name.", metavar="NAME"
        ),
        LaunchOption(("--autoeat",), "autoeat", "A frame that fails is eaten, without a retry.", "store_true"),
        LaunchOption(("--priority",), "priority", "The job's priority.", type=int, default=lambda: 1, metavar="N"),
    ),
}


def launch_args(values: Any) -> dict[str, Any]:
    """Return the launch flags in an object that has the options' values as attributes."""
    names = [
        "backend",
        "basename",
        "server",
        "pause",
        "priority",
        "wait",
        "test",
        "range",
        "range_default",
        "shot",
        "dev",
        "devuser",
        "facility",
        "nomail",
        "maxretries",
        "os",
        "env",
        "autoeat",
    ]
    return {name: getattr(values, name, None) for name in names}
