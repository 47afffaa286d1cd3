# SPDX-License-Identifier: Apache-2.0
"""Reads the text of a job spec into plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from outline.exception import did_you_mean

from .depends import DependReader
from .jobs import Budget, read_job
from .markup import Element, parse_markup
from .model import JobSpec, SpecDocument, SpecRules
from .values import conform_job_name, conform_name, limit_text, parse_int

__all__ = ["read_spec"]

_USER = re.compile(r"[^/\x00-\x1f\x7f]+")
_MANY_NAMES = 20
LONGEST_SHOT, LONGEST_USER, LONGEST_EMAIL = 64, 32, 256


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

    def conform_job(name: str) -> str:
        return conform_job_name(name, show, shot, user)

    facility = _read_facility(root, rules)
    jobs: dict[str, JobSpec] = {}
    budget = Budget()
    for element in root.every("job"):
        name = element.read_attribute("name", conform_job)
        if name in jobs:
            raise element.error(f"the spec already has a job {name!r}")
        jobs[name] = read_job(element, name, user, rules, budget)
    reader = DependReader(tuple(jobs.values()), conform_job)
    parent = root.find("depends")
    depends = tuple(map(reader.read, parent.children if parent is not None else ()))
    if not jobs and not depends and not rules.strict:
        raise root.error("the spec has no job")
    email = root.read_child("email", lambda text: limit_text(text, LONGEST_EMAIL, "the email address"), "")
    return SpecDocument(facility, show, shot, user, uid, email, tuple(jobs.values()), depends)


def _read_facility(root: Element, rules: SpecRules) -> str | None:
    """The facility, or None without the element. An empty element is an error."""
    return root.read_child("facility", lambda name: _check_known(name.lower(), "facility", rules.facilities), None)


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
