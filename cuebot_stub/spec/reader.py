# SPDX-License-Identifier: Apache-2.0
"""From the text of a job spec to plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from outline.exception import did_you_mean

from .depends import DependReader
from .jobs import read_job
from .markup import Element, parse_markup
from .model import JobSpec, SpecDocument, SpecRules
from .names import LONGEST_NAME, conform_job_name, conform_name
from .values import parse_int

__all__ = ["read_spec"]

_USER = re.compile(r"[^\s/\x00-\x1f\x7f]+")
_MANY_NAMES = 20


def read_spec(text: str, rules: SpecRules) -> SpecDocument:
    """Return what a job spec says, checked, or nothing at all.

    Args:
        text: The spec, of any version. Without a DOCTYPE it has the newest version.
        rules: What it may name, and how strictly it is read.

    Raises:
        SpecError: The spec cannot be launched. Everything that can be told without the farm's state is told here.
    """
    root = parse_markup(text, needs_doctype=rules.strict)
    show = root.required("show").read(lambda name: _check_known(name, "show", rules.shows))
    shot = root.required("shot").read(lambda name: conform_name(name, "shot"))
    user = root.required("user").read(_check_user)
    uid: int | None = root.read_child("uid", parse_int, None)
    if rules.strict and (user == "root" or uid == 0):
        raise root.error("Cannot launch jobs as root.")

    def conform_job(name: str) -> str:
        return conform_job_name(name, show, shot, user)

    facility = _read_facility(root, rules)
    jobs: dict[str, JobSpec] = {}
    for element in root.every("job"):
        name = element.read_attribute("name", conform_job)
        if name in jobs:
            raise element.error(f"the spec has a job {name!r} already")
        jobs[name] = read_job(element, name, rules)
    reader = DependReader(tuple(jobs.values()), rules, conform_job)
    depends = tuple(reader.read(element) for parent in root.every("depends") for element in parent.children)
    if not jobs and not depends:
        raise root.error("there is no job in it")
    email = root.read_child("email", str, "")
    return SpecDocument(facility, show, shot, user, uid, email, tuple(jobs.values()), depends)


def _read_facility(root: Element, rules: SpecRules) -> str | None:
    """Return the facility, or None; an empty one is none for us, and unknown on Cuebot."""
    element = root.find("facility")
    if element is None or not (element.text or rules.strict):
        return None
    return element.read(lambda name: _check_known(name.lower(), "facility", rules.facilities))


def _check_known(name: str, kind: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if name in names:
        return name
    listed = f"; there are {', '.join(names[:_MANY_NAMES])}" if names else ""
    raise ValueError(f"there is no {kind} {name[:40]!r}{did_you_mean(name[:40], names) or listed}")


def _check_user(name: str) -> str:
    if not _USER.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ValueError(f"the user {name[:40]!r} cannot be used; it becomes a part of file names")
    return name
