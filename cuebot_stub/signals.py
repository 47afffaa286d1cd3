# SPDX-License-Identifier: Apache-2.0
"""What the signals that ask a program to end do to a command of ours. For the main thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["first_signal_interrupts", "no_signals", "stop_event"]

_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """Yield an event that the first signal sets; a second one interrupts, should the way out be long."""
    event = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    with _handled_by(stop):
        yield event


@contextmanager
def first_signal_interrupts() -> Iterator[None]:
    """Let the first signal raise KeyboardInterrupt; later ones do nothing, so that cleaning up is not cut short."""
    signals = iter([True])

    def interrupt(number: int, frame: FrameType | None) -> None:
        if next(signals, False):
            raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def no_signals() -> Iterator[None]:
    """Ignore signals for the short time in which stopping half-way would leave something behind."""
    with _handled_by(lambda number, frame: None):
        yield


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    """Handle signals, but for those that whoever started this process wants ignored, as nohup does."""
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
