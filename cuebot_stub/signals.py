# SPDX-License-Identifier: Apache-2.0
"""Handlers of SIGINT, SIGTERM and SIGHUP for the commands. Use them in the main thread."""

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
    """Yield an event that the first signal sets. A second signal raises KeyboardInterrupt if the end takes long."""
    event = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    with _handled_by(stop):
        yield event


@contextmanager
def first_signal_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal. Later signals do not interrupt the clean-up."""
    signals = iter([True])

    def interrupt(number: int, frame: FrameType | None) -> None:
        if next(signals, False):
            raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def no_signals() -> Iterator[None]:
    """Ignore signals during a short piece of work that must not stop half-way."""
    with _handled_by(lambda number, frame: None):
        yield


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    """Install a handler, except for signals that the parent process has set to be ignored, as nohup does."""
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
