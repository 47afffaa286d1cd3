# SPDX-License-Identifier: Apache-2.0
"""The elements of the whole document and of its job, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .... import config, util
from ....exception import LaunchException
from ..job import FarmJob, asked_retries
from . import values
from .depends import depend_elements
from .layers import layer_element
from .tree import Element, checked_name, document, element, named_texts, parent

__all__ = ["JOB_ELEMENTS", "SPEC_ELEMENTS", "spec_text"]

_LOCALBOOK = ("host", "cores", "memory", "threads", "gpu")


def spec_text(job: FarmJob) -> str:
    """The job spec of a job.

    Raises:
        LaunchException: A value has no form that a job spec can hold; says which.
    """
    made = [part for write in SPEC_ELEMENTS if (part := write(job)) is not None]
    return document(parent("spec", made), job.version)


# -- the document ----------------------------------------------------------------------------------------------


def _facility(job: FarmJob) -> Element | None:
    facility = job.launcher.get_flag("facility")
    return element("facility", facility, "the facility") if facility else None


def _dept(job: FarmJob) -> Element | None:
    dept = job.launcher.get_flag("dept")
    return element("dept", dept, "the department") if dept else None


def _show(job: FarmJob) -> Element:
    return element("show", job.show, "the show")


def _shot(job: FarmJob) -> Element:
    return element("shot", job.shot, "the shot")


def _user(job: FarmJob) -> Element:
    return element("user", job.user, "the user")


def _email(job: FarmJob) -> Element | None:
    return element("email", job.email, "the mail address") if job.email else None


def _uid(job: FarmJob) -> Element:
    return element("uid", util.get_uid(), "the user's number")


def _job(job: FarmJob) -> Element:
    made = [part for write in JOB_ELEMENTS if (part := write(job)) is not None]
    return parent("job", made, {"name": checked_name(job.outline.get_name(), "the job's name")})


def _depends(job: FarmJob) -> Element:
    return parent("depends", depend_elements(job))


Writer = Callable[[FarmJob], Element | None]

SPEC_ELEMENTS: tuple[Writer, ...] = (_facility, _dept, _show, _shot, _user, _email, _uid, _job, _depends)


# -- the job ---------------------------------------------------------------------------------------------------


def _paused(job: FarmJob) -> Element:
    """A job waits until the server knows how often it shall try: of a spec it takes no more than 1."""
    is_paused = (asked_retries(job.launcher) or 0) > 1 or job.launcher.get_flag("pause")
    return element("paused", values.truth(is_paused), "pause")


def _priority(job: FarmJob) -> Element | None:
    given = job.launcher.get_flag("priority")
    priority = values.whole_number(1 if given in (None, "") else given, "the priority")
    if not job.carries("priority", "the job", wanted=priority != 1):
        return None
    return element("priority", priority, "the priority")


def _maxretries(job: FarmJob) -> Element | None:
    given = job.launcher.get_flag("maxretries")
    if given in (None, ""):
        given = config.get("outline", "maxretries")
    return element("maxretries", values.whole_number(given, "maxretries"), "maxretries")


def _maxcores(job: FarmJob) -> Element | None:
    return _most(job, "maxcores", job.outline.get_maxcores())


def _maxgpus(job: FarmJob) -> Element | None:
    return _most(job, "maxgpus", job.outline.get_maxgpus())


def _autoeat(job: FarmJob) -> Element:
    return element("autoeat", values.truth(job.launcher.get_flag("autoeat")), "autoeat")


def _localbook(job: FarmJob) -> Element | None:
    book = job.outline.get_arg("localbook")
    if not book or not job.carries("localbook", "the job"):
        return None
    missing = [name for name in _LOCALBOOK if name not in book] if isinstance(book, Mapping) else ["all"]
    if missing:
        raise LaunchException(f"localbook is a dict with {', '.join(_LOCALBOOK)}; missing: {', '.join(missing)}")
    return parent("localbook", (), {name: checked_name(str(book[name]), f"localbook {name}") for name in _LOCALBOOK})


def _os(job: FarmJob) -> Element | None:
    return element("os", job.os, "os") if job.os and job.carries("os", "the job") else None


def _env(job: FarmJob) -> Element:
    return parent("env", named_texts("key", job.env, "the job's variable"))


def _layers(job: FarmJob) -> Element:
    return parent("layers", [layer_element(job, layer) for layer in job.layers])


JOB_ELEMENTS: tuple[Writer, ...] = (
    _paused,
    _priority,
    _maxretries,
    _maxcores,
    _maxgpus,
    _autoeat,
    _localbook,
    _os,
    _env,
    _layers,
)


def _most(job: FarmJob, name: str, value: object) -> Element | None:
    if not value or not job.carries(name, "the job"):
        return None
    return element(name, values.whole_number(value, name), name)
