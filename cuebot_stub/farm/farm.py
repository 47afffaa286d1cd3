# SPDX-License-Identifier: Apache-2.0
"""The farm with its lock. Changes are saved before a client gets its answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import dispatch
from .life import follow
from .orders import LaunchOrder, LogOrder, Order
from .saving import Store
from .state import FarmSettings, FarmState

__all__ = ["Farm", "FarmSettings"]

logger = logging.getLogger("cuebot_stub")


class Farm(FarmState):
    """The whole state of a server, for all threads.

    Any thread may read and change it, within ``work``. At the end of the outermost ``work``, idle hosts get frames,
    changes are saved, and ``send`` gets the orders for RQDs.
    """

    def __init__(self, settings: FarmSettings, clock: Callable[[], float], store: Store | None = None) -> None:
        super().__init__(settings, clock, store)
        self.send: Callable[[list[Order]], None] = lambda orders: None
        self.lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def work(self) -> Iterator[Farm]:
        """Hold the lock. At the end give frames to idle hosts, save changes, and send orders.

        Raises:
            CannotSave: The changes cannot be saved now. They stay in memory and are saved later. Until then no
                frame starts.
        """
        orders: list[Order] = []
        try:
            with self.lock:
                self._depth += 1
                try:
                    yield self
                finally:
                    self._depth -= 1
                    if self._depth == 0:
                        orders = self._end_work()
        finally:
            if orders:
                self.send(orders)

    def _end_work(self) -> list[Order]:
        follow(self)
        if not self.unsaved.is_failing:
            try:
                dispatch.give_work(self)
            except Exception:  # what was asked for is done; a fault in here must not keep it from being saved
                logger.exception("the dispatcher failed; it goes on")
            follow(self)
        try:
            self.unsaved.save()
        finally:
            if self.unsaved.is_failing:  # kills and questions are repeated by the clock
                self.orders = [order for order in self.orders if isinstance(order, LaunchOrder | LogOrder)]
        if self.unsaved.is_failing:
            return []
        orders, self.orders = self.orders, []
        return [
            order for order in orders if not isinstance(order, LaunchOrder) or order.frame.resource_id in self.procs
        ]
