# SPDX-License-Identifier: Apache-2.0
"""A job bundle: a folder with template, parameters, the files that the job reads and writes, and its session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..backend.local.limits import read_max_retries
from ..exception import LaunchException
from ..files import write_atomic
from ..launch_in_folder import launch_in_folder
from ..resources import is_true, parse_memory_kb, tag_words
from ..scheduler import JobPlan, plan_job
from ..storage import is_url
from .template import SESSION, StepFacts, template_of

if TYPE_CHECKING:
    from ..cuerun import OutlineLauncher
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["export_bundle"]

_OF_OPENCUE = ("service='preprocess'", "service='postprocess'")  # which layers of these kinds have by themselves


def export_bundle(launcher: OutlineLauncher, folder: str) -> list[str]:
    """Set an outline up and write it as a job bundle; gives what the template says otherwise than the outline.

    Args:
        launcher: The outline, which is not set up, and its flags.
        folder: Where the bundle goes; it may exist when it is empty.

    Raises:
        OutlineException: The outline cannot be launched, or the folder cannot be written.
    """
    folder = os.path.abspath(folder)
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise LaunchException(f"{folder} exists and is not an empty folder; name another one with -o, or remove it")
    warnings: list[str] = []

    def write() -> list[Any]:
        warnings.extend(_write_bundle(launcher, folder))
        return []

    try:
        if launcher.get_flag("work"):
            launch_in_folder(launcher, write, farm=lambda: None)
        else:
            launcher.setup()
            write()
    finally:
        launcher.discard_session()
    return warnings


def _write_bundle(launcher: OutlineLauncher, folder: str) -> list[str]:
    """Write an outline that is set up, and give what the template says otherwise."""
    ol = launcher.get_outline()
    retries = read_max_retries(launcher.get_flag("maxretries"))
    plan = plan_job(ol, max_retries=retries, autoeat=bool(launcher.get_flag("autoeat")))
    if not plan.layers:
        raise LaunchException(f"no layer has a frame in the job's range {ol.get_frame_range()}")
    steps = {layer.name: _facts_of(ol.get_layer(layer.name), layer.cores) for layer in plan.layers}
    made = template_of(plan, folder=os.getcwd(), variables=_variables(ol), steps=steps)
    assets = _assets(ol, plan)  # while the session is where its items are read
    try:
        os.makedirs(folder, exist_ok=True)
        shutil.move(ol.get_session().get_path(), os.path.join(folder, SESSION))
        _write(folder, "template.yaml", made.template)
        _write(folder, "parameter_values.yaml", _parameter_values(launcher, plan))
        _write(folder, "asset_references.yaml", assets)
    except OSError as error:
        raise LaunchException(f"cannot write {error.filename or folder}: {error.strerror or error}") from error
    return made.warnings


def _write(folder: str, name: str, data: Any) -> None:
    import yaml

    write_atomic(os.path.join(folder, name), yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


def _variables(ol: Outline) -> dict[str, str]:
    """The variables that are set before pycuerun runs; it sets those that are missing itself.

    The id tells it that some farm runs the frame, whose variables stay as they are.
    """
    own = {name: value for name, (value, pre) in ol.get_env().items() if pre}
    return {**own, "CUE_JOB_ID": ol.get_session().get_job_id()}


def _facts_of(layer: Layer, cores: float) -> StepFacts:
    lost = [f"{name}={layer.get_arg(name)!r}" for name in ("limits", "service") if layer.get_arg(name)]
    lost = [one for one in lost if one not in _OF_OPENCUE]
    memory = layer.get_arg("gpu_memory") or layer.get_arg("gpu")
    return StepFacts(
        int(layer.get_arg("gpus") or 0),
        parse_memory_kb(memory) if memory else 0,
        int(cores) if is_true(layer.get_arg("threadable")) and cores > 1 else 0,
        tuple(tag_words(layer.get_arg("tags"))),
        tuple(lost),
    )


def _parameter_values(launcher: OutlineLauncher, plan: JobPlan) -> dict[str, Any]:
    """Values of parameters, among them those that AWS Deadline Cloud knows of every job."""
    values = [{"name": "deadline:maxRetriesPerTask", "value": plan.max_retries}]
    if launcher.get_flag("priority") not in (None, 1):  # 1 is what every job has
        values.append({"name": "deadline:priority", "value": int(launcher.get_flag("priority"))})
    if launcher.get_flag("pause"):
        values.append({"name": "deadline:targetTaskRunStatus", "value": "SUSPENDED"})
    return {"parameterValues": values}


def _assets(ol: Outline, plan: JobPlan) -> dict[str, Any]:
    """The files that the layers say they read, unless another layer makes them, and the folders that they write to.

    What is in buckets is none: frames fetch and store it themselves.
    """
    from ..layer.links import LayerLinks

    read: dict[str, None] = {}
    written: dict[str, None] = {}
    folders: dict[str, None] = {}
    for planned in plan.layers:
        layer = ol.get_layer(planned.name)
        links = LayerLinks(layer, "", os.getcwd())
        for output in links.outputs:
            folders |= _absolute(output.folders(planned.frames))
        added = (path.get_path() for path in layer.get_outputs().values())
        folders |= _absolute(os.path.dirname(path) or os.curdir for path in added if "%{" not in path)
        for frame in planned.frames:
            written |= _absolute(path for _, path in links.output_paths(frame))
            read |= _absolute(path for _, path in links.found_paths(frame))
        read |= _absolute(layer.get_arg(name) for name in getattr(layer, "path_args", ()))
    paths = [path for path in read if path not in written]
    return {
        "assetReferences": {
            "inputs": {
                "filenames": [path for path in paths if os.path.isfile(path)],
                "directories": [path for path in paths if os.path.isdir(path)],
            },
            "outputs": {"directories": list(folders)},
            "referencedPaths": [],
        }
    }


def _absolute(paths: Iterable[Any]) -> dict[str, None]:
    """Absolute paths without those in buckets, each once, in their order."""
    return {os.path.abspath(path): None for path in paths if isinstance(path, str) and not is_url(path)}
