# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: the core points of an allocation that a show may use."""

from __future__ import annotations

import uuid
from typing import Any

from ..farm.farm import Farm
from ..farm.things import Allocation, Show, Subscription
from .cores import core_points
from .rpc import Exists, Fields, InUse, Service
from .thing_finding import find_subscription
from .thing_messages import subscription_message

__all__ = ["SubscriptionService", "create_subscription", "drop_subscription"]


def create_subscription(farm: Farm, show: Show, allocation: Allocation, size: float, burst: float) -> Subscription:
    """Subscribe a show to an allocation. Sizes are in cores. The first one removes implicit subscriptions.

    Raises:
        Exists: The show has subscribed to it already.
    """
    before = farm.subscription_of(show.id, allocation.id)
    if before is not None and not before.implicit:
        raise Exists(f"the show {show.name} already has a subscription to {allocation.name}")
    made = Subscription(str(uuid.uuid4()), show.id, allocation.id, core_points(size), core_points(burst))
    for one in [one for one in farm.subscriptions.values() if one.show == show.id and one.implicit]:
        drop_subscription(farm, one)
    farm.subscriptions[made.id] = made
    farm.touch("subscription", made.id, made)
    farm.wake()
    return made


def drop_subscription(farm: Farm, subscription: Subscription) -> None:
    """Delete a subscription, also if frames run."""
    del farm.subscriptions[subscription.id]
    farm.touch("subscription", subscription.id, None)


class SubscriptionService(Service):
    """``subscription.SubscriptionInterface``."""

    name = "subscription.SubscriptionInterface"

    def Find(self, request: Any) -> Fields:
        """The subscription of a name, ``facility.allocation.show``."""
        message = subscription_message(self.farm, find_subscription(self.farm, request.name))
        return {"subscription": message}

    def Get(self, request: Any) -> Fields:
        message = subscription_message(self.farm, find_subscription(self.farm, request.id))
        return {"subscription": message}

    def SetSize(self, request: Any) -> None:
        """Set the size, in core points."""
        subscription = find_subscription(self.farm, request.subscription)
        subscription.size = request.new_size
        self._changed(subscription)

    def SetBurst(self, request: Any) -> None:
        """Set the burst, in core points."""
        subscription = find_subscription(self.farm, request.subscription)
        subscription.burst = request.burst
        self._changed(subscription)

    def Delete(self, request: Any) -> None:
        """Delete a subscription that no running frame uses."""
        subscription = find_subscription(self.farm, request.subscription)
        running = self.farm.usage.of("share", subscription.show, subscription.allocation).procs
        if running:
            raise InUse(f"{running} frames are running on this subscription; set its burst to 0 and wait, or kill them")
        drop_subscription(self.farm, subscription)

    def _changed(self, subscription: Subscription) -> None:
        subscription.implicit = False
        self.farm.touch("subscription", subscription.id, subscription)
        self.farm.wake()
