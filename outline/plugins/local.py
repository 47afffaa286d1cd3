# SPDX-License-Identifier: Apache-2.0
"""Options ``-L`` and ``-T``: book cores of this machine for a job on the farm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..logs import get_logger
from .manager import LaunchTool

if TYPE_CHECKING:
    from .. import event

__all__ = [
    "deed_local_machine",
    "get_half_host_memory",
    "init_cuerun_plugin",
    "setup_event",
    "setup_local_cores",
    "setup_local_threads",
]

logger = get_logger("outline.plugins.local")

# The values of the two options. Module globals, because the tool reads its command line before it has a launcher.
USE_LOCAL_CORES = 1
USE_LOCAL_THREADS = 0


def init_cuerun_plugin(cuerun: LaunchTool) -> None:
    """Add the two options to the tool's command line, unless that is known to hold neither."""
    if getattr(cuerun, "is_plain", False):
        return
    parser = cuerun.get_parser()
    for short, long, callback, text in (
        ("-L", "--run-local", setup_event, "Book this many cores of this machine for the job."),
        ("-T", "--run-local-threads", setup_local_threads, "Cores that one frame uses on this machine."),
    ):
        settings = {"action": "callback", "type": "int", "nargs": 1, "callback": callback, "callback_args": (cuerun,)}
        parser.add_plugin_option(short, long, help=text, **settings)


# Any: optparse hands over its own objects and the text or number of the option.


def setup_event(option: Any, opt: Any, value: int, parser: Any, *args: Any, **kwargs: Any) -> None:
    """Store the value of ``--run-local`` and book the cores at launch. ``args[0]`` is the launching tool."""
    from .. import event  # every start loads this plug-in, so what is used once is imported there

    global USE_LOCAL_CORES
    USE_LOCAL_CORES = value
    args[0].add_event_listener(event.BEFORE_LAUNCH, setup_local_cores)


def setup_local_threads(option: Any, opt: Any, value: int, parser: Any, *args: Any, **kwargs: Any) -> None:
    """Store the value of ``--run-local-threads``."""
    global USE_LOCAL_THREADS
    USE_LOCAL_THREADS = value


def setup_local_cores(e: event.LaunchEvent) -> None:
    """Set the argument ``localbook`` of the outline before its launch.

    When the farm refuses the user this machine, the job launches without it, as with PyOutline.
    """
    try:
        deed_local_machine()
    except Exception as error:  # from opencue and grpc, which have no common base
        details = getattr(error, "details", None)  # of gRPC, whose str has several lines
        reason = details() if callable(details) else error
        logger.warning("--run-local cannot book this machine on the farm: %s; the job runs on other hosts", reason)
        return
    e.outline.set_arg(
        "localbook",
        {
            "host": _host_name(),
            "cores": str(USE_LOCAL_CORES),
            "memory": get_half_host_memory(),
            "threads": str(USE_LOCAL_THREADS or USE_LOCAL_CORES),
            "gpu": "0",
        },
    )


def deed_local_machine() -> None:
    """Make the user the owner of this machine on the farm."""
    import opencue  # takes a second, so only who uses the option pays for it

    from .. import util

    show = opencue.api.findShow(util.get_show())
    try:
        owner = opencue.api.getOwner(util.get_user())
    except opencue.CueException:
        show.createOwner(util.get_user())  # PyCue returns a bare message here, which cannot do anything
        owner = opencue.api.getOwner(util.get_user())
    owner.takeOwnership(_host_name())


def get_half_host_memory() -> str:
    """Half of this machine's memory, in kB as text."""
    from ..process import host_memory_kb

    return str(host_memory_kb() // 2)


def _host_name() -> str:
    import socket  # costs milliseconds, and every start loads this plug-in

    return socket.gethostname()
