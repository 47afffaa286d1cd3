# SPDX-License-Identifier: Apache-2.0
"""The farm as one object, with one lock. Changes are saved before a client gets its answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

from outline.scheduler import FrameState, Move

from . import dispatch, lending, things
from .depends import DependBook
from .errors import CannotDo
from .hosts import Host, Proc
from .jobs import Job
from .orders import LaunchOrder, LogOrder, Order
from .saving import Store, Unsaved
from .things import Allocation, Comment, Deed, Facility, Group, Limit, Owner, Service, Show, Subscription
from .usage import Usage

__all__ = ["Farm", "FarmSettings"]

logger = logging.getLogger("cuebot_stub")


class FarmSettings(NamedTuple):
    """The settings of a farm.

    Attributes:
        log_root: The folder of the frames' logs.
        strict: Do exactly what Cuebot does, even where that is unhelpful.
        addresses: The addresses of RQDs, by host name.
        launch_grace_seconds: The time that RQD has to start a frame before a kill is sent.
        orphan_seconds: A frame is lost when its RQD has not known it for this time.
        host_timeout_seconds: A host that is silent for this time is asked, and is DOWN if it does not answer.
        max_finished: The number of finished jobs to keep.
        max_finished_frames: The number of frames that these may have together. The last job is always kept.
    """

    log_root: str = "/shots"
    strict: bool = False
    addresses: Mapping[str, str] = MappingProxyType({})
    launch_grace_seconds: float = 0.4
    orphan_seconds: float = 4.0
    host_timeout_seconds: float = 45.0
    max_finished: int = 1000
    max_finished_frames: int = 1_000_000


class Farm:
    """The whole state of a server.

    Any thread may read and change it, within ``work``. At the end of the outermost ``work``, idle hosts get frames,
    changes are saved, and ``send`` gets the orders for RQDs.
    """

    def __init__(self, settings: FarmSettings, clock: Callable[[], float], store: Store | None = None) -> None:
        self.settings = settings
        self.now = clock
        self.send: Callable[[list[Order]], None] = lambda orders: None
        self.tell: Callable[[str, str], str] = lambda address, verb: ""
        self.alarm: Callable[[], None] = lambda: None
        self.lock = threading.RLock()
        self.facilities: dict[str, Facility] = {}
        self.shows: dict[str, Show] = {}
        self.groups: dict[str, Group] = {}
        self.allocations: dict[str, Allocation] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.services: dict[str, Service] = {}
        self.limits: dict[str, Limit] = {}
        self.comments: dict[str, Comment] = {}
        self.filters: dict[str, things.Filter] = {}
        self.departments: dict[str, things.Department] = {}
        self.partitions: dict[str, things.RenderPartition] = {}
        self.owners: dict[str, Owner] = {}
        self.deeds: dict[str, Deed] = {}
        self.hosts: dict[str, Host] = {}
        self.jobs: dict[str, Job] = {}
        self.procs: dict[str, Proc] = {}
        self.pending: dict[str, Job] = {}
        self.hungry: dict[str, Job] = {}
        self.by_prefix: dict[str, Job] = {}
        self.usage = Usage()
        self.depends = DependBook(self.jobs)
        self.launches = self.dispatched = 0
        self._depth = 0
        self._orders: list[Order] = []
        self._wanted: dict[str, Job | None] = {}
        self._all_wanted = False
        self._redirects: list[tuple[str, str]] = []
        self._unsaved = Unsaved(store)
        self.strangers: dict[str, dict[str, float]] = {}
        self.tags_seen: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}

    # -- working -----------------------------------------------------------------------------------------------

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
        self.follow()  # what a call has changed of dependencies, and has not looked at
        if not self._unsaved.is_failing:
            try:
                self._give_work()
            except Exception:  # what was asked for is done; a fault in here must not keep it from being saved
                logger.exception("the dispatcher failed; it goes on")
        try:
            self._unsaved.save(self.jobs)
        finally:
            if self._unsaved.is_failing:  # kills and questions are repeated by the clock
                self._orders = [order for order in self._orders if isinstance(order, LaunchOrder | LogOrder)]
        if self._unsaved.is_failing:
            return []
        orders, self._orders = self._orders, []
        return [order for order in orders if not isinstance(order, LaunchOrder) or self._is_wanted(order)]

    def _is_wanted(self, order: LaunchOrder) -> bool:
        return order.frame.resource_id in self.procs

    def _give_work(self) -> None:
        redirects, self._redirects = self._redirects, []
        for host_id, target in redirects:
            if host_id in self.hosts:
                dispatch.book_for(self, self.hosts[host_id], target)
        wanted, self._wanted = self._wanted, {}
        are_all, self._all_wanted = self._all_wanted, False
        if self.hungry and (wanted or are_all):
            hosts = [host for host in self.hosts.values() if are_all or host.id in wanted]
            dispatch.book(self, hosts, wanted)

    def touch(self, kind: str, id: str, thing: Any) -> None:
        """Mark a thing as changed, or as deleted when it is None."""
        self._unsaved.thing(kind, id, thing)

    def touch_job(self, job: Job) -> None:
        """Mark the facts of a job, or of its layers, as changed."""
        self.touch("job", job.id, job.facts)
        self.touch("layers", job.id, {"layers": [asdict(layer) for layer in job.layers]})

    def touch_frame(self, job: Job, ref: int) -> None:
        """Mark a frame as changed."""
        self._unsaved.frame(job, ref)

    def wake(self, host: Host | None = None, prefer: Job | None = None) -> None:
        """Look for frames for a host, or for all hosts, at the end of ``work``."""
        if host is None:
            self._all_wanted = True
        else:
            self._wanted[host.id] = prefer

    def redirect(self, host: Host, target: str) -> None:
        """At the end of ``work``, start a frame of this job or group on a host first."""
        self._redirects.append((host.id, target))

    def order(self, order: Order) -> None:
        """Send an order at the end of ``work``."""
        self._orders.append(order)

    # -- finding -----------------------------------------------------------------------------------------------

    @property
    def useful(self) -> bool:
        """Whether the server does what a request means where Cuebot does not; false with ``strict``."""
        return not self.settings.strict

    def find_show(self, name: str) -> Show | None:
        """The show of a name."""
        return next((show for show in self.shows.values() if show.name == name), None)

    def show_for_jobs(self, name: str) -> Show | None:
        """The show for jobs launched to a name, also if a show of that name was archived into it."""
        return self.find_show(name) or next((show for show in self.shows.values() if name in show.aliases), None)

    def show_names(self) -> frozenset[str]:
        """The names by which jobs can be launched to shows."""
        return frozenset(name for show in self.shows.values() for name in (show.name, *show.aliases))

    def find_service(self, name: str, show: str = "") -> Service | None:
        """The service of a name, or the show's override of it."""
        return next((one for one in self.services.values() if one.name == name and one.show == show), None)

    def find_allocation(self, name: str) -> Allocation | None:
        """The allocation of a name, ``facility.name``."""
        return next((one for one in self.allocations.values() if one.name.lower() == name.lower()), None)

    def default_allocation(self) -> Allocation:
        """The allocation of hosts that ask for none."""
        default = next((one for one in self.allocations.values() if one.is_default), None)
        return default or self.find_allocation("local.general") or next(iter(self.allocations.values()))

    def find_limit(self, name: str) -> Limit | None:
        """The limit of a name."""
        return next((one for one in self.limits.values() if one.name == name), None)

    def find_host(self, name: str) -> Host | None:
        """The host of a name."""
        return next((host for host in self.hosts.values() if host.name == name), None)

    def deed_of(self, host: Host) -> Deed | None:
        """The deed of a host, if it has an owner."""
        return next((deed for deed in self.deeds.values() if deed.host == host.id), None)

    def root_group(self, show: str) -> Group:
        """The root group of a show."""
        return next(group for group in self.groups.values() if group.show == show and not group.parent)

    def subscription_of(self, show: str, allocation: str) -> Subscription | None:
        """The subscription of a show to an allocation."""
        return next(
            (one for one in self.subscriptions.values() if one.show == show and one.allocation == allocation), None
        )

    def host_tags(self, host: Host) -> frozenset[str]:
        """All tags of a host in lower case: of its allocation, its name, from RQD, and those set by clients."""
        allocation = self.allocations.get(host.allocation)
        tags = (allocation.tag if allocation else "", host.name, *host.reported_tags, *host.tags)
        known = self.tags_seen.get(host.id)
        if known is None or known[0] != tags:
            known = self.tags_seen[host.id] = (tags, frozenset(tag.lower() for tag in tags if tag))
        return known[1]

    def procs_of_host(self, host: Host) -> list[Proc]:
        """The procs on a host."""
        return [proc for proc in self.procs.values() if proc.host == host.id]

    # -- jobs --------------------------------------------------------------------------------------------------

    def add_job(self, job: Job) -> None:
        """Add a new job."""
        job.facts.number = self.launches
        self.register_job(job)
        self._unsaved.new_job(job)
        self.touch_job(job)

    def register_job(self, job: Job) -> None:
        """Add a job to the indexes."""
        self.launches = max(self.launches, job.facts.number + 1)
        self.jobs[job.id] = job
        self.by_prefix[job.id[:18]] = job
        if job.is_pending:
            self.pending[job.name] = job
        self.job_changed(job)

    def job_changed(self, job: Job) -> None:
        """Update whether a job has frames to start, and look for hosts when it has more than before."""
        waiting = job.state.waiting if job.is_pending and not job.facts.paused else 0
        if waiting > job.waiting_seen or (waiting and job.id not in self.hungry):
            self.hungry[job.id] = job
            self.wake()
        elif not waiting:
            self.hungry.pop(job.id, None)
        job.waiting_seen = waiting

    def add_proc(self, proc: Proc) -> None:
        """Add a proc, and reserve what it needs."""
        job = self.jobs[proc.job]
        self.procs[proc.id] = proc
        job.procs.add(proc.id)
        job.running[proc.ref] = proc.id
        self.usage.add(proc, self.hosts[proc.host], job)

    @contextmanager
    def recounting(self, procs: Iterable[Proc]) -> Iterator[None]:
        """Recount procs around a change of what they are counted by: allocation, group or limits."""
        counted = [(proc, self.hosts[proc.host], self.jobs[proc.job]) for proc in procs]
        for proc, host, job in counted:
            self.usage.remove(proc, host, job)
        try:
            yield
        finally:
            for proc, host, job in counted:
                self.usage.add(proc, host, job)

    def remove_proc(self, proc: Proc) -> None:
        """Remove a proc, and free what it has reserved."""
        job = self.jobs[proc.job]
        del self.procs[proc.id]
        job.procs.discard(proc.id)
        job.running.pop(proc.ref, None)
        self.usage.remove(proc, self.hosts[proc.host], job)
        self.touch("proc", proc.id, None)

    def follow(self, *jobs: Job) -> None:
        """Update dependencies, hosts and finished jobs after frames have changed their state.

        Call it after each change in the scheduler or in the book of dependencies.

        Args:
            jobs: The jobs whose frames have changed, apart from those that the book has changed.
        """
        todo = {job.id: job for job in jobs}
        while True:
            for job in self.depends.take_moved():
                todo.setdefault(job.id, job)
            if not todo:
                break
            job = todo.pop(next(iter(todo)))
            for move in job.take_moves():
                self._follow_move(job, move)
            if job.state.waits.freed != set(job.facts.freed):
                job.facts.freed = sorted(job.state.waits.freed)
                self.touch_job(job)
            self.job_changed(job)
            self.finish_if_complete(job)
        for id, depend in self.depends.take_unsaved().items():
            self.touch("depend", id, depend.to_data() if depend else None)

    def _follow_move(self, job: Job, move: Move) -> None:
        job.note(move, self.now())
        if {move.before, move.after} != {FrameState.WAITING, FrameState.DEPEND}:  # which is worked out, not saved
            self.touch_frame(job, move.ref)
        self.depends.frame_moved(job, move, eaten_layers_count=self.useful)

    def finish_if_complete(self, job: Job) -> None:
        """Finish a job if all its frames are SUCCEEDED or EATEN. A job without frames never finishes."""
        if job.is_pending and len(job.state) and job.state.succeeded:
            self.finish_job(job)

    def finish_job(self, job: Job) -> None:
        """Finish a job. Jobs that depend on it, and its post layers, may start."""
        job.facts.state, job.facts.stopped = "FINISHED", int(self.now())
        self.pending.pop(job.name, None)
        self.job_changed(job)
        self.touch_job(job)
        self.depends.job_over(job)
        lending.forget_partitions(self, job.id)
        post = self.jobs.get(job.facts.post_job)
        if post is not None and post.facts.state == "POSTED":
            post.facts.state, post.facts.launched = "PENDING", int(self.now())
            self.pending[post.name] = post
            self.touch_job(post)
            self.job_changed(post)
            self.finish_if_complete(post)
        self._forget_old_jobs()

    def revive_job(self, job: Job) -> None:
        """Make a finished job pending again, to run a frame again.

        Raises:
            CannotDo: Another job of that name is pending.
        """
        if job.facts.state != "FINISHED":
            return
        if job.name in self.pending:
            raise CannotDo(f"another job {job.name} is pending; this one stays finished")
        job.facts.state, job.facts.stopped = "PENDING", 0
        self.pending[job.name] = job
        self.touch_job(job)
        self.job_changed(job)

    def _forget_old_jobs(self) -> None:
        done = [job for job in self.jobs.values() if job.facts.state == "FINISHED" and not job.procs]
        done.sort(key=lambda job: (job.facts.stopped, job.facts.number), reverse=True)
        frames = 0
        for place, job in enumerate(done):
            frames += len(job.state)
            too_many = place >= self.settings.max_finished or frames > self.settings.max_finished_frames
            if place and too_many:
                self.forget_job(job)

    def forget_job(self, job: Job) -> None:
        """Delete a finished job without procs, with its comments and dependencies."""
        del self.jobs[job.id], self.by_prefix[job.id[:18]]
        self.depends.forget_job(job.id)
        self.forget_comments(job.id)
        for kind in ("job", "layers", "spec"):
            self.touch(kind, job.id, None)
        for number in range(len(job.layers)):
            self.touch("totals", job.layer_id(number), None)

    def forget_comments(self, subject: str) -> None:
        """Delete the comments on a deleted job or host."""
        for comment in [one for one in self.comments.values() if one.subject_of == subject]:
            del self.comments[comment.id]
            self.touch("comment", comment.id, None)
