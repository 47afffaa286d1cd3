# SPDX-License-Identifier: Apache-2.0
"""The filters of shows: which jobs they match, and how they change them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from outline.cuebot_limits import LEAST_MEMORY_KB

from . import changing, steering
from .job import Job
from .saving import Table
from .state import FarmState
from .things import Action, Filter, Matcher, Show

__all__ = ["apply_filter", "filters_of", "order_filters", "run_filters"]

logger = logging.getLogger("cuebot_stub")

_LAYER_ACTION = re.compile(r"SET_ALL_(RENDER|UTIL|PRE)_LAYER_(TAGS|MEMORY|MIN_CORES|MAX_CORES)\Z")


def _finds(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # it matches nothing, as on Cuebot
        return False


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": lambda wanted, text: wanted in text,
    "IS": lambda wanted, text: wanted == text,
    "BEGINS_WITH": lambda wanted, text: text.startswith(wanted),
    "ENDS_WITH": lambda wanted, text: text.endswith(wanted),
    "REGEX": _finds,
}
_OPPOSITES = {"DOES_NOT_CONTAIN": "CONTAINS", "IS_NOT": "IS"}


def filters_of(filters: Table[Filter], show: str) -> list[Filter]:
    """The filters of a show in the order in which they run."""
    return sorted(filters.where(show=show), key=lambda one: one.order)


def order_filters(filters: Table[Filter], show: str) -> None:
    """Number the filters of a show from 1 on, in their order."""
    for number, one in enumerate(filters_of(filters, show), start=1):
        filters.change(one, order=float(number))


def run_filters(farm: FarmState, job: Job) -> None:
    """Apply the enabled filters of a job's show, up to one that stops."""
    already: set[str] = set()
    for one in filters_of(farm.filters, job.facts.show):
        if one.enabled and apply_filter(farm, one, job, already):
            return


def apply_filter(farm: FarmState, filter: Filter, job: Job, already: set[str] | None = None) -> bool:
    """Apply a filter to a job, if it matches.

    Args:
        filter: The filter, enabled or not.
        already: Facts that earlier filters have set, which a group does not change. This filter adds its own.

    Returns:
        Whether no other filter may run after this one.
    """
    tests = [_matches(farm.shows, matcher, job) for matcher in filter.matchers]
    if not tests or not (all(tests) if filter.type == "MATCH_ALL" else any(tests)):
        return False
    is_set = already if already is not None else set()
    for action in filter.actions:
        _act(farm, action, job, is_set)
    return any(action.type == "STOP_PROCESSING" for action in filter.actions)


def _matches(shows: Table[Show], matcher: Matcher, job: Job) -> bool:
    facts = job.facts
    texts = {
        "JOB_NAME": [job.name.lower()],
        "SHOW": [shows[facts.show].name.lower()],
        "SHOT": [facts.shot.lower()],
        "USER": [facts.user.lower()],
        "PRIORITY": [str(facts.priority)],
        "FACILITY": [facts.facility.lower()],
        "SERVICE_NAME": [service for layer in job.layers for service in layer.services],
        "LAYER_NAME": [layer.name for layer in job.layers],
    }[matcher.subject]
    test = _TESTS[_OPPOSITES.get(matcher.type, matcher.type)]
    return any(test(matcher.input, text) for text in texts) is not (matcher.type in _OPPOSITES)


def _act(farm: FarmState, action: Action, job: Job, is_set: set[str]) -> None:
    value = action.value
    number = value if isinstance(value, (int, float)) else 0
    points = round(number * 100)
    for_layers = _LAYER_ACTION.match(action.type)
    if for_layers:
        type, what = for_layers.groups()
        words = [word for word in re.split(r"[\s,|]+", str(value or "")) if word]
        wanted = {"TAGS": words, "MEMORY": max(LEAST_MEMORY_KB, int(number)), "MIN_CORES": points, "MAX_CORES": points}
        _change_layers(farm, job, type, {what.lower(): wanted[what]})
    elif action.type == "PAUSE_JOB":
        (steering.pause if value else steering.resume)(farm, job)
    elif action.type == "SET_MEMORY_OPTIMIZER":
        _change_layers(farm, job, "", {"memory_optimizer": bool(value)})
    elif action.type == "MOVE_JOB_TO_GROUP":
        group = farm.groups.get(str(value))
        if group is None:
            logger.error("a filter moves the job %s to a group that no longer exists", job.name)
        else:
            changing.move_to_group(farm, job, group, keep=is_set)
    else:
        name, fact = {
            "SET_JOB_PRIORITY": ("priority", int(number)),
            "SET_JOB_MIN_CORES": ("min_cores", points),
            "SET_JOB_MAX_CORES": ("max_cores", points),
        }.get(action.type, ("", 0))
        if name:
            is_set.add(name)
            changing.change_job(farm, job, **{name: fact})


def _change_layers(farm: FarmState, job: Job, type: str, changes: dict[str, Any]) -> None:
    for number, layer in enumerate(job.layers):
        if type in ("", layer.type.upper()):
            changing.change_layer(farm, job, number, **changes)
