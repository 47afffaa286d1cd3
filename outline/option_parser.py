# SPDX-License-Identifier: Apache-2.0
"""PyOutline's option parser, for tools that launch outlines and were written for it."""

from __future__ import annotations

import os
from optparse import OptionGroup, OptionParser
from typing import Any

from . import config
from .launch_options import GROUPS, PYOUTLINE_FLAGS, PYOUTLINE_OPTIONS, LaunchOption

__all__ = ["CuerunOptionParser"]


class CuerunOptionParser(OptionParser):
    """An ``optparse`` parser with the standard options, for tools of your own that launch outlines."""

    def __init__(self, **args: Any) -> None:
        # A tool's own -j or -m takes over, since PyOutline's parser leaves both free.
        OptionParser.__init__(self, **{"conflict_handler": "resolve", **args})
        self.__plugins: OptionGroup | None = None
        for title, options in GROUPS.items():
            wanted = [option for option in options if self.wants(option)]
            if wanted:
                group = self.add_option_group(OptionGroup(self, title))
                for option in wanted:
                    group.add_option(*option.flags, **_settings(option))
        self.set_defaults(maxretries=config.get("outline", "maxretries"))  # which PyOutline's tools expect to find

    def wants(self, option: LaunchOption) -> bool:
        """Tell whether the parser has a standard option: those of PyOutline's, as long as nobody derives from it."""
        return option.dest in PYOUTLINE_OPTIONS

    def format_epilog(self, formatter: Any) -> str:
        """The epilog as it was written."""
        return self.epilog or ""

    def handle_standard_options(self, options: Any, args: Any) -> None:
        """Fill in what follows from the options: the frame range."""
        self.setup_frame_range(options, options.range)

    @staticmethod
    def setup_frame_range(options: Any, frange: str | None = None) -> None:
        """Set ``range`` of the options: ``frange``, else ``$FR`` as a mere default.

        Raises:
            FrameRangeError: ``$FR`` cannot be read.
        """
        default = os.environ.get("FR") if not frange else None
        if default:
            from .frames import FrameSet  # the help of a command line needs none

            default = str(FrameSet(default))
        options.range = frange or default
        options.range_default = bool(default)

    def add_plugin_option(self, *args: Any, **kwargs: Any) -> None:
        """Add an option of a plug-in, with the arguments of ``optparse``'s ``add_option``."""
        if self.__plugins is None:
            self.__plugins = self.add_option_group(OptionGroup(self, "Plug-ins"))
        self.__plugins.add_option(*args, **kwargs)

    @staticmethod
    def options_to_args(options: Any) -> dict[str, Any]:
        """The options as launch flags."""
        return {name: getattr(options, name, None) for name in PYOUTLINE_FLAGS}


def _settings(option: LaunchOption) -> dict[str, Any]:
    action = "store" if option.action == "optional" else option.action
    settings: dict[str, Any] = {
        "action": action,
        "dest": option.dest,
        "help": option.help,
        "default": option.default(),
    }
    if isinstance(option.type, tuple):
        settings.update(type="choice", choices=option.type)
    elif option.type is not str:
        settings["type"] = option.type.__name__
    if option.metavar:
        settings["metavar"] = option.metavar
    return settings
