# SPDX-License-Identifier: Apache-2.0
"""Events of layers and launches, and the handlers that pass them to listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .exception import FailImmediately
from .logs import get_logger

if TYPE_CHECKING:
    from .layer import Layer

__all__ = [
    "AFTER_EXECUTE",
    "AFTER_INIT",
    "AFTER_LAUNCH",
    "AFTER_PARENTED",
    "BEFORE_EXECUTE",
    "BEFORE_LAUNCH",
    "EVENT_TYPES",
    "EventHandler",
    "LaunchEvent",
    "LayerEvent",
    "SETUP",
]

logger = get_logger("outline.event")

AFTER_INIT = "AFTER_INIT"
AFTER_PARENTED = "AFTER_PARENTED"
SETUP = "SETUP"
BEFORE_EXECUTE = "BEFORE_EXECUTE"
AFTER_EXECUTE = "AFTER_EXECUTE"
AFTER_LAUNCH = "AFTER_LAUNCH"
BEFORE_LAUNCH = "BEFORE_LAUNCH"

EVENT_TYPES = (AFTER_INIT, AFTER_PARENTED, SETUP, BEFORE_EXECUTE, AFTER_EXECUTE, AFTER_LAUNCH, BEFORE_LAUNCH)

# Any: each listener declares whether it expects a LayerEvent, a LaunchEvent or an event of its studio.
Listener = Callable[[Any], object]


class EventHandler:
    """Keeps the listeners of one layer or launcher and calls them in the order of their registration.

    The layer or launcher makes it and is the only one that emits. Studios may emit types of their own, outside
    ``EVENT_TYPES``.
    """

    def __init__(self, component: object) -> None:
        self.__component = component
        self.__listeners: dict[str, list[Listener]] = {}

    def add_event_listener(self, event_type: str, callback: Listener) -> None:
        """Call ``callback(event)`` at every event of that type.

        Raises:
            TypeError: The callback is not callable.
        """
        if not callable(callback):
            raise TypeError(f"the listener for {event_type} must be callable, not {callback!r}")
        logger.debug("%s: %s listens to %s", self.__component, _listener_name(callback), event_type)
        self.__listeners.setdefault(event_type, []).append(callback)

    def emit(self, event: LayerEvent | LaunchEvent) -> None:
        """Call the listeners of the event's type.

        Logs what a listener raises, with its traceback, and goes on to the next listener.
        Differs: docs/differences.md#listener-errors

        Raises:
            FailImmediately: A listener wants the frame, or the launch, to fail.
        """
        for callback in self.get_event_listeners(event.type):
            try:
                callback(event)
            except FailImmediately:
                raise
            except Exception:
                logger.exception("%s: listener %s failed at %s", _subject(event), _listener_name(callback), event.type)

    def get_event_listeners(self, event_type: str) -> list[Listener]:
        """A copy of the list of listeners of one event type, in call order."""
        return list(self.__listeners.get(event_type, ()))

    def get_all_listeners(self) -> list[tuple[str, Listener]]:
        """Every listener as (event type, callback), to save them or to pass them on."""
        return [(event_type, callback) for event_type, callbacks in self.__listeners.items() for callback in callbacks]


class _Event:
    """The base of both kinds of event: a type, and attributes from the emitter."""

    type: str

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # Any: attributes come from the emitter's keyword arguments

    def __str__(self) -> str:
        return str(self.__dict__)


class LayerEvent(_Event):
    """Something happened to a layer. Keyword arguments become attributes.

    The types are its attributes too, as OpenCue's documentation spells them: ``LayerEvent.SETUP``.
    """

    AFTER_INIT, AFTER_PARENTED, SETUP = AFTER_INIT, AFTER_PARENTED, SETUP
    BEFORE_EXECUTE, AFTER_EXECUTE = BEFORE_EXECUTE, AFTER_EXECUTE

    def __init__(self, event_type: str, layer: Layer, **args: Any) -> None:
        self.type = event_type
        self.layer = layer
        self.__dict__.update(args)


class LaunchEvent(_Event):
    """A launcher is about to launch a job, or has launched it. Keyword arguments become attributes."""

    BEFORE_LAUNCH, AFTER_LAUNCH = BEFORE_LAUNCH, AFTER_LAUNCH

    # Any: ``cuerun`` is whatever launches, such as the pycuerun tool.
    def __init__(self, event_type: str, cuerun: Any, **args: Any) -> None:
        self.type = event_type
        self.cuerun = cuerun
        self.__dict__.update(args)


def _subject(event: LayerEvent | LaunchEvent) -> str:
    layer = getattr(event, "layer", None)
    if layer is None:
        return "launch"
    frames = getattr(event, "frames", None)
    return f"layer {layer}" if frames is None else f"layer {layer}, frames {frames}"


def _listener_name(callback: Listener) -> str:
    name = getattr(callback, "__qualname__", "")
    return f"{callback.__module__}.{name}" if name else repr(callback)
