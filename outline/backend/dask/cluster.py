# SPDX-License-Identifier: Apache-2.0
"""The dask cluster that a job runs on: one that is there, one of this machine, or one that the configuration names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import config
from ...exception import ConfigException, LaunchException

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Capacity", "capacity_of", "connected"]

_OWN_OPTIONS = ("cluster", "minimum", "maximum", "wait_seconds")


class Capacity(NamedTuple):
    """What frames may use.

    Attributes:
        cores: Of all workers together.
        memory_kb: Likewise.
        most_cores: Of the largest worker, so the most that one frame can have.
        most_memory_kb: Likewise.
        resources: The names of all resources that a worker declares. Dask counts what tasks use of them: of ``cores``,
            of ``memory`` (in bytes), and of those that stand for tags.
    """

    cores: float
    memory_kb: int
    most_cores: float
    most_memory_kb: int
    resources: frozenset[str]


@contextmanager
def connected(scheduler: str | None, workers: int | None, cores: float, memory_kb: int) -> Iterator[tuple[Client, int]]:
    """A connection to a cluster, which is started first where none is named, and then ended with the job.

    Args:
        scheduler: The address of a scheduler, such as ``tcp://host:8786``.
        workers: Without a scheduler: how many worker processes to start on this machine.
        cores: Cores of this machine.
        memory_kb: Memory of this machine.

    Yields:
        The client, and the most workers that the cluster may grow to; 0 when that is not known.

    Raises:
        LaunchException: There is no such cluster, or none of its workers comes.
        ConfigException: Section ``[dask]`` of the configuration cannot be used.
    """
    from distributed import Client

    options = _options()
    if scheduler and workers:
        raise LaunchException("--workers starts workers on this machine; leave it out with --scheduler")
    with ExitStack() as stack:
        most = 0
        if scheduler:
            target: Any = scheduler
        elif options.get("cluster") and not workers:
            target, most = _configured_cluster(options)
            stack.enter_context(target)
        else:
            target = _local_cluster(workers or 1, cores, memory_kb)
            stack.enter_context(target)
        patience = config.getint("dask", "wait_seconds")
        try:
            client = stack.enter_context(Client(target, timeout=patience, set_as_default=False))
            client.wait_for_workers(1, timeout=patience)
        except (OSError, TimeoutError, ValueError) as error:
            where = f"the dask scheduler {scheduler}" if scheduler else "a dask worker"
            hint = "; [dask] maximum = N starts up to N workers" if options.get("cluster") and not most else ""
            hint = "" if scheduler or workers else hint
            raise LaunchException(f"{where} does not answer: {error or type(error).__name__}{hint}") from error
        yield client, most


def capacity_of(workers: Mapping[str, Mapping[str, Any]], most_workers: int = 0) -> Capacity:
    """What frames may use of a cluster.

    Args:
        workers: The workers by address, as ``Client.scheduler_info`` tells of them.
        most_workers: How many there may be one day; 0 when that is not known.
    """
    cores = [float(one["resources"].get("cores", one["nthreads"])) for one in workers.values()]
    memory_kb = [int(one["resources"].get("memory", one["memory_limit"])) // 1024 for one in workers.values()]
    grows = max(1.0, most_workers / max(1, len(workers)))
    declared = frozenset(name for one in workers.values() for name in one["resources"])
    return Capacity(
        sum(cores) * grows,
        int(sum(memory_kb) * grows),
        max(cores, default=0.0),
        max(memory_kb, default=0),
        declared,
    )


def _options() -> dict[str, str]:
    return {name: value for name, value in config.items("dask") if value and name not in config.defaults()}


def _local_cluster(workers: int, cores: float, memory_kb: int) -> Any:
    from distributed import LocalCluster

    each = max(1.0, cores // workers)
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=int(each),
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,  # frames are processes of their own, which dask does not see
        resources={"cores": each, "memory": memory_kb * 1024 // workers},
    )


def _configured_cluster(options: Mapping[str, str]) -> tuple[Any, int]:
    """The cluster that ``[dask] cluster`` names, made with the other options of the section."""
    module, _, name = options["cluster"].rpartition(".")
    try:
        made_by = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigException(f"[dask] cluster = {options['cluster']!r} cannot be imported: {error}") from error
    minimum = config.getint("dask", "minimum") if options.get("minimum") else 0
    maximum = config.getint("dask", "maximum") if options.get("maximum") else minimum
    arguments = {key: _value(key, value) for key, value in options.items() if key not in _OWN_OPTIONS}
    try:
        cluster = made_by(**arguments)
        if maximum:
            if not minimum:
                cluster.scale(1)  # how large a worker is, is seen by the first one
            cluster.adapt(minimum=minimum, maximum=maximum)
        # The first worker is waited for; others that the cluster has begun to start may come later.
        most = maximum or len(getattr(cluster, "worker_spec", ()))
    except Exception as error:  # foreign code
        why = str(error) or type(error).__name__
        raise LaunchException(f"[dask] cluster = {options['cluster']} cannot be started: {why}") from error
    return cluster, most


def _value(name: str, text: str) -> Any:
    """An option as Python data: ``4`` is a number, ``['a', 'b']`` a list, what is neither a text.

    Raises:
        ConfigException: It begins as a list or a dict, and is none.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        if text[0] in "[{":
            kind = "list" if text[0] == "[" else "dict"
            raise ConfigException(f"[dask] {name} = {text!r} is no {kind} in Python's syntax") from error
        return text
