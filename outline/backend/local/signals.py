# SPDX-License-Identifier: Apache-2.0
"""The signals that stop a job."""

from __future__ import annotations

import signal

__all__ = ["STOP_SIGNALS", "ignore_stop_signals"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""What the runner and its workers ignore, and frames do not."""


def ignore_stop_signals() -> None:
    """Leave it to the launcher what a signal to the whole process group means.

    A terminal that is closed, Ctrl-C, ``timeout`` and batch systems send theirs to the group. A worker that obeyed
    would leave its frame behind. Runner and workers end when their sockets close, however the launcher ends.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
