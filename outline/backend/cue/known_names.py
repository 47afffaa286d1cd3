# SPDX-License-Identifier: Apache-2.0
"""Names that a job uses and only the server knows: the facility, limits, services.

The server is asked before anything is sent. Of an unknown facility or limit it would say nothing but that something
went wrong; of an unknown service it says nothing, and takes the values of ``default``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...exception import LaunchException, known_names
from ...layer.args import where
from ...logs import get_logger
from ...resources import name_words
from .client import UnknownToServer, farm_errors, server_names

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher
    from ...layer import Layer

__all__ = ["check_known_names"]

logger = get_logger("outline.backend.cue")

# Every Cuebot has them from the start, so most launches need not ask.
_SERVICES_OF_EVERY_FARM = frozenset({"default", "shell", "preprocess", "postprocess"})

# Any: PyCue has no types.


def check_known_names(opencue: Any, launcher: OutlineLauncher) -> None:
    """Ask the server for the facility, the limits and the services of a launcher's outline.

    Raises:
        LaunchException: It has no such facility, or no such limit.
    """
    _check_facility(opencue, launcher)
    layers = launcher.get_outline().get_layers()
    limits = [(layer, name) for layer in layers for name in name_words(layer.get_limits())]
    if limits:
        with farm_errors("list its limits"):
            known = [limit.name() for limit in opencue.api.getLimits()]
        for layer, name in limits:
            if name not in known:
                raise LaunchException(f"{where(layer)}: {_unknown('limit', name, known)}")
    _warn_of_services(opencue, str(launcher.get_flag("show")), layers)


def _check_facility(opencue: Any, launcher: OutlineLauncher) -> None:
    """Fall back from an unknown ``--facility`` to that of the outline, which is the only one that PyOutline sends."""
    usual = launcher.get_usual_facility()
    facility = launcher.get_flag("facility")
    if not facility or _has_facility(opencue, facility):
        return
    with farm_errors("list its facilities"):
        known = sorted({one.data.facility for one in opencue.api.getAllocations()})
    problem = _unknown("facility", facility, known)
    if facility == usual or not _has_facility(opencue, usual):
        raise LaunchException(f"{problem}; use --facility")
    logger.warning("%s; the job goes to %s", problem, usual)
    launcher.set_flag("facility", usual)


def _has_facility(opencue: Any, name: str) -> bool:
    try:
        with farm_errors("find the facility"):
            opencue.api.getFacility(str(name).lower())
    except UnknownToServer:
        return False
    return True


def _warn_of_services(opencue: Any, show: str, layers: Sequence[Layer]) -> None:
    wanted = [(layer, name) for layer in layers for name in name_words(layer.get_service())]
    wanted = [(layer, name) for layer, name in wanted if name not in _SERVICES_OF_EVERY_FARM]
    if not wanted:
        return
    with farm_errors("list its services"):
        known = [service.data.name for service in opencue.api.getDefaultServices()]
    if all(name in known for _, name in wanted):
        return
    with suppress(UnknownToServer), farm_errors("list the services of the show"):
        known += [service.data.name for service in opencue.api.findShow(show).getServiceOverrides()]
    for layer, name in wanted:
        if name not in known:
            logger.warning("%s: %s; that of 'default' counts", where(layer), _unknown("service", name, known))


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    return f"the farm server {server_names()} has no {kind} {name!r}{known_names(name, known)}"
