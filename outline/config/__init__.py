# SPDX-License-Identifier: Apache-2.0
"""The configuration, read on first use.

Later layers win, option by option:

1. what is built in (``outline/outline.cfg`` lists and explains every option);
2. ``~/.config/opencue/outline.cfg``, on Windows ``%APPDATA%/opencue/outline.cfg``;
3. the file that ``OUTLINE_CONFIG_FILE`` (or, older, ``OL_CONFIG``) names;
4. variables ``OUTLINE_<SECTION>_<OPTION>``, in capitals, with ``_`` for other signs (``OUTLINE_PLUGIN_LOCAL_ENABLE``);
   the section must be known from a layer before, the option need not be;
5. what the command line sets.

``outline.config`` is the object ``config`` itself, as in PyOutline.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .places import config_base_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from configparser import ConfigParser, SectionProxy

    from .parser import ConfigValue, OutlineParser

    _Face = ConfigParser
else:
    _Face = object

__all__ = ["Config", "config", "config_base_directory", "read_config_from_disk"]


def read_config_from_disk() -> OutlineParser:
    """The configuration that files and environment give now.

    Differs: docs/differences.md#configuration

    Raises:
        ConfigException: A named file is missing, unreadable or invalid.
    """
    from .parser import read

    return read(os.environ)


class Config(_Face):
    """Behaves like the ``configparser.ConfigParser`` that it reads on first use.

    There is one, ``config``, for the life of the process. Options are lower case. An argument of a layer gets a default
    from the configuration only if its name is lower case. Any use may raise a ConfigException, because reading the
    files fails or because a value has a stray ``%``. Threads may share it after the first use.
    """

    __parser: OutlineParser | None = None

    def __load(self) -> OutlineParser:
        if self.__parser is None:
            self.__parser = read_config_from_disk()
        return self.__parser

    # Any: stands for all methods of ConfigParser, which the type checker sees through the base class.
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy, pickle and inspect ask for these, which must not read files
            raise AttributeError(f"'Config' object has no attribute {name!r}")
        return getattr(self.__load(), name)

    def __getitem__(self, key: str) -> SectionProxy:
        return self.__load()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.__load()[key] = value

    def __delitem__(self, key: str) -> None:
        del self.__load()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.__load()

    def __iter__(self) -> Iterator[str]:
        return iter(self.__load())

    def __len__(self) -> int:
        return len(self.__load())

    def __repr__(self) -> str:
        return "<outline configuration>"

    def typed_items(self, section: str) -> dict[str, int | float | bool | str]:
        """The options of a section, with numbers and booleans converted. Empty when there is no such section.

        ``3`` is an int, ``0.5`` a float, ``true yes on false no off`` are bools. Everything else is text.
        """
        from .parser import typed

        parser = self.__load()
        if not parser.has_section(section):
            return {}
        return {option: typed(value) for option, value in parser.items(section)}

    def origins(self) -> list[ConfigValue]:
        """Every option as (section, option, value, origin), in the order of the sections."""
        return list(self.__load().rows())

    def origin(self, section: str, option: str) -> str:
        """Where an option's value comes from: ``default``, a file, a variable, or ``command line``."""
        return self.__load().origin(section, option)

    def reload(self) -> None:
        """Forget everything, including changes made with ``set``. The next use reads files and environment again."""
        self.__parser = None


config = Config()
