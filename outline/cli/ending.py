# SPDX-License-Identifier: Apache-2.0
"""The end of a command: its exit code, which a thread that a module has started must not keep from the caller."""

from __future__ import annotations

import os
import sys
import time

__all__ = [
    "EXIT_DEAD",
    "EXIT_INTERRUPTED",
    "EXIT_KILLED",
    "EXIT_OUR_FAULT",
    "EXIT_USAGE",
    "end_process",
    "wait_for_no_thread",
    "usage_error",
]

EXIT_DEAD = 1
EXIT_USAGE = 2
EXIT_KILLED = 3
EXIT_OUR_FAULT = 70
EXIT_INTERRUPTED = 130

_SECONDS = 3.0
_waits = True


def wait_for_no_thread() -> None:
    """Let this process end without the threads that others have started, once its job is over.

    A Python interpreter waits for them, for ever if need be. A launch on this machine imports the modules of the job,
    as each of its frames does, and what a module starts for its frames never ends here.
    """
    global _waits
    _waits = False


def usage_error(program: str, message: str, command: str) -> int:
    """Print what is wrong with a command line, in click's words, and return the exit code."""
    hint = f"{' See' if message.endswith('?') else '; see'} {command} --help"
    print(f"{program}: {message.rstrip('.')}{hint}", file=sys.stderr)
    return EXIT_USAGE


def end_process(exit_code: int) -> int:
    """The exit code; where threads would keep the interpreter from ending, the process ends with it here.

    They are waited for a moment, since a plug-in may be about to finish something.
    """
    if _waits or "threading" not in sys.modules:
        return exit_code
    deadline = time.monotonic() + _SECONDS
    try:
        while _living_threads() and time.monotonic() < deadline:
            time.sleep(0.02)
    except KeyboardInterrupt:
        pass
    names = _living_threads()
    if names:
        print(f"the job is over; these threads still run and are left behind: {', '.join(names)}", file=sys.stderr)
        _leave(exit_code)
    return exit_code


def _living_threads() -> list[str]:
    import threading

    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return [thread.name for thread in others if not thread.daemon]


def _leave(exit_code: int) -> None:
    """End this process as an interpreter does, but for the threads."""
    import atexit

    atexit._run_exitfuncs()  # the public way to run them is to end the interpreter, which waits for the threads
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass
    os._exit(exit_code)
