# SPDX-License-Identifier: Apache-2.0
"""A thread pool for modules that mostly wait, such as for copies and network calls."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from .logs import get_logger

__all__ = ["TaskExecutor"]

logger = get_logger("outline.executor")


class TaskExecutor:
    """Calls functions in a fixed number of threads.

    Queue work with ``execute``, then call ``wait``. You may repeat this. The threads are daemons: they end with the
    process, or with ``close``. As a context manager it waits and closes.
    """

    def __init__(self, threads: int) -> None:
        """Start the threads.

        Raises:
            ValueError: ``threads`` is below 1, so no thread would ever do the work.
        """
        if threads < 1:
            raise ValueError(f"an executor needs at least 1 thread, not {threads}")
        # Any: callables and arguments are the user's own. None tells one thread to end.
        self.__queue: queue.Queue[tuple[Callable[..., object], tuple[Any, ...]] | None] = queue.Queue()
        self.__errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
        self.__threads = [threading.Thread(target=self.worker, daemon=True) for _ in range(threads)]
        for thread in self.__threads:
            thread.start()

    def __enter__(self) -> TaskExecutor:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            if error is None:
                self.wait()
        finally:
            self.close()

    def execute(self, callable_: Callable[..., object], *args: Any) -> None:
        """Queue a call. The next free thread makes it."""
        self.__queue.put((callable_, args))

    def wait(self) -> None:
        """Wait until all queued calls are done.

        By then the log has every failed call with its traceback.
        Differs: docs/differences.md#task-executor

        Raises:
            BaseException: The first error of the calls since the last ``wait``.
        """
        self.__queue.join()
        errors = []
        while not self.__errors.empty():
            errors.append(self.__errors.get())
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Let the threads end after the queued calls. Queue nothing after this."""
        for _ in self.__threads:
            self.__queue.put(None)
        for thread in self.__threads:
            thread.join()

    def worker(self) -> None:
        """Make queued calls one after the other. Each thread runs this."""
        while (call := self.__queue.get()) is not None:
            callable_, args = call
            try:
                callable_(*args)
            except BaseException as error:  # also SystemExit: it would end this thread and leave wait() hanging
                logger.exception("%s failed in a thread", getattr(callable_, "__qualname__", callable_))
                self.__errors.put(error)
            finally:
                self.__queue.task_done()
        self.__queue.task_done()
