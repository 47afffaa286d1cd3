# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: how much of an allocation a show may use, in core points."""

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
    """Subscribe a show to an allocation; sizes are in cores. With its first one a new show loses what it had before.

    Raises:
        Exists: It has subscribed to that already.
    """
    before = farm.subscription_of(show.id, allocation.id)
    if before is not None and not before.implicit:
        raise Exists(f"the show {show.name} has a subscription to {allocation.name} already")
    made = Subscription(str(uuid.uuid4()), show.id, allocation.id, core_points(size), core_points(burst))
    for one in [one for one in farm.subscriptions.values() if one.show == show.id and one.implicit]:
        drop_subscription(farm, one)
    farm.subscriptions[made.id] = made
    farm.touch("subscription", made.id, made)
    farm.wake()
    return made


def drop_subscription(farm: Farm, subscription: Subscription) -> None:
    """Remove a subscription, whatever runs."""
    del farm.subscriptions[subscription.id]
    farm.touch("subscription", subscription.id, None)


class SubscriptionService(Service):
    """``subscription.SubscriptionInterface``."""

    name = "subscription.SubscriptionInterface"

    def Find(self, request: Any) -> Fields:
        """Return the subscription of a name, ``facility.allocation.show``."""
        message = subscription_message(self.farm, find_subscription(self.farm, request.name))
        return {"subscription": message}

    def Get(self, request: Any) -> Fields:
        """Return a subscription by its id."""
        message = subscription_message(self.farm, find_subscription(self.farm, request.id))
        return {"subscription": message}

    def SetSize(self, request: Any) -> None:
        """Say how many core points are meant for the show."""
        subscription = find_subscription(self.farm, request.subscription)
        subscription.size = request.new_size
        self._changed(subscription)

    def SetBurst(self, request: Any) -> None:
        """Say how many core points the show may use at most."""
        subscription = find_subscription(self.farm, request.subscription)
        subscription.burst = request.burst
        self._changed(subscription)

    def Delete(self, request: Any) -> None:
        """Remove a subscription by which nothing runs."""
        subscription = find_subscription(self.farm, request.subscription)
        running = self.farm.usage.of("share", subscription.show, subscription.allocation).procs
        if running:
            raise InUse(f"{running} frames run by this subscription; set its burst to 0 and wait, or kill them")
        drop_subscription(self.farm, subscription)

    def _changed(self, subscription: Subscription) -> None:
        subscription.implicit = False
        self.farm.touch("subscription", subscription.id, subscription)
        self.farm.wake()
