# SPDX-License-Identifier: Apache-2.0
"""The base of a studio's own launch tools; ``from cuerunbase import AbstractCuerun`` finds it, as with PyOutline."""

from __future__ import annotations

import logging
import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .. import versions
from ..exception import OutlineException
from .launch_tool import LaunchTool

if TYPE_CHECKING:
    from ..cuerun import CuerunOptionParser
    from ..loader import Outline

__all__ = [
    "AbstractCuerun",
    "enable_debug_logging",
    "enable_verbose_logging",
    "handle_core_arguments",
    "setup_outline_environment",
]

LOGGING_FORMAT = "[%(asctime)s %(levelname)s %(module)s]:   %(message)s"


def enable_debug_logging() -> None:
    """Log everything."""
    logging.basicConfig(level=logging.DEBUG, format=LOGGING_FORMAT)


def enable_verbose_logging() -> None:
    """Log what happens."""
    logging.basicConfig(level=logging.INFO, format=LOGGING_FORMAT)


def handle_core_arguments() -> None:
    """Apply ``--verbose``, ``--debug``, ``--version`` and ``--repos`` of the command line before it is parsed.

    A tool's own options may depend on the version of a module.
    """
    words = sys.argv[1:]
    if {"-D", "--debug"} & set(words):
        enable_debug_logging()
    elif {"-V", "--verbose"} & set(words):
        enable_verbose_logging()
    version = _value(words, "-v", "--version") or os.environ.get("OL_VERSION", "latest")
    setup_outline_environment(version, _value(words, "-r", "--repos"))


def _value(words: list[str], *flags: str) -> str | None:
    following = [after for word, after in pairwise(words) if word in flags]
    joined = [word.partition("=")[2] for word in words if word.partition("=")[0] in flags and "=" in word]
    return next(iter([*following, *joined]), None)


def setup_outline_environment(version: str = "latest", repos: str | None = None) -> None:
    """Choose the version of outline and the folder of module versions.

    Raises:
        VersionsException: There is no such folder.
    """
    if repos:
        versions.set_repos(repos)
    versions.require("outline", version)


class AbstractCuerun(LaunchTool):
    """A tool that launches outlines, with the standard options and those of plug-ins.

    A tool derives from it, adds its options in ``add_my_options``, does its work in ``handle_my_options``, and ends
    with ``MyTool().go()``.

    Attributes:
        usage: The usage line, as ``optparse`` takes it.
        descr: What the tool is for, in its help.
        epilog: What stands at the end of its help.
    """

    usage = "%prog [options]"
    descr = "A cuerun script."
    epilog = ""

    def __init__(self) -> None:
        from ..cuerun import CuerunOptionParser
        from ..plugins import PluginManager

        handle_core_arguments()
        self.__options: Any = None
        self.__parser = CuerunOptionParser(usage=self.usage, description=self.descr, epilog=self.epilog)
        self.add_my_options()
        PluginManager.init_cuerun_plugins(self)

    # Any: options and arguments of optparse, and what a backend returns.

    def add_my_options(self) -> None:
        """Add options to ``get_parser()``; a subclass does this."""

    def handle_my_options(self, parser: CuerunOptionParser, options: Any, args: list[str]) -> None:
        """Do the tool's work with the parsed command line; a subclass does this."""

    def get_parser(self) -> CuerunOptionParser:
        """The parser, an ``optparse.OptionParser``."""
        return self.__parser

    def go(self) -> None:
        """Parse the command line and do the work."""
        self.__options, args = self.__parser.parse_args()
        self.__parser.handle_standard_options(self.__options, args)
        self.handle_my_options(self.__parser, self.__options, args)

    def launch_outline(self, outline: Outline, **override: Any) -> Any:
        """Launch an outline with the options of the command line, and return the backend's job objects.

        An error is told and ends the tool with status 1.

        Args:
            outline: The outline.
            override: Launch flags that count before the options.
        """
        try:
            return super().launch_outline(outline, **{**self.options_to_dict(self.__options), **override})
        except Exception as error:
            if self.__options.debug or not isinstance(error, OutlineException):
                import traceback

                traceback.print_exc()
            print(f"outline failure, {error}", file=sys.stderr)
            sys.exit(1)
