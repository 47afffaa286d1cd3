# SPDX-License-Identifier: Apache-2.0
"""Finds frames for the idle cores of hosts."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from outline.cuebot_limits import LEAST_MEMORY_KB
from outline.scheduler import LayerPlan

from . import lending
from .facts import LayerFacts
from .hosts import Host, all_tags
from .job import Job
from .running import start_frame
from .state import FarmState
from .things import Subscription

__all__ = ["book", "book_for", "give_work"]

MIN_CORES, MIN_FREE_MEMORY = 10, 524288


def give_work(farm: FarmState) -> None:
    """Start frames where the work that ends now has made room, or has brought frames."""
    for host, target in farm.take_redirects():
        book_for(farm, host, target)
    wanted = farm.take_wanted()
    if farm.jobs.hungry and wanted:
        book(farm, [host for host in farm.hosts.values() if host.id in wanted], wanted)


def book(farm: FarmState, hosts: Iterable[Host], heirs: Mapping[str, Job | None] | None = None) -> None:
    """Start frames on hosts until no host has room for a waiting frame.

    Jobs come by priority, then by age. Hosts take turns, so that a small job spreads over them.

    Args:
        hosts: The hosts that may have room.
        heirs: By host id, the job whose frame has just ended there. It comes first among equal priorities, because the
            host has its files in the cache, and may use this room even if its show gets no more.
    """
    jobs = _sorted(farm.jobs.hungry.values())
    heirs = heirs or {}
    rooms = [_Room(farm, host, jobs, heirs.get(host.id)) for host in hosts if _is_bookable(farm, host)]
    while rooms:
        rooms = [room for room in rooms if room.start_next() and _is_bookable(farm, room.host)]


def book_for(farm: FarmState, host: Host, target: str) -> None:
    """Start one frame of the job, or the group of jobs, to which somebody has redirected a host."""
    jobs = [job for job in farm.jobs.hungry.values() if target in (job.id, job.facts.group)]
    if _is_bookable(farm, host):
        _Room(farm, host, _sorted(jobs)).start_next()


def _sorted(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (-job.facts.priority, job.facts.launched, job.facts.number))


def _is_bookable(farm: FarmState, host: Host) -> bool:
    """Whether a host accepts frames."""
    if host.state != "UP" or host.refused_until > farm.now():
        return False
    if host.is_locked and not any(lending.is_lent(farm.partitions, host, job) for job in farm.jobs.hungry.values()):
        return False
    used = farm.procs.usage.of("host", host.id)
    return (
        host.cores - host.locked_cores - used.cores >= MIN_CORES
        and host.memory - used.memory >= LEAST_MEMORY_KB
        and host.free_memory >= MIN_FREE_MEMORY
    )


class _Room:
    """The room of a host, and the jobs for it in order, while frames start there.

    The room only shrinks. A job without a frame that fits is therefore asked only once.
    """

    def __init__(self, farm: FarmState, host: Host, jobs: Sequence[Job], heir: Job | None = None) -> None:
        self.host = host
        self._farm = farm
        self._heir = heir
        self._tags = frozenset(tag.lower() for tag in all_tags(host, farm.allocations.get(host.allocation)))
        self._shares = {one.show: one for one in farm.subscriptions.where(allocation=host.allocation)}
        self._jobs = deque(self._in_order([job for job in jobs if self._is_suited(job)], heir))
        self._late: deque[Job] = deque()

    def start_next(self) -> bool:
        """Start one frame. Returns whether there was one."""
        heir, self._heir = self._heir, None
        while self._jobs:
            job = self._jobs[0]
            share = self._share(job, is_heir=job is heir)
            if share is not None and self._is_served(share):
                self._late.append(job)
            elif share is not None and self._start_frame_of(job, share):
                return True
            self._jobs.popleft()
        while self._late:
            share = self._share(self._late[0], is_heir=self._late[0] is heir)
            if share is not None and self._start_frame_of(self._late[0], share):
                return True
            self._late.popleft()
        return False

    def _in_order(self, found: list[Job], heir: Job | None) -> list[Job]:
        """Sort the jobs.

        Jobs that were launched with cores of this host come first, then jobs of the show that the owner prefers, then
        jobs with a higher priority, and among equals the job whose frame has just ended.
        """
        deed = self._farm.deeds.first(host=self.host.id)
        if heir is not None:
            found.sort(key=lambda job: (-job.facts.priority, job is not heir))
        if deed is not None:
            owner = self._farm.owners[deed.owner]
            found.sort(key=lambda job: job.facts.show != owner.show)
        if any(job.facts.local_host for job in found):
            found.sort(key=lambda job: job.facts.local_host != self.host.name)
        return found

    def _is_suited(self, job: Job) -> bool:
        """Whether a job may run on the host, and the host has a tag of one of its layers."""
        host, facts = self.host, job.facts
        if host.is_locked and not lending.is_lent(self._farm.partitions, host, job):
            return False
        if facts.facility != host.facility or (facts.os and facts.os not in re.split(r"[,\s]+", host.os)):
            return False
        return not self._tags.isdisjoint(job.tags)

    def _share(self, job: Job, *, is_heir: bool) -> Subscription | None:
        """The subscription with which a job may use the host now, or None."""
        show = self._farm.shows[job.facts.show]
        if job.facts.paused or not show.active or not show.dispatch_enabled or not (show.booking_enabled or is_heir):
            return None
        if show.scheduler_managed and self._farm.settings.strict:
            return None  # Cuebot leaves such a show to another scheduler; here there is none
        return self._shares.get(show.id)

    def _is_served(self, share: Subscription) -> bool:
        """Whether a show has used up the size of its subscription, so that its jobs come last."""
        return self._farm.procs.usage.of("share", share.show, share.allocation).cores >= share.size

    def _start_frame_of(self, job: Job, share: Subscription) -> bool:
        """Start the next frame of a job that fits. Returns whether there was one."""

        def admits(plan: LayerPlan) -> bool:
            return self._reservation(job, job.by_name[plan.name], share) is not None

        job.state.ready.wake(self._farm.now())
        ref = job.state.ready.first_admitted(admits)
        if ref is None:
            return False
        cores = self._reservation(job, job.layer_of(ref), share)
        assert cores is not None
        start_frame(self._farm, self.host, job, ref, cores)
        return True

    def _reservation(self, job: Job, number: int, share: Subscription) -> int | None:
        """The core points to reserve for a frame of a layer, or None if there is no room."""
        farm, host, usage, layer = self._farm, self.host, self._farm.procs.usage, job.layers[number]
        if layer.start_after > farm.now() or self._tags.isdisjoint(map(str.lower, layer.tags)):
            return None
        used = usage.of("host", host.id)
        cores = _core_points(layer, host, host.cores - host.locked_cores - used.cores)
        if cores is None or layer.memory > host.memory - used.memory:
            return None
        if host.is_locked and not lending.lends(farm, host, job, number, cores):
            return None
        if layer.gpus > host.gpus - used.gpus or layer.gpu_memory > host.gpu_memory - used.gpu_memory:
            return None
        if usage.of("share", share.show, share.allocation).cores + cores > share.burst:
            return None
        mine, group, ours = usage.of("job", job.id), farm.groups[job.facts.group], usage.of("group", job.facts.group)
        most, most_gpus = job.facts.max_cores, job.facts.max_gpus
        if 0 <= most < mine.cores + cores or 0 <= most_gpus < mine.gpus + layer.gpus:
            return None
        # Before a host gets frames, Cuebot wants one more to leave some of the most; then it starts up to the most.
        if farm.settings.strict and (0 <= most <= cores or 0 <= most_gpus <= layer.gpus):
            return None
        if 0 <= group.max_cores < ours.cores + cores or 0 <= group.max_gpus < ours.gpus + layer.gpus:
            return None
        return cores if all(self._is_allowed(name) for name in layer.limits) else None

    def _is_allowed(self, name: str) -> bool:
        """Whether a limit allows one more frame on the host. A deleted limit allows none."""
        limit = self._farm.limits.named(name)
        if limit is None:
            return False
        if limit.enforcement != "ENFORCED":
            return True
        hosts: Mapping[str, int] = self._farm.procs.usage.limit_hosts.get(name, {})
        is_user = self.host.id in hosts
        if limit.type == "HOST":
            used, more = len(hosts), 0 if is_user else 1
        else:
            used, more = self._farm.procs.usage.frames_with(name), 1
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
