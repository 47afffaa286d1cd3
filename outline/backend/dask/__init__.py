# SPDX-License-Identifier: Apache-2.0
"""Runs jobs on a dask cluster. The scheduler, the journal and the logs are those of the local backend; dask carries.

The frames run on the hosts of the dask workers, which see the session folder at the same path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...exception import LaunchException
from ...loader import load_outline
from ...resources import tag_words
from ...session_paths import SessionPaths
from .. import local
from ..local import check_flags, serialize, serialize_simple
from ..local.limits import Limits, limits_of
from .cluster import capacity_of, connected
from .runner import DaskRunner, Spare

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher
    from ...loader import Outline
    from ..local import LocalJob

__all__ = ["check_flags", "launch", "resume", "serialize", "serialize_simple"]


def launch(launcher: OutlineLauncher, use_pycuerun: bool | None = None) -> list[LocalJob]:
    """Run a job on a dask cluster until nothing of it can run any more; see ``outline.backend.local.launch``.

    Args:
        launcher: Holds the outline and the flags of the local backend, and of this one ``scheduler`` and ``workers``.
        use_pycuerun: False runs the layers' commands in a shell, without hooks and checks.

    Raises:
        LaunchException: There is no such cluster, or none of its workers can run the frames.
    """
    if launcher.get_flag("pause"):
        return local.launch(launcher, use_pycuerun)
    given = {name: launcher.get_flag(name) for name in _FLAGS}
    with _running_on(launcher.get_outline(), given) as flags:
        for name, value in flags.items():
            launcher.set_flag(name, value)
        return local.launch(launcher, use_pycuerun)


def resume(session_path: str, **flags: Any) -> LocalJob:
    """Go on with a job on a dask cluster; see ``outline.backend.local.resume``."""
    ol = load_outline(SessionPaths(session_path).outline)
    with _running_on(ol, flags) as own:
        return local.resume(session_path, **flags, **own)


_FLAGS = ("scheduler", "workers", "backup", "cores", "memory", "work")


@contextmanager
def _running_on(ol: Outline, flags: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What ``outline.backend.local`` needs to run a job on a cluster: its runner, and how much may run at a time."""
    here = limits_of(flags)
    with connected(flags.get("scheduler"), flags.get("workers"), here.cores, here.memory_kb) as (client, most):
        capacity = capacity_of(client.scheduler_info(n_workers=-1)["workers"], most)
        limits = Limits(
            here.cores if flags.get("cores") else capacity.cores,
            here.memory_kb if flags.get("memory") else capacity.memory_kb,
            here.grace_seconds,
            capacity.most_cores,
            capacity.most_memory_kb,
        )
        backup = flags.get("backup") or 0.0
        if backup and flags.get("work"):
            raise LaunchException("--backup is not for jobs in a work folder, which records one attempt of a frame")
        tags = {layer.get_name(): set(tag_words(layer.get_arg("tags"))) - {"general"} for layer in ol.get_layers()}
        yield {
            "limits": limits,
            "runner": DaskRunner(
                client,
                capacity,
                job=ol.get_full_name(),
                tags=tags,
                grace_seconds=limits.grace_seconds,
                spare=Spare(backup, limits.cores),
            ),
        }
