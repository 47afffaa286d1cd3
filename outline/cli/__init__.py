# SPDX-License-Identifier: Apache-2.0
"""The commands ``pycuerun`` and ``outline``: the only code that prints, reads argv and sets exit codes.

Exit codes: 0 done, 1 a frame is dead or a check found errors, 2 the job could not be launched or the command line is
wrong, 3 a job on the farm was killed or is lost, 70 a fault of this library, 130 interrupted. ``pycuerun -e`` has the
exit code of the frame.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from .ending import EXIT_DEAD, EXIT_INTERRUPTED, EXIT_OUR_FAULT, EXIT_USAGE, end_process
from .streams import drop_output, open_streams, why_output_is_lost

__all__ = ["outline_main", "pycuerun_main"]

# What may fail inside without being the user's fault: this library and what it stands on.
_OURS = frozenset(["outline", "click", "rich", "yaml", "psutil", "grpc", "opencue", "__main__"])

# Objects between two collections: imports leave no garbage, and looking for it took 6 % of a job of one frame.
_COLLECT_AT = 50_000


def pycuerun_main(argv: Sequence[str] | None = None) -> int:
    """Run ``pycuerun`` and return its exit code; without arguments, as the program that this process is."""
    if argv is not None:
        return _guarded(_pycuerun, list(argv), "pycuerun")
    gc.set_threshold(_COLLECT_AT)
    code = _guarded(_pycuerun, sys.argv[1:], "pycuerun")
    if {"-e", "--execute"}.intersection(sys.argv[1:]):
        from ..frame_on_farm import hand_over_output

        hand_over_output()
    return end_process(code)


def outline_main(argv: Sequence[str] | None = None) -> int:
    """Run ``outline`` and return its exit code; without arguments, as the program that this process is."""
    if argv is not None:
        return _guarded(_outline, list(argv), "outline")
    gc.set_threshold(_COLLECT_AT)
    return end_process(_guarded(_outline, sys.argv[1:], "outline"))


# What a program needs takes most of the time of a short one to import, so Ctrl-C is expected there, too.


def _pycuerun(argv: list[str]) -> int:
    from .pycuerun import main

    return main(argv)


def _outline(argv: list[str]) -> int:
    from .tool import main

    return main(argv)


def _guarded(main: Callable[[list[str]], int], argv: list[str], program: str) -> int:
    """Turn errors into one line and an exit code; only our own faults, and ``--debug``, show a traceback."""
    open_streams()
    try:
        code = main(argv)
        sys.stdout.flush()  # here, where a closed pipe is expected
        gc.freeze()  # the collection at the end of the interpreter would take a fifth of a short command's time
        return code
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        drop_output()  # whoever read our output has had enough
        return EXIT_DEAD
    except Exception as error:
        lost = why_output_is_lost() if isinstance(error, OSError) else ""
        if lost:
            drop_output()
            print(f"{program}: cannot write the output: {lost}", file=sys.stderr)
            return EXIT_USAGE
        return _report(error, program, is_debug=bool({"-D", "--debug"} & set(argv)))


def _report(error: Exception, program: str, is_debug: bool) -> int:
    from ..exception import FileSpecException, OutlineException, ScriptExit

    if isinstance(error, ScriptExit):
        if isinstance(error.code, int):
            if error.code:
                print(f"{program}: {error}", file=sys.stderr)
            return error.code & 0xFF
        print(error.code, file=sys.stderr)
        return EXIT_DEAD
    is_expected = isinstance(error, (OutlineException, FileSpecException))
    place = "" if is_expected else _foreign_place(error.__traceback__)
    if is_debug or not (is_expected or place):
        import traceback

        traceback.print_exc()
    if is_expected:
        print(f"{program}: {error}", file=sys.stderr)
        return EXIT_USAGE
    if place:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "" if is_debug else "; --debug shows the traceback"
        print(f"{program}: {place}: {reason}{hint}", file=sys.stderr)
        return EXIT_USAGE
    print(f"{program}: this is a fault of outline, not yours; please report it with the lines above", file=sys.stderr)
    return EXIT_OUR_FAULT


def _foreign_place(trace: TracebackType | None) -> str:
    """File and line of the last code of somebody else that an error came through, or an empty text."""
    place = ""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OURS and package not in sys.stdlib_module_names:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
