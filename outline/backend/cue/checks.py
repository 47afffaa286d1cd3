# SPDX-License-Identifier: Apache-2.0
"""The limits of an OpenCue server, checked before anything is sent to it.

A server that meets them only in the middle of a launch answers with a text that hides which one it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...constants import LayerType
from ...cuebot_limits import (
    LEAST_MEMORY_KB,
    LONGEST_ENV,
    LONGEST_FRAME_NAME,
    LONGEST_JOB_NAME,
    LONGEST_MAIL,
    LONGEST_OS,
    LONGEST_OUTPUT,
    LONGEST_SERVICES,
    LONGEST_SHOT,
    LONGEST_TEXT,
    LONGEST_USER,
    MOST_CORES,
    MOST_FRAMES,
    MOST_GPU_MEMORY_KB,
    MOST_LAYERS,
)
from ...exception import LaunchException, OutlineException
from ...frames import chunk_heads
from ...layer.ranges import chunk_seconds
from ...resources import is_true, name_words, parse_cores, parse_memory_kb
from .job import FarmJob, FarmLayer, farm_job
from .jobs import MONITOR
from .names import conform_layer, frame_name, full_job_name, own_job_name
from .spec import values
from .spec.document import JOB_ELEMENTS, SPEC_ELEMENTS
from .spec.layers import LAYER_ELEMENTS

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher

__all__ = ["Problem", "all_problems", "check_job"]

# Of a layer, or of the whole job.
Problem = tuple[FarmLayer | None, str]

MOST_MEMORY_KB = 50 * 1024**2
POST_JOB_CHARACTERS = len("_post_job_1234567890123")

_NAME = re.compile(r"[A-Za-z0-9_.\-]{3,}\Z")
_USER = re.compile(r"[^\s/]+\Z")


def check_job(job: FarmJob) -> None:
    """Check that an OpenCue server can take a job, and warn of what it changes.

    Raises:
        LaunchException: It cannot; says what is wrong, with what, and what the server allows.
    """
    for layer, message in _problems(job):
        raise LaunchException(f"{layer.where}: {message}" if layer else message)
    _warn(job)


def all_problems(launcher: OutlineLauncher, use_pycuerun: bool = True) -> Iterator[tuple[str, FarmLayer | None, str]]:
    """All that a farm refuses or changes of a launcher's outline, as level, layer and message; it need not be set up.

    Raises:
        OutlineException: No layer has a frame, or one has no command.
    """
    changes: list[Problem] = []
    job = farm_job(launcher, use_pycuerun, lambda layer, message: changes.append((layer, message)))
    for layer, message in _problems(job):
        yield "error", layer, message
    _warn(job)
    for write in (*SPEC_ELEMENTS, *JOB_ELEMENTS):
        if write.__name__ not in ("_job", "_layers"):
            yield from _refusals(lambda write=write: write(job), None)
    for layer in job.layers:
        for write_of_layer in LAYER_ELEMENTS:
            yield from _refusals(lambda write=write_of_layer, layer=layer: write(job, layer), layer)
    for layer_or_none, message in changes:
        yield "warning", layer_or_none, message


def _refusals(write: Any, layer: FarmLayer | None) -> Iterator[tuple[str, FarmLayer | None, str]]:
    try:
        write()
    except OutlineException as error:
        yield "error", layer, str(error)


# -- what a server refuses ---------------------------------------------------------------------------------------


def _problems(job: FarmJob) -> Iterator[Problem]:
    yield from _job_problems(job)
    yield from _layer_name_problems(job)
    yield from _count_problems(job)
    for layer in job.layers:
        yield from _layer_problems(layer)


def _job_problems(job: FarmJob) -> Iterator[Problem]:
    ol = job.outline
    own = own_job_name(job.show, job.shot, job.user, ol.get_name())
    for what, name in (("name", own), ("shot", job.shot)):
        if not _NAME.match(name):
            yield (
                None,
                f"the job's {what} {name!r} does not fit the farm, which takes 3 or more letters, digits, '_', '-'"
                f" and '.'; {'use --base-name' if what == 'name' else 'use --shot'}",
            )
    if not _USER.match(job.user):
        yield None, f"the farm takes no user name with blanks or '/', such as {job.user!r}; use --user"
    whole = full_job_name(job.show, job.shot, job.user, ol.get_name())
    post = any(layer.layer.get_type() == LayerType.POST for layer in job.layers)
    added = POST_JOB_CHARACTERS + len(MONITOR) - len(job.user) if post else 0
    longest = LONGEST_JOB_NAME - max(0, added)
    with_post = " with a Post layer" if post else ""
    for message in (
        _too_long(f"the job's name{with_post}", whole, longest, "use a shorter --base-name"),
        _too_long("the shot", job.shot, LONGEST_SHOT, "use --shot"),
        _too_long("the user", job.user, LONGEST_USER, "use --user"),
        _too_long("the mail address", job.email, LONGEST_MAIL, "use --no-mail"),
        _too_long("the operating system", job.os, LONGEST_OS, "use --os"),
        *_variable_problems("the job's variable", job.env),
    ):
        if message:
            yield None, message


def _layer_name_problems(job: FarmJob) -> Iterator[Problem]:
    seen: dict[str, FarmLayer] = {}
    for layer in job.layers:
        name = conform_layer(layer.name)
        if not _NAME.match(name):
            yield layer, "the farm takes only layer names of 3 or more characters"
        too_long = _too_long("its name, as a part of frame names,", frame_name(999999, name), LONGEST_FRAME_NAME)
        if too_long:
            yield layer, too_long
        other = seen.setdefault(name, layer)
        if other is not layer:
            yield (
                layer,
                f"it and {other.where} are both {name!r} on the farm, which lowers capitals and turns '-' into '_';"
                " rename one",
            )


def _count_problems(job: FarmJob) -> Iterator[Problem]:
    if len(job.layers) > MOST_LAYERS:
        yield None, f"the job has {len(job.layers)} layers, and the farm takes at most {MOST_LAYERS}; use several jobs"
    count = sum(len(chunk_heads(layer.frames, layer.layer.get_chunk_size())) for layer in job.layers)
    if count > MOST_FRAMES:
        yield (
            None,
            f"the job has {count} frames, and the farm takes at most {MOST_FRAMES}; use larger chunks, or several jobs",
        )


def _layer_problems(layer: FarmLayer) -> Iterator[Problem]:
    negative = next((frame for frame in layer.frames if frame < 0), None)
    if negative is not None:
        yield (
            layer,
            f"has the frame {negative}, and the farm cannot run frames below 0; shift the range, or use"
            " --backend local",
        )
    paths = {name: path.get_path() for name, path in layer.layer.get_outputs().items()}
    for message in (
        _too_long("its range", str(layer.frames), LONGEST_TEXT),
        _too_long("its command", layer.command, LONGEST_TEXT),
        _too_long("its tags", " | ".join(_tags(layer)), LONGEST_TEXT),
        _too_long("its service", ",".join(name_words(layer.layer.get_service())), LONGEST_SERVICES),
        *_variable_problems("its variable", layer.layer.get_envs()),
        *(_too_long(f"its output {name}", path, LONGEST_OUTPUT) for name, path in paths.items()),
    ):
        if message:
            yield layer, message


def _tags(layer: FarmLayer) -> list[str]:
    try:
        return values.tags(layer.layer.get_arg("tags"), layer.where)
    except LaunchException:
        return []  # refused where they are written


def _variable_problems(what: str, env: Any) -> Iterable[str]:
    for name, value in env.items():
        yield _too_long(f"the name of {what}", str(name), LONGEST_ENV)
        yield _too_long(f"{what} {str(name)[:40]}", str(value), LONGEST_ENV, "keep long values in a file")


def _too_long(what: str, text: str, most: int, remedy: str = "") -> str:
    if len(text) <= most:
        return ""
    hint = f"; {remedy}" if remedy else ""
    return f"{what} has {len(text)} characters, and the farm takes at most {most}{hint}: {text[:40]}..."


# -- what a server changes ---------------------------------------------------------------------------------------


def _warn(job: FarmJob) -> None:
    """Warn of what the farm takes otherwise than it is meant; a form that it cannot read is refused elsewhere."""
    maxcores = job.outline.get_maxcores()
    if maxcores and float(maxcores) <= 1:
        job.warn(None, "maxcores=1 never starts a frame of one core on a farm; use 2, which runs two at a time")
    _warn_of_blanks(job, None, job.env)
    ignoring = [layer.layer.get_name() for layer in job.layers if is_true(layer.layer.get_arg("ignore_errors"))]
    if ignoring:
        named = "all layers" if len(ignoring) == len(job.layers) else ", ".join(ignoring)
        problem = "has no effect on a Cuebot, where a frame that fails is DEAD; outline eat eats it"
        job.warn(None, f"ignore_errors of {named} {problem}")
    for layer in job.layers:
        if not job.use_pycuerun:  # else the frame sets its layer's variables again
            _warn_of_blanks(job, layer, layer.layer.get_envs())
        if layer.layer.get_arg("autoeat") and not job.launcher.get_flag("autoeat"):
            job.warn(layer, "autoeat is of the whole job on a farm; launch with --autoeat")
        if chunk_seconds(layer.layer.get_arg("chunk")):
            job.warn(
                layer, f"chunk={layer.layer.get_arg('chunk')!r} is 1 on a farm, which cannot measure; give a number"
            )
        if layer.layer.get_arg("timeout_retry"):
            job.warn(layer, "timeout_retry has no effect on a farm: a frame that hit a time limit is DEAD there")
        if layer.layer.get_arg("retry_delay"):
            job.warn(layer, "retry_delay has no effect on a Cuebot, which tries a frame again at once")
        _warn_of_memory(job, layer)
        _warn_of_cores(job, layer)
        gpus, most = _read(float, layer.layer.get_arg("gpus")), _read(float, job.outline.get_maxgpus())
        if 0 < most <= gpus:
            job.warn(layer, f"maxgpus={most:g} of the job never starts a frame of {gpus:g} GPUs on a farm; give more")


def _warn_of_blanks(job: FarmJob, layer: FarmLayer | None, env: Mapping[str, object]) -> None:
    for name, value in env.items():
        if str(value) != str(value).strip():
            job.warn(
                layer, f"variable {name}: the farm takes blanks and line ends off both ends of {str(value)[:40]!r}"
            )


def _warn_of_memory(job: FarmJob, layer: FarmLayer) -> None:
    kilobytes = _read(parse_memory_kb, layer.layer.get_arg("memory"))
    if 0 < kilobytes < LEAST_MEMORY_KB:
        job.warn(layer, "memory is raised to 256m by the farm")
    if kilobytes > MOST_MEMORY_KB:
        job.warn(layer, "memory is above 50g, which a farm may cut, or have no host for")
    if _read(parse_memory_kb, layer.layer.get_arg("gpu_memory")) > MOST_GPU_MEMORY_KB:
        job.warn(layer, "gpu_memory is above 100g, and the farm takes that of the service instead")


def _warn_of_cores(job: FarmJob, layer: FarmLayer) -> None:
    cores = _read(parse_cores, layer.layer.get_arg("cores", layer.layer.get_arg("threads")))
    if cores > MOST_CORES:
        job.warn(layer, f"cores {cores:g} are cut to {MOST_CORES} by the farm; 0 asks for all of a host")
    threadable = layer.layer.get_arg("threadable")
    if cores > 1 and threadable is not None and values.truth(threadable) == "False":
        job.warn(layer, f"cores {cores:g} become 1 on a farm, since the layer is not threadable")


def _read(parse: Any, value: Any) -> float:
    try:
        return float(parse(value)) if value not in (None, "") else 0
    except ValueError:
        return 0
