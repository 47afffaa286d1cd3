# SPDX-License-Identifier: Apache-2.0
"""Finds frames for the idle cores of hosts."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from outline.scheduler import LayerPlan

from . import lending
from .hosts import Host
from .jobs import Job, LayerFacts
from .running import start_frame
from .things import MIN_MEMORY, Subscription

if TYPE_CHECKING:
    from .farm import Farm

__all__ = ["book", "book_for", "is_bookable", "tags_match"]

MIN_CORES, MIN_FREE_MEMORY = 10, 524288


def book(farm: Farm, hosts: Iterable[Host], heirs: Mapping[str, Job | None] | None = None) -> None:
    """Start frames on hosts until no host has room for a waiting frame.

    Jobs come by priority, then by age. Hosts take turns, so that a small job spreads over them.

    Args:
        farm: The farm.
        hosts: The hosts that may have room.
        heirs: By host id, the job whose frame has just ended there. It comes first among equal priorities, because the
            host has its files in the cache, and may use this room even if its show gets no more.
    """
    jobs = _sorted(farm.hungry.values())
    heirs = heirs or {}
    queues = [_Queue(farm, host, jobs, heirs.get(host.id)) for host in hosts if is_bookable(farm, host)]
    while queues:
        queues = [queue for queue in queues if queue.start_next() and is_bookable(farm, queue.host)]


def book_for(farm: Farm, host: Host, target: str) -> None:
    """Start one frame of the job, or the group of jobs, to which somebody has redirected a host."""
    jobs = [job for job in farm.hungry.values() if target in (job.id, job.facts.group)]
    if is_bookable(farm, host):
        _Queue(farm, host, _sorted(jobs)).start_next()


def _sorted(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (-job.facts.priority, job.facts.launched, job.facts.number))


def is_bookable(farm: Farm, host: Host) -> bool:
    """Whether a host accepts frames."""
    if host.state != "UP" or host.refused_until > farm.now():
        return False
    if lending.is_locked(host) and not any(lending.is_lent(farm, host, job) for job in farm.hungry.values()):
        return False
    used = farm.usage.of("host", host.id)
    return (
        _idle_cores(farm, host) >= MIN_CORES
        and host.memory - used.memory >= MIN_MEMORY
        and host.free_memory >= MIN_FREE_MEMORY
    )


def _idle_cores(farm: Farm, host: Host) -> int:
    return host.cores - host.locked_cores - farm.usage.of("host", host.id).cores


class _Queue:
    """The jobs for a host, in order.

    While frames start, the room of a host only shrinks. A job without a frame that fits is therefore asked only once.
    """

    def __init__(self, farm: Farm, host: Host, jobs: Sequence[Job], heir: Job | None = None) -> None:
        self.host = host
        self._farm = farm
        self._heir = heir
        self._jobs = deque(_order(farm, host, jobs, heir))
        self._late: deque[Job] = deque()

    def start_next(self) -> bool:
        """Start one frame. Returns whether there was one."""
        heir, self._heir = self._heir, None
        while self._jobs:
            job = self._jobs[0]
            share = _share(self._farm, self.host, job, is_heir=job is heir)
            if share is not None and self._is_served(share):
                self._late.append(job)
            elif share is not None and _start_frame_of(self._farm, self.host, job, share):
                return True
            self._jobs.popleft()
        while self._late:
            share = _share(self._farm, self.host, self._late[0], is_heir=self._late[0] is heir)
            if share is not None and _start_frame_of(self._farm, self.host, self._late[0], share):
                return True
            self._late.popleft()
        return False

    def _is_served(self, share: Subscription) -> bool:
        """Whether a show has used up the size of its subscription, so that its jobs come last."""
        return self._farm.usage.of("share", share.show, share.allocation).cores >= share.size


def _order(farm: Farm, host: Host, jobs: Sequence[Job], heir: Job | None) -> list[Job]:
    """The jobs that may run on a host, in order.

    Jobs that were launched with cores of this host come first, then jobs of the show that the owner prefers, then
    jobs with a higher priority, and among equals the job whose frame has just ended.
    """
    tags = farm.host_tags(host)
    found = [job for job in jobs if _is_suited(farm, host, tags, job)]
    deed = farm.deed_of(host)
    owner = farm.owners[deed.owner] if deed is not None else None
    if heir is not None:
        found.sort(key=lambda job: (-job.facts.priority, job is not heir))
    if owner is not None:
        found.sort(key=lambda job: job.facts.show != owner.show)
    if any(job.facts.local_host for job in found):
        found.sort(key=lambda job: job.facts.local_host != host.name)
    return found


def _is_suited(farm: Farm, host: Host, tags: frozenset[str], job: Job) -> bool:
    """Whether a job may run on a host, and the host has a tag of one of its layers."""
    facts = job.facts
    if lending.is_locked(host) and not lending.is_lent(farm, host, job):
        return False
    if facts.facility != host.facility or (facts.os and facts.os not in re.split(r"[,\s]+", host.os)):
        return False
    return not tags.isdisjoint(job.tags)


def _start_frame_of(farm: Farm, host: Host, job: Job, share: Subscription) -> bool:
    """Start the next frame of a job that fits on a host. Returns whether there was one."""

    def admits(plan: LayerPlan) -> bool:
        return _reservation(farm, host, job, job.layers[job.by_name[plan.name]], share) is not None

    job.state.wake(farm.now())
    ref = job.state.next_admitted(admits)
    if ref is None:
        return False
    cores = _reservation(farm, host, job, job.layers[job.layer_of(ref)], share)
    assert cores is not None
    start_frame(farm, host, job, ref, cores)
    return True


def _share(farm: Farm, host: Host, job: Job, *, is_heir: bool) -> Subscription | None:
    """The subscription with which a job may use a host now, or None."""
    show = farm.shows[job.facts.show]
    if job.facts.paused or not show.active or not show.dispatch_enabled or not (show.booking_enabled or is_heir):
        return None
    if show.scheduler_managed and farm.settings.strict:
        return None  # Cuebot leaves such a show to another scheduler; here there is none
    return farm.subscription_of(show.id, host.allocation)


def _reservation(farm: Farm, host: Host, job: Job, layer: LayerFacts, share: Subscription) -> int | None:
    """The core points to reserve for a frame of a layer, or None if the host has no room."""
    if layer.start_after > farm.now() or not tags_match(layer.tags, farm.host_tags(host)):
        return None
    used = farm.usage.of("host", host.id)
    cores = _core_points(layer, host, _idle_cores(farm, host))
    if cores is None or layer.memory > host.memory - used.memory:
        return None
    if lending.is_locked(host) and not lending.lends(farm, host, job, job.by_name[layer.name], cores):
        return None
    if layer.gpus > host.gpus - used.gpus or layer.gpu_memory > host.gpu_memory - used.gpu_memory:
        return None
    if farm.usage.of("share", share.show, share.allocation).cores + cores > share.burst:
        return None
    mine, group = farm.usage.of("job", job.id), farm.groups[job.facts.group]
    most, kept = job.facts.max_cores, int(farm.settings.strict)  # Cuebot wants the sum to be less than the most
    if 0 <= most < mine.cores + cores + kept or 0 <= job.facts.max_gpus < mine.gpus + layer.gpus:
        return None
    if 0 <= group.max_cores < farm.usage.of("group", group.id).cores + cores:
        return None
    if 0 <= group.max_gpus < farm.usage.of("group", group.id).gpus + layer.gpus:
        return None
    return cores if all(_has_room(farm, name, host) for name in layer.limits) else None


def _has_room(farm: Farm, name: str, host: Host) -> bool:
    """Whether a limit allows one more frame on a host. A deleted limit allows none."""
    limit = farm.find_limit(name)
    if limit is None:
        return False
    if limit.enforcement != "ENFORCED":
        return True
    hosts: Mapping[str, int] = farm.usage.limit_hosts.get(name, {})
    is_user = host.id in hosts
    if limit.type == "HOST":
        used, more = len(hosts), 0 if is_user else 1
    else:
        used, more = farm.usage.limits[name], 1
    if 0 < limit.soft_value <= used and not is_user:
        return False
    return limit.max_value > 0 and used + more <= limit.max_value


def _core_points(layer: LayerFacts, host: Host, idle: int) -> int | None:
    """The core points that a frame gets: what its layer asks for, or all idle whole cores of a host for one.

    A layer that asks for 0 gets all of a host, for a negative number all but so many. A frame that is not threadable
    gets one core at most, except on hosts that are for one frame at a time.
    """
    if layer.min_cores <= 0:
        wanted = max(host.cores + layer.min_cores, 100)
    else:
        wanted = layer.min_cores
    if wanted > idle:
        return None
    if host.thread_mode == "ALL" and (layer.threadable or wanted >= 100):
        wanted = max(wanted, idle // 100 * 100)
    elif layer.min_cores > 0 and not layer.threadable:
        wanted = min(wanted, 100)
    return min(wanted, layer.max_cores) if layer.max_cores > 0 else wanted


def tags_match(wanted: Sequence[str], tags: frozenset[str]) -> bool:
    """Whether a host has one of a layer's tags, ignoring case."""
    return any(tag.lower() in tags for tag in wanted)
