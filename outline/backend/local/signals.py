# SPDX-License-Identifier: Apache-2.0
"""The signals that stop a job: the launcher hears them, the other processes of the library do not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["LAUNCHER_SIGNALS", "STOP_SIGNALS", "ignore_stop_signals", "pipe_of_signals"]

LAUNCHER_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What stops a job in order; any other signal ends its launcher at once, and with that the frames."""

STOP_SIGNALS = (*LAUNCHER_SIGNALS, signal.SIGQUIT)
"""What the runner and its workers ignore, and frames do not."""


def ignore_stop_signals() -> None:
    """Leave it to the launcher what a signal to the whole process group means.

    A terminal that is closed, Ctrl-C, ``timeout`` and batch systems send theirs to the group. A worker that obeyed
    would leave its frame behind. Runner and workers end when their sockets close, however the launcher ends.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def pipe_of_signals() -> Iterator[int]:
    """Let the launcher's signals arrive on a pipe, a byte each, where Python allows it: in the main thread.

    Other bytes may arrive, too: of signals for which somebody else has set a handler.
    """
    import threading  # which frames must not load

    read, write = os.pipe()
    os.set_blocking(write, False)
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            old_fd = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
            before = {number: signal.signal(number, lambda *_: None) for number in LAUNCHER_SIGNALS}
        yield read
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if before:
            signal.set_wakeup_fd(old_fd)
        os.close(read)
        os.close(write)
