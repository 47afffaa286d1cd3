# SPDX-License-Identifier: Apache-2.0
"""Makes jobs of a job spec: all of them, or none."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

from outline.names import split_frame_name
from outline.scheduler import DependPlan, LayerPlan

from ..spec import DependSpec, JobSpec, LayerSpec, SpecDocument, SpecError
from .depends import IN_PLAN, Depend
from .filters import run_filters
from .hosts import short_name
from .jobs import Job, JobFacts, LayerFacts
from .things import MIN_MEMORY, Service

if TYPE_CHECKING:
    from .farm import Farm

__all__ = ["launch"]

DEFAULT_FACILITY = "local"
POST_USER = "monitor"


def launch(farm: Farm, document: SpecDocument) -> list[Job]:
    """Make the jobs of a spec and return them, without the jobs of their post layers.

    Raises:
        SpecError: A job of that name is pending, the show takes no jobs, or a dependency names something that is not
            there. Nothing was made.
    """
    show = farm.find_show(document.show)
    if show is None or not show.active:
        raise SpecError("spec/show", f"the show {document.show!r} is not there, or takes no jobs; create it first")
    for spec in document.jobs:
        if spec.name in farm.pending:
            raise SpecError("spec/job", f"The job {spec.name} is already pending")
    made = {spec.name: _make_job(farm, document, spec, show.id) for spec in document.jobs}
    depends = _outer_depends(farm, document, made)
    for job in made.values():
        farm.add_job(job)
        run_filters(farm, job)
    for name, job in made.items():
        _add_post_job(farm, document, next(spec for spec in document.jobs if spec.name == name), job)
    for depend in depends:
        farm.depends.add(depend)
    for job in made.values():
        farm.depends.register_plan(job)
        show.created_jobs += 1
        show.created_frames += len(job.state)
        farm.job_changed(job)
        farm.finish_if_complete(job)
    farm.touch("show", show.id, show)
    return list(made.values())


def _make_job(farm: Farm, document: SpecDocument, spec: JobSpec, show: str, *, post: bool = False) -> Job:
    show_facts = farm.shows[show]
    id = str(uuid.uuid4())
    group = farm.root_group(show)
    facility = document.facility or DEFAULT_FACILITY
    facts = JobFacts(
        id=id,
        name=spec.name,
        show=show,
        group=group.id,
        shot=document.shot,
        user=document.user,
        uid=document.uid,
        facility=facility,
        os=spec.os,
        email=document.email,
        paused=spec.paused or show_facts.paused,
        priority=spec.priority if group.default_job_priority < 0 else group.default_job_priority,
        min_cores=_first(group.default_job_min_cores, show_facts.default_min_cores),
        max_cores=_first(spec.max_cores, group.default_job_max_cores, show_facts.default_max_cores),
        max_gpus=_first(spec.max_gpus, group.default_job_max_gpus, show_facts.default_max_gpus),
        max_retries=0 if spec.autoeat else spec.max_retries,
        autoeat=spec.autoeat,
        log_dir=os.path.join(farm.log_root, show_facts.name, document.shot, "logs", f"{spec.name}--{id}"),
        launched=int(farm.now()),
        env=dict(spec.env),
        local_host=short_name(spec.localbook.host) if spec.localbook else "",
        local_cores=spec.localbook.cores * 100 if spec.localbook else 0,
    )
    layers = [layer for layer in spec.layers if (layer.type == "Post") == post]
    before = _job_before(farm, spec.name)
    made = [_make_layer(farm, layer, show, before) for layer in layers]
    names = {layer.name for layer in layers}
    depends = [
        DependPlan(depend.dep_layer, depend.on_layer, depend.type, depend.any_frame)
        for depend in document.depends
        if _is_planned(depend, spec.name) and depend.dep_layer in names and depend.on_layer in names
    ]
    plans = [_make_plan(layer, facts) for layer, facts in zip(layers, made, strict=True)]
    return Job(facts, made, plans, list(dict.fromkeys(depends)))


def _add_post_job(farm: Farm, document: SpecDocument, spec: JobSpec, parent: Job) -> None:
    """Make the job of the post layers, which starts when its parent is over."""
    if not any(layer.type == "Post" for layer in spec.layers):
        return
    taken, number = {job.name for job in farm.jobs.values()}, int(farm.now() * 1000)
    while f"{spec.name}_post_job_{number}" in taken:  # launched, killed and launched again in a millisecond
        number += 1
    name = f"{spec.name}_post_job_{number}"
    env = {**spec.env, "CUE_PARENT_JOB": parent.name, "CUE_PARENT_JOB_ID": parent.id}
    post = _make_job(
        farm,
        document._replace(user=POST_USER),
        spec._replace(name=name, env=env, paused=False),
        parent.facts.show,
        post=True,
    )
    post.facts.user = document.user if farm.useful else POST_USER
    post.facts.state = "POSTED"
    parent.facts.post_job = post.id
    farm.add_job(post)
    run_filters(farm, post)
    farm.depends.register_plan(post)
    if not parent.layers:
        farm.finish_if_complete(parent)


def _first(*values: int | None) -> int:
    """Return the first value that somebody has set."""
    return next(value for value in values if value is not None and value >= 0)


def _job_before(farm: Farm, name: str) -> Job | None:
    """Return the job of a name that was launched last before."""
    return next((job for job in reversed(farm.jobs.values()) if job.name == name), None)


def _memory(farm: Farm, spec: LayerSpec, service: Service, before: Job | None) -> int:
    """Return the memory of a frame: what the layer asks for, or what it has used at most in the job before.

    Cuebot takes the latter also when it is less than what the service asks for, which lets too many frames start on a
    host when the next job of that name is a larger one.
    """
    if spec.memory_kb is not None:
        return spec.memory_kb
    number = before.by_name.get(spec.name) if before is not None else None
    used = before.totals[number].max_rss if before is not None and number is not None else 0
    least = MIN_MEMORY if farm.settings.strict and used else service.min_memory
    return max(used, least)


def _make_layer(farm: Farm, spec: LayerSpec, show: str, before: Job | None) -> LayerFacts:
    service = _service_of(farm, spec, show)
    points = service.min_cores if spec.min_cores is None else spec.min_cores
    threadable = service.threadable if spec.threadable is None else spec.threadable
    return LayerFacts(
        name=spec.name,
        type=spec.type,
        range=spec.range,
        chunk=spec.chunk,
        command=spec.command,
        min_cores=points,
        max_cores=service.max_cores,
        threadable=threadable and not 0 < points < 100,
        memory=_memory(farm, spec, service, before),
        memory_increase=service.min_memory_increase,
        gpus=spec.gpus or service.min_gpus,
        max_gpus=service.max_gpus,
        gpu_memory=spec.gpu_memory_kb or service.min_gpu_memory,
        timeout=max(0, spec.timeout_minutes) or service.timeout,
        timeout_llu=max(0, spec.timeout_llu_minutes) or service.timeout_llu,
        tags=list(spec.tags if spec.tags is not None else service.tags),
        limits=list(spec.limits),
        services=list(spec.services) or [service.name],
        env=dict(spec.env),
        outputs=dict(spec.outputs),
    )


def _service_of(farm: Farm, spec: LayerSpec, show: str) -> Service:
    for name in (*spec.services, "default"):
        service = farm.find_service(name, show) or farm.find_service(name)
        if service is not None:
            return service
    return Service("", "default")


def _make_plan(spec: LayerSpec, facts: LayerFacts) -> LayerPlan:
    return LayerPlan(
        spec.name,
        spec.frames,
        max(1, spec.chunk),
        "Util" if spec.type == "Post" else spec.type,  # in their own job, post layers wait for nothing more
        facts.min_cores / 100,
        facts.memory,
        group=facts.group(),
    )


# -- dependencies ----------------------------------------------------------------------------------------------


def _is_planned(depend: DependSpec, job: str) -> bool:
    """Tell whether the scheduler watches a dependency: between two layers of one job."""
    if depend.dep_job != job or depend.on_job != job or depend.dep_frame or depend.on_frame:
        return False
    return depend.type in IN_PLAN and depend.type != "LAYER_ON_SIM_FRAME"


def _outer_depends(farm: Farm, document: SpecDocument, made: dict[str, Job]) -> list[Depend]:
    """Return the dependencies of a spec that are not in the plan of a job."""
    found = []
    for spec in document.depends:
        if _is_planned(spec, spec.dep_job) and spec.dep_job in made:
            continue
        er = made.get(spec.dep_job) or farm.pending.get(spec.dep_job)
        on = made.get(spec.on_job) or farm.pending.get(spec.on_job)
        where = f"spec/depends/depend[{spec.type}]"
        if er is None or on is None:
            missing = spec.dep_job if er is None else spec.on_job
            raise SpecError(where, f"no pending job {missing!r}; it may be finished, or of another show, shot or user")
        if _waits_for_post(spec, er, on):
            continue
        er_layer, er_ref = _end(er, spec.dep_layer, spec.dep_frame, where)
        on_layer, on_ref = _end(on, spec.on_layer, spec.on_frame, where)
        found.append(
            Depend(str(uuid.uuid4()), spec.type, er.id, er_layer, er_ref, on.id, on_layer, on_ref, spec.any_frame)
        )
    return found


def _waits_for_post(spec: DependSpec, er: Job, on: Job) -> bool:
    """Tell whether one end is a post layer of a new job, which comes after all others anyway."""
    ends = ((er, spec.dep_layer or spec.dep_frame), (on, spec.on_layer or spec.on_frame))
    return er is on and any(name and name.rpartition("-")[2] not in job.by_name for job, name in ends)


def _end(job: Job, layer: str, frame: str, where: str) -> tuple[str, int]:
    """Return layer and frame of one end of a dependency; a frame is named like ``0012-beauty``."""
    number, layer = split_frame_name(frame) if frame else (0, layer)
    if layer and layer not in job.by_name:
        raise SpecError(where, f"the job {job.name} has no layer {layer!r}")
    if not frame:
        return layer, -1
    try:
        return layer, job.state.ref(layer, number)
    except KeyError:
        raise SpecError(where, f"the job {job.name} has no frame {frame!r}") from None
