# SPDX-License-Identifier: Apache-2.0
"""New interpreters, for the runner and for frames that cannot be forked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from ... import config
from ...exception import ConfigException

__all__ = ["forks_frames", "interpreter_argv", "run_frame_and_leave"]

# Finds this very library whatever the Python path holds, and nothing in the working directory.
_BOOT = """\
import sys
_, root, name, *args = sys.argv
sys.path[:] = [root, *filter(None, sys.path)]
import outline
sys.path.append(sys.path.pop(0))
module, _, function = name.partition(":")
__import__(module)
getattr(sys.modules[module], function)(*args)
"""


def forks_frames() -> bool:
    """Whether a frame of Python is a fork, and not a new interpreter: as this system can, and the configuration says.

    Raises:
        ConfigException: It says something else.
    """
    how = config.get("local", "frame_process")
    if how not in ("fork", "spawn"):
        raise ConfigException(f"[local] frame_process = {how!r} must be 'fork' or 'spawn'")
    return how == "fork" and hasattr(os, "fork")


def interpreter_argv(function: str, *args: str) -> list[str]:
    """The command that calls a function of this library in a new interpreter.

    Args:
        function: ``module:name``; the function takes text only.
        args: What it is called with.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    return [sys.executable, "-c", _BOOT, root, function, *args]


def run_frame_and_leave(hopeless: str, script: str, layer: str, frame: str) -> NoReturn:
    """Be a frame in an interpreter of its own, and end as a forked one does.

    Args:
        hopeless: The number of an open pipe to write to when there is no point in trying the frame again.
        script: The session's outline.yaml.
        layer: The layer's name.
        frame: The first frame of the chunk.
    """
    from .spawn import leave_after, open_streams

    pipe = int(hopeless)
    os.set_inheritable(pipe, False)
    open_streams()
    leave_after(lambda: _run(script, layer, int(frame), lambda: os.write(pipe, b"1")))


def _run(script: str, layer: str, frame: int, when_hopeless: Callable[[], object]) -> int:
    from ...exception import OutlineException
    from ...frame_run import run_frame
    from ...layer.life import never_restore_process
    from ...loader import load_outline

    try:
        found = load_outline(script).get_layer(layer)
    except OutlineException as error:
        sys.stderr.write(f"outline: {error}\n")
        return 1
    except BaseException:  # a module of the user's, which could be loaded when the job began
        import traceback

        traceback.print_exc()
        return 1
    never_restore_process()
    return run_frame(found, frame, when_hopeless)
