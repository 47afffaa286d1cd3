# SPDX-License-Identifier: Apache-2.0
"""The commands ``pycuerun`` and ``outline``: the only code that prints, reads argv and sets exit codes.

Exit codes: 0 done, 1 a frame is dead or a check found errors, 2 the job could not be launched or the command line is
wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

__all__ = ["outline_main", "pycuerun_main"]

EXIT_DEAD = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def pycuerun_main(argv: Sequence[str] | None = None) -> int:
    """Run ``pycuerun`` and return its exit code."""
    from .pycuerun import main

    return _guarded(main, list(sys.argv[1:] if argv is None else argv), "pycuerun")


def outline_main(argv: Sequence[str] | None = None) -> int:
    """Run ``outline`` and return its exit code."""
    from .tool import main

    return _guarded(main, list(sys.argv[1:] if argv is None else argv), "outline")


def _guarded(main: Callable[[list[str]], int], argv: list[str], program: str) -> int:
    """Turn errors into one line and an exit code; only our own faults, and ``--debug``, show a traceback."""
    from ..exception import FileSpecException, OutlineException

    try:
        return main(argv)
    except (OutlineException, FileSpecException) as error:
        if {"-D", "--debug"} & set(argv):
            raise
        print(f"{program}: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read our output has had enough
        return EXIT_DEAD
