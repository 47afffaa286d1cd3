# SPDX-License-Identifier: Apache-2.0
"""The configuration file and the environment of one RQD."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .machine import search_path

__all__ = ["FARM_VARIABLE", "HOST_VARIABLES", "RqdSettings", "rqd_config", "rqd_environ"]

# In the environment of all that belongs to a farm; what it says is the farm's folder. Frames are found by it.
FARM_VARIABLE = "CUEBOT_STUB_FARM"

# What frames get from the environment of their RQD. A farm's RQD runs frames with the home of the job's user.
HOST_VARIABLES = ("HOME", FARM_VARIABLE)

# Of the environment of whoever starts a farm. RQD has an interpreter of its own, and gRPC would ask a proxy for
# addresses of this machine.
_NOT_FOR_RQD = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "RQD_CONFIG_FILE", "CUEBOT_HOSTNAME")
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy", "all_proxy")


class RqdSettings(NamedTuple):
    """The settings that differ between hosts.

    Attributes:
        name: The name that it reports.
        port: Its own port, on the loopback interface.
        cores: Whole cores.
        server_host: The address of the server.
        server_port: The port of the server.
        interface: The name of the loopback interface.
        threads_per_core: The number by which RQD divides its cores.
        tags: Its tags.
    """

    name: str
    port: int
    cores: int
    server_host: str
    server_port: int
    interface: str = "lo"
    threads_per_core: int = 1
    tags: tuple[str, ...] = ("general", "util")


def rqd_config(settings: RqdSettings) -> str:
    """The text of ``rqd.conf``.

    A tag tells the server the port, because the reports of RQD have no field for it.
    """
    tags = " ".join([*settings.tags, f"rqdport_{settings.port}"])
    options = {
        "OVERRIDE_CUEBOT": settings.server_host,
        "CUEBOT_GRPC_PORT": settings.server_port,
        "RQD_GRPC_PORT": settings.port,
        # Without it RQD listens on all interfaces, and runs what anybody sends.
        "RQD_NETWORK_INTERFACE": settings.interface,
        "OVERRIDE_HOSTNAME": settings.name,
        "OVERRIDE_CORES": settings.cores * settings.threads_per_core,
        "OVERRIDE_PROCS": 1,
        "OVERRIDE_NIMBY": False,
        "OVERRIDE_IS_DESKTOP": False,
        "RQD_BECOME_JOB_USER": False,
        "DEFAULT_FACILITY": "local",
        "RQD_TAGS": tags,
        "RQD_USE_PATH_ENV_VAR": True,
        "CONSOLE_LOG_LEVEL": "INFO",
    }
    lines = ["[Override]", *(f"{name} = {value}" for name, value in options.items())]
    return "\n".join([*lines, "", "[UseHostEnvVar]", *HOST_VARIABLES, ""])


def rqd_environ(environ: Mapping[str, str], farm: Path, temp: Path) -> dict[str, str]:
    """The environment of an RQD. It passes only ``PATH`` and :data:`HOST_VARIABLES` on to its frames.

    Args:
        environ: The environment of ``up``.
        farm: The farm's folder.
        temp: The folder for its temporary files.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _NOT_FOR_RQD and name.lower() not in _PROXIES and not name.startswith("COV")
    }
    path = search_path(environ.get("PATH", os.defpath))
    return {**kept, "PATH": path, "TMPDIR": str(temp), FARM_VARIABLE: str(farm)}
