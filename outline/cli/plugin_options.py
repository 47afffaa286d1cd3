# SPDX-License-Identifier: Apache-2.0
"""Options that plug-ins define in the words of ``optparse``, as options of click."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from optparse import SUPPRESS_HELP, Option, OptionError, OptionParser, OptionValueError
from typing import Any

import click

from ..exception import OutlineException
from ..launch_options import PYOUTLINE_SPELLINGS, LaunchOption
from ..option_parser import CuerunOptionParser

__all__ = ["PluginParser"]

_TITLE = "Plug-ins"


class PluginParser(CuerunOptionParser):
    """The option parser that plug-ins ask the launching tool for.

    It has the options of pycuerun from the start, so a plug-in may look for their groups, set their defaults and add
    options of its own. Click reads the command line; ``take_values`` hands on what it has found.

    Attributes:
        values: The values of all options, under the name ``dest`` of each.
        words: The command line.
    """

    values: Any
    words: Sequence[str] = ()

    def __init__(self) -> None:
        super().__init__(prog="pycuerun", usage="%prog [options] SCRIPT [RANGE]")
        self.__standard = [option for _, option in _options_of(self)]
        self.__spellings = {id(option): _flags_of(option) for option in self.__standard}
        self.__defaults = dict(self.defaults)
        self.__added: dict[str, Option] = {}
        self.values = self.get_default_values()

    def wants(self, option: LaunchOption) -> bool:
        """Tell that it has every option."""
        return True

    def add_plugin_option(self, *args: Any, **kwargs: Any) -> None:
        """Add an option; arguments as for ``optparse.OptionParser.add_option``.

        Raises:
            OutlineException: They are not understood.
        """
        try:
            super().add_plugin_option(*args, **kwargs)
        except OptionError as error:
            raise OutlineException(f"a plug-in adds an invalid option: {error}") from error

    def click_groups(self) -> dict[str, list[click.Option]]:
        """The options that plug-ins have added, by the titles of their groups.

        Raises:
            OutlineException: One takes a spelling that pycuerun has had ever since.
        """
        self.__check_spellings()
        groups: dict[str, list[click.Option]] = {_TITLE: []}
        known = {id(option) for option in self.__standard}
        for title, option in _options_of(self):
            if id(option) not in known and _flags_of(option):
                name = f"plugin_{len(self.__added)}"
                self.__added[name] = option
                groups.setdefault(title, []).append(_click_option(option, name))
        self.values = self.get_default_values()
        return groups

    def is_taken(self, flag: str) -> bool:
        """Tell whether a plug-in has an option of this spelling."""
        option = self.get_option(flag)
        return option is not None and all(option is not one for one in self.__standard)

    def take_values(self, context: click.Context) -> None:
        """Hand the parsed values to the plug-ins, remove them from the parameters, and set the defaults of plug-ins.

        Raises:
            click.UsageError: A value is not of the type of its option.
        """
        for name, option in sorted(self.__added.items(), key=lambda pair: _spelling(pair[1], self.words)[0]):
            value = context.params.pop(name)
            # One for each time that it was given, of the same kind as optparse has them.
            for one in list(value or ()) if option.takes_value() else [None] * (value or 0):
                try:
                    option.process(_spelling(option, self.words)[1], one, self.values, self)
                except OptionValueError as error:
                    raise click.UsageError(str(error)) from error
        for name, value in self.defaults.items():
            source = context.get_parameter_source(name)
            is_new = name in context.params and value != self.__defaults.get(name)
            if is_new and source in (None, click.core.ParameterSource.DEFAULT):
                context.params[name] = value
        self.know(context.params)

    def know(self, values: Mapping[str, Any]) -> None:
        """Let plug-ins see the values of options that the command line has."""
        for name, value in values.items():
            if value is not None:
                setattr(self.values, name, value)

    def __check_spellings(self) -> None:
        for option in self.__standard:
            for flag in self.__spellings[id(option)]:
                if flag in PYOUTLINE_SPELLINGS and self.is_taken(flag):
                    raise OutlineException(f"a plug-in adds the option {flag}, which exists already; rename it there")


def _options_of(parser: OptionParser) -> Iterator[tuple[str, Option]]:
    for option in parser.option_list:
        yield _TITLE, option
    for group in parser.option_groups:
        for option in group.option_list:
            yield group.title, option


def _flags_of(option: Option) -> list[str]:
    return [*option._short_opts, *option._long_opts]


def _spelling(option: Option, words: Sequence[str]) -> tuple[int, str]:
    """Where an option comes first on the command line, and how it is spelled there."""
    for place, word in enumerate(words):
        for flag in (word.partition("=")[0], word[:2]):
            if flag in _flags_of(option):
                return place, flag
    return len(words), max(_flags_of(option), key=len)


# Any: values of whatever type the option has.


def _click_option(option: Option, name: str) -> click.Option:
    """An option of click that takes the words of one of optparse, which reads them later."""
    settings: dict[str, Any] = {"help": option.help, "hidden": option.help == SUPPRESS_HELP, "default": None}
    if option.takes_value():
        settings.update(metavar=option.metavar, multiple=True, nargs=option.nargs or 1)
        if option.choices:
            settings["type"] = click.Choice(list(option.choices))
    else:
        settings["count"] = True
    return click.Option([*_flags_of(option), name], **settings)
