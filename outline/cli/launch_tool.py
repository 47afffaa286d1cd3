# SPDX-License-Identifier: Apache-2.0
"""What plug-ins see of a tool that launches outlines, and of a call of pycuerun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..event import EventHandler
    from ..loader import Outline
    from ..option_parser import CuerunOptionParser
    from .plugin_options import PluginParser

__all__ = ["LaunchTool", "PyCuerun"]


class LaunchTool:
    """A tool that launches outlines, as plug-ins see it: ``init_cuerun_plugin(cuerun)`` gets it."""

    __events: EventHandler | None = None

    def get_parser(self) -> CuerunOptionParser:
        """What plug-ins add their options to, an ``optparse.OptionParser``."""
        raise NotImplementedError(f"{type(self).__name__} has no options")

    def add_option(self, *args: Any, **kwargs: Any) -> None:
        """Add an option, as plug-ins do that take the tool for its parser."""
        self.get_parser().add_plugin_option(*args, **kwargs)

    def options_to_dict(self, options: Any) -> dict[str, Any]:
        """The standard options as launch flags."""
        return self.get_parser().options_to_args(options)

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback`` before or after a launch: BEFORE_LAUNCH, AFTER_LAUNCH."""
        self.__handler().add_event_listener(event_type, callback)

    def launch_outline(self, outline: Outline, **args: Any) -> Any:
        """Launch an outline and tell the listeners before and after."""
        from ..cuerun import launch
        from ..event import AFTER_LAUNCH, BEFORE_LAUNCH, LaunchEvent

        self.__handler().emit(LaunchEvent(BEFORE_LAUNCH, self, outline=outline))
        jobs = launch(outline, **args)
        self.__handler().emit(LaunchEvent(AFTER_LAUNCH, self, job=jobs, outline=outline))
        return jobs

    def __handler(self) -> EventHandler:
        if self.__events is None:
            from ..event import EventHandler  # not for --help

            self.__events = EventHandler(self)
        return self.__events


class PyCuerun(LaunchTool):
    """One call of pycuerun.

    Attributes:
        is_plain: The command line has none but whole options of pycuerun, so a plug-in of ours need not add its own.
    """

    def __init__(self, is_plain: bool = False) -> None:
        self.is_plain = is_plain
        self.__parser: PluginParser | None = None
        self.__values: dict[str, Any] = {}

    def get_parser(self) -> PluginParser:
        """What plug-ins add their options to."""
        if self.__parser is None:
            from .plugin_options import PluginParser

            self.__parser = PluginParser()
            self.__parser.know(self.__values)
        return self.__parser

    @property
    def asked_parser(self) -> PluginParser | None:
        """The same, once a plug-in has asked for it; None before, since making it takes time."""
        return self.__parser

    def take_values(self, values: dict[str, Any]) -> None:
        """Keep the values of the options for a plug-in that asks for the parser later."""
        self.__values = values
