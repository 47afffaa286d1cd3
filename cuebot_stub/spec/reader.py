# SPDX-License-Identifier: Apache-2.0
"""Reads the text of a job spec into plain data: the document, and its jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from outline.cuebot_limits import (
    LONGEST_JOB_NAME,
    LONGEST_MAIL,
    LONGEST_OS,
    LONGEST_SHOT,
    LONGEST_USER,
    MOST_FRAMES,
    MOST_LAYERS,
)
from outline.exception import did_you_mean

from .depends import DependReader
from .layers import read_env, read_layer
from .markup import Element, parse_markup
from .model import JobSpec, LayerSpec, LocalBook, SpecDocument, SpecRules
from .values import (
    conform_job_name,
    conform_name,
    count_heads,
    limit_text,
    limited,
    parse_flag,
    parse_int,
    parse_long,
    parse_max_cores,
)

__all__ = ["Budget", "post_job_name", "read_job", "read_spec"]

_USER = re.compile(r"[^/\x00-\x1f\x7f]+")
_MANY_NAMES = 20


def read_spec(text: str, rules: SpecRules) -> SpecDocument:
    """A checked job spec.

    Args:
        text: The spec, in any version.
        rules: The names that it may use, and how strictly it is read.

    Raises:
        SpecError: The spec is refused, for any reason that does not depend on the state of the farm.
    """
    root = parse_markup(text)
    show = root.required("show").read(lambda name: _check_known(name, "show", rules.shows))
    shot = root.required("shot").read(lambda name: limit_text(conform_name(name, "shot"), LONGEST_SHOT, "the shot"))
    user = root.required("user").read(_check_user)
    uid: int | None = root.read_child("uid", parse_int, None)
    if rules.strict and (user == "root" or uid == 0):
        raise root.error("Cannot launch jobs as root.")
    conform_job = partial(conform_job_name, show=show, shot=shot, user=user)
    facility = root.read_child("facility", lambda name: _check_known(name.lower(), "facility", rules.facilities), None)
    jobs: dict[str, JobSpec] = {}
    budget = Budget()
    for element in root.every("job"):
        name = element.read_attribute("name", conform_job)
        if name in jobs:
            raise element.error(f"the spec already has a job {name!r}")
        jobs[name] = read_job(element, name, user, rules, budget)
    reader = DependReader(tuple(jobs.values()), conform_job)
    depends = tuple(map(reader.read, root.members("depends")))
    if not jobs and not depends and not rules.strict:
        raise root.error("the spec has no job")
    email = root.read_child("email", limited(LONGEST_MAIL, "the email address"), "")
    return SpecDocument(facility, show, shot, user, uid, email, tuple(jobs.values()), depends)


def _check_known(name: str, kind: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if name in names:
        return name
    listed = f"; there are {', '.join(names[:_MANY_NAMES])}" if names else ""
    raise ValueError(f"no {kind} {name[:40]!r}{did_you_mean(name[:40], names) or listed}")


def _check_user(name: str) -> str:
    if not _USER.fullmatch(name):
        raise ValueError(f"the user {name[:40]!r} cannot be used; it becomes a part of file names")
    return limit_text(name, LONGEST_USER, "the name of the user")


MOST_MEMBERS = 4_000_000  # of all chunks of a spec together
POST_USER = "monitor"
_RETRIES = 1  # what a job gets that says nothing, and the most that Cuebot grants


def post_job_name(name: str, user: str, number: int) -> str:
    """The name of the job of a job's Post layers, which has another user."""
    return f"{name}_post_job_{number}".replace(user, POST_USER, 1)


def read_job(element: Element, name: str, user: str, rules: SpecRules, budget: Budget) -> JobSpec:
    """A job. Raises SpecError.

    Args:
        element: The element of the job.
        name: Its conformed name.
        user: Its owner.
        rules: The names that the spec may use.
        budget: The limits of all jobs of the spec together.
    """
    localbook = element.find("localbook")
    return JobSpec(
        name=name,
        paused=element.read_child("paused", parse_flag, False),
        priority=element.read_child("priority", parse_int, 1),
        max_retries=min(_RETRIES, max(0, element.read_child("maxretries", parse_int, _RETRIES))),
        max_cores=element.read_child("maxcores", parse_max_cores, None),
        max_gpus=element.read_child("maxgpus", parse_int, None),
        autoeat=element.read_child("autoeat", parse_flag, False),
        os=element.read_child("os", limited(LONGEST_OS, "the operating system"), ""),
        localbook=None if localbook is None else _read_localbook(localbook),
        env=read_env(element),
        layers=_read_layers(element, post_job_name(name, user, 10**12), rules, budget),
    )


def _read_localbook(element: Element) -> LocalBook:
    return LocalBook(
        host=element.attributes["host"],
        cores=element.read_attribute("cores", parse_int),
        memory=element.read_attribute("memory", parse_long),
        threads=element.read_attribute("threads", parse_int),
        gpu=element.read_attribute("gpu", parse_long),
    )


def _read_layers(element: Element, post_name: str, rules: SpecRules, budget: Budget) -> tuple[LayerSpec, ...]:
    found: dict[str, LayerSpec] = {}
    count = {False: 0, True: 0}
    for child in element.members("layers"):
        layer = read_layer(child, rules)
        if layer.name in found:
            raise child.error(f"the job already has a layer {layer.name!r}")
        found[layer.name] = layer
        count[layer.type == "Post"] += 1
        if max(count.values()) > MOST_LAYERS:
            raise child.error(f"the job has more than {MOST_LAYERS} layers")
        budget.spend(layer, child)
    if not count[False]:
        raise element.error("the job has no layers, or only Post layers")
    if count[True] and len(post_name) > LONGEST_JOB_NAME:
        raise element.error(f"the name of the job of the Post layers has more than {LONGEST_JOB_NAME} characters")
    return tuple(found.values())


class Budget:
    """Counts the frames of one spec against the limits."""

    def __init__(self) -> None:
        self._heads = self._frames = 0

    def spend(self, layer: LayerSpec, element: Element) -> None:
        """Add a layer. Raises SpecError above a limit."""
        self._heads += count_heads(layer.frames, layer.chunk)
        self._frames += len(layer.frames)
        if self._heads > MOST_FRAMES:
            upto = f"the layers up to {layer.name!r} have {self._heads} frames"
            raise element.error(f"{upto}; a spec can have at most {MOST_FRAMES}")
        if self._frames > MOST_MEMBERS:
            raise element.error(f"the chunks of the spec hold more than {MOST_MEMBERS} frames")
