# SPDX-License-Identifier: Apache-2.0
"""Makes the jobs of a job spec: all of them, or none."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace

from outline.cuebot_limits import LEAST_MEMORY_KB
from outline.names import split_frame_name
from outline.scheduler import FrameState

from ..spec import DependSpec, JobSpec, LayerSpec, SpecDocument, SpecError, SpecRules
from ..spec.layers import DEFAULT_SERVICE
from ..spec.reader import POST_USER, post_job_name
from .depend import Depend, End, make_depend
from .errors import CannotDo
from .facts import JobFacts, LayerFacts
from .filters import run_filters
from .holds import add_depend, hold_from_start, note_depend
from .hosts import short_name
from .job import Job, Jobs
from .life import look_for_frames
from .saving import Table
from .state import FarmState
from .things import DEFAULT_FACILITY, Service

__all__ = ["launch", "spec_rules"]

_POST_RETRIES = 2


def spec_rules(farm: FarmState) -> SpecRules:
    """What a spec may name on a farm."""
    return SpecRules(
        strict=farm.settings.strict,
        facilities=frozenset(facility.name for facility in farm.facilities.values()),
        shows=frozenset(name for show in farm.shows.values() for name in (show.name, *show.aliases)),
        services=frozenset(service.name for service in farm.services.values()),
        limits=frozenset(limit.name for limit in farm.limits.values()),
    )


def launch(farm: FarmState, document: SpecDocument) -> list[Job]:
    """Make the jobs of a spec and return them, without the jobs of their post layers.

    Raises:
        SpecError: A job of that name is pending, the show accepts no jobs, or a dependency cannot be made. No job was
            made.
    """
    aliased = (show for show in farm.shows.values() if document.show in show.aliases)
    show = farm.shows.named(document.show) or next(aliased, None)
    if show is None or not show.active:
        raise SpecError("spec/show", f"the show {document.show!r} does not exist or takes no jobs; create it first")
    for spec in document.jobs:
        if spec.name in farm.jobs.pending:
            raise SpecError("spec/job", f"The job {spec.name} is already pending")
    made = {spec.name: _make_job(farm, document, spec, show.id) for spec in document.jobs}
    depends = _make_depends(farm, document, made)
    for spec, job in zip(document.jobs, made.values(), strict=True):
        farm.jobs.add(job)
        run_filters(farm, job)
        _add_post_job(farm, document, spec, job)
        show.created_jobs += 1
        show.created_frames += len(job.state.frames)
    new = {job.id for job in made.values()}
    for depend in depends:
        (note_depend if depend.er_job in new else add_depend)(farm, depend)
    hold_from_start(farm, made.values())
    for job in made.values():
        look_for_frames(farm, job)
        job.facts.layer_count = _count_layers(job)
    farm.shows.save(show)
    return list(made.values())


def _count_layers(job: Job) -> int:
    return sum(sum(1 for count in job.state.counts(layer.name).values() if count) for layer in job.layers)


def _make_job(farm: FarmState, document: SpecDocument, spec: JobSpec, show: str, *, post: bool = False) -> Job:
    show_facts = farm.shows[show]
    id = str(uuid.uuid4())
    facts = JobFacts(
        id=id,
        show=show,
        group=farm.groups.where(show=show, parent="")[0].id,
        facility=document.facility or DEFAULT_FACILITY,
        paused=spec.paused or show_facts.paused,
        log_dir=os.path.join(farm.settings.log_root, show_facts.name, document.shot, "logs", f"{spec.name}--{id}"),
        launched=int(farm.now()),
        local_host=short_name(spec.localbook.host) if spec.localbook else "",
        local_cores=spec.localbook.cores * 100 if spec.localbook else 0,
        **{name: getattr(document, name) for name in ("shot", "user", "uid", "email")},
        **{name: getattr(spec, name) for name in ("name", "os", "priority", "max_retries", "autoeat", "env")},
    )
    facts.max_cores = facts.max_cores if spec.max_cores is None else spec.max_cores
    facts.max_gpus = facts.max_gpus if spec.max_gpus is None else spec.max_gpus
    layers = [(place, layer) for place, layer in enumerate(spec.layers, 1) if (layer.type == "Post") == post]
    before = _job_before(farm.jobs, spec.name)
    made = [_make_layer(farm, layer, place, show, before) for place, layer in layers]
    # In their own job, post layers wait for nothing more.
    plans = [
        one.plan(layer.frames, one.type.replace("Post", "Util")) for (_, layer), one in zip(layers, made, strict=True)
    ]
    return Job(facts, made, plans, farm.moves, strict=farm.settings.strict)


def _add_post_job(farm: FarmState, document: SpecDocument, spec: JobSpec, parent: Job) -> None:
    """Make the job of the post layers, which starts when its job is finished."""
    if not any(layer.type == "Post" for layer in spec.layers):
        return
    taken, number = {job.name for job in farm.jobs.values()}, int(farm.now() * 1000)
    while post_job_name(spec.name, document.user, number) in taken:  # launched, killed, launched in a millisecond
        number += 1
    own = spec._replace(
        name=post_job_name(spec.name, document.user, number),
        paused=False,
        priority=1,
        max_retries=_POST_RETRIES,
        max_cores=None,
        max_gpus=None,
        autoeat=False,
        localbook=None,
        env={**spec.env, "CUE_PARENT_JOB": parent.name, "CUE_PARENT_JOB_ID": parent.id},
    )
    post = _make_job(farm, document._replace(user=POST_USER, email=""), own, parent.facts.show, post=True)
    post.facts.state, post.facts.layer_count = "POSTED", _count_layers(post)
    parent.facts.post_job = post.id
    farm.jobs.add(post)
    run_filters(farm, post)


def _job_before(jobs: Jobs, name: str) -> Job | None:
    """The last job of the same name."""
    return next((job for job in reversed(jobs.values()) if job.name == name), None)


def _memory(spec: LayerSpec, service: Service, before: Job | None) -> int:
    """The memory for a frame: what the layer asks for, or the most that it used in the last job of the name.

    As on Cuebot, the latter counts if half of that layer's frames succeeded, also if the service asks for more.
    """
    if spec.memory_kb is not None:
        return spec.memory_kb
    if before is None or spec.name not in before.by_name:
        return service.min_memory
    counts = before.state.counts(spec.name)
    is_known = counts[FrameState.SUCCEEDED] * 2 >= sum(counts.values())
    return max(before.totals[before.by_name[spec.name]].max_rss, LEAST_MEMORY_KB) if is_known else service.min_memory


#: By fact of a layer: its name in the spec and in the service, which counts where the spec says nothing.
_FROM_SPEC_OR_SERVICE = {
    "min_cores": ("min_cores", "min_cores"),
    "threadable": ("threadable", "threadable"),
    "gpus": ("gpus", "min_gpus"),
    "gpu_memory": ("gpu_memory_kb", "min_gpu_memory"),
    "timeout": ("timeout_minutes", "timeout"),
    "timeout_llu": ("timeout_llu_minutes", "timeout_llu"),
    "tags": ("tags", "tags"),
}
_FROM_SPEC = ("name", "type", "range", "chunk", "command", "env")
_FROM_SERVICE = {"max_cores": "max_cores", "max_gpus": "max_gpus", "memory_increase": "min_memory_increase"}


def _make_layer(farm: FarmState, spec: LayerSpec, place: int, show: str, before: Job | None) -> LayerFacts:
    service = _service_of(farm.services, spec, show)
    if service.show:
        service = replace(service, timeout=0, timeout_llu=0)  # an override has none on Cuebot
    facts = LayerFacts(
        **{fact: getattr(spec, fact) for fact in _FROM_SPEC},
        **{fact: getattr(service, name) for fact, name in _FROM_SERVICE.items()},
        memory=_memory(spec, service, before),
        limits=list(spec.limits),
        services=",".join(spec.services).split(","),
        outputs=list(spec.outputs),
        dispatch_order=place,
    )
    for fact, (in_spec, in_service) in _FROM_SPEC_OR_SERVICE.items():
        written = getattr(spec, in_spec)
        setattr(facts, fact, getattr(service, in_service) if written is None else written)
    facts.tags, facts.threadable = list(facts.tags), facts.threadable and not 0 < facts.min_cores < 100
    return facts


def _service_of(services: Table[Service], spec: LayerSpec, show: str) -> Service:
    for name in (*spec.services, DEFAULT_SERVICE):
        service = services.first(name=name, show=show) or services.first(name=name, show="")
        if service is not None:
            return service
    return Service("", DEFAULT_SERVICE)


def _make_depends(farm: FarmState, document: SpecDocument, made: dict[str, Job]) -> list[Depend]:
    """The dependencies of a spec, which hold nothing yet.

    Raises:
        SpecError: One cannot be made.
    """
    found: dict[str, tuple[Depend, DependSpec]] = {}
    try:
        for spec in document.depends:
            depend = _make_depend(farm.jobs, spec, made)
            if depend is not None:
                found[depend.id] = depend, spec
        again = farm.depends.first_repeated(depend for depend, _ in found.values())
        if again is not None:
            _, spec = found[again.id]
            raise spec.error("the spec has the same dependency twice; anyframe makes no difference")
    except SpecError:
        if made or not farm.settings.strict:
            raise
        return []
    return [depend for depend, _ in found.values()]


def _make_depend(jobs: Jobs, spec: DependSpec, made: dict[str, Job]) -> Depend | None:
    ends = []
    for name, layer, frame in (
        (spec.dep_job, spec.dep_layer, spec.dep_frame),
        (spec.on_job, spec.on_layer, spec.on_frame),
    ):
        job = made.get(name) or jobs.pending.get(name)
        if job is None:
            raise spec.error(f"no pending job {name!r}; it may be finished, or of another show, shot or user")
        ends.append(_end(job, layer, frame, spec))
    try:
        return make_depend(spec.type, *ends, any_frame=spec.any_frame)
    except CannotDo as error:
        raise spec.error(str(error)) from None


def _end(job: Job, layer: str, frame: str, spec: DependSpec) -> End:
    """One end of a dependency. The name of a frame is like ``0012-beauty``."""
    number, layer = split_frame_name(frame) if frame else (0, layer)
    if layer and layer not in job.by_name:
        raise spec.error(f"the job {job.name} has no layer {layer!r}")
    if not frame:
        return End(job, job.by_name[layer] if layer else -1)
    try:
        return End(job, job.by_name[layer], job.state.frames.ref(layer, number))
    except KeyError:
        raise spec.error(f"the job {job.name} has no frame {frame!r}") from None
