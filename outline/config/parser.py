# SPDX-License-Identifier: Apache-2.0
"""Reads the configuration option by option and remembers where each value comes from."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from configparser import (
    BasicInterpolation,
    ConfigParser,
    Error,
    InterpolationError,
    InterpolationMissingOptionError,
    RawConfigParser,
)
from typing import Any, NamedTuple

from ..exception import ConfigException
from ..logs import get_logger
from .places import built_in_text, config_base_directory, login_name, package_home, temp_directory

__all__ = ["COMMAND_LINE", "DEFAULT", "ConfigValue", "OutlineParser", "read", "sections_of_others", "typed"]

logger = get_logger("outline.config")

DEFAULT = "default"
COMMAND_LINE = "command line"

_FILE_VARIABLES = ("OUTLINE_CONFIG_FILE", "OL_CONFIG")
_OUR_SECTIONS = ("outline", "local", "dask", "path_mapping")
_PREFIX = "OUTLINE_"
_NOT_OPTIONS = frozenset({"OUTLINE_CONFIG_FILE", "OUTLINE_MODULES_PATHS"})

_REFERENCE = re.compile(r"%%|%\([^)]+\)s")
_INT = r"[+-]?(0|[1-9]\d*)\Z"
_FLOAT = r"[+-]?(\d+\.\d*|\.\d+)\Z"
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class ConfigValue(NamedTuple):
    """One line of ``outline config``.

    ``origin`` is ``default``, the path of a file, the name of an environment variable, or ``command line``.
    """

    section: str
    option: str
    value: str
    origin: str


class OutlineParser(ConfigParser):
    """A ConfigParser that remembers the origin of each value. Its errors name the place to correct.

    ``read`` makes it. Options are lower case, sections keep their case. Values may refer to options of their section
    and of ``[DEFAULT]`` as ``%(home)s``. Write a literal ``%`` as ``%%``.
    """

    def __init__(self) -> None:
        super().__init__(interpolation=_Interpolation())
        self.__origins: dict[tuple[str, str], str] = {}

    def place(self, section: str, option: str, value: str, origin: str) -> None:
        """Set an option from one configuration layer. Adds the section if it is new."""
        if section != self.default_section and not self.has_section(section):
            self.add_section(section)
        super().set(section, option, value)
        self.__origins[section, self.optionxform(option)] = origin

    def set(self, section: str, option: str, value: str | None = None) -> None:
        """Set an option for this process, as the command line does.

        Raises:
            ConfigException: The value has a ``%`` that is not a reference.
            configparser.NoSectionError: There is no such section. Add it with ``add_section``.
        """
        if isinstance(value, str) and "%" in _REFERENCE.sub("", value):
            raise ConfigException(_stray_percent(COMMAND_LINE, section, option, value))
        super().set(section, option, value)
        self.__origins[section, self.optionxform(option)] = COMMAND_LINE

    def origin(self, section: str, option: str) -> str:
        """The origin of an option's value. Options of ``[DEFAULT]`` count for every section."""
        option = self.optionxform(option)
        inherited = self.__origins.get((self.default_section, option), COMMAND_LINE)
        return self.__origins.get((section, option), inherited)

    def rows(self) -> Iterator[ConfigValue]:
        """Every option with its value and origin, in the order of the sections."""
        for section in (self.default_section, *self.sections()):
            for option in self[section]:
                if section == self.default_section or (section, option) in self.__origins:
                    yield ConfigValue(section, option, self.get(section, option), self.origin(section, option))

    # Any: these three take ``fallback`` of any type and hand it back as it is.

    def getint(self, section: str, option: str, **kwargs: Any) -> Any:
        """An option as a whole number. An error names the place of the value."""
        return self.__converted(super().getint, "a whole number", section, option, kwargs)

    def getfloat(self, section: str, option: str, **kwargs: Any) -> Any:
        """An option as a number. An error names the place of the value."""
        return self.__converted(super().getfloat, "a number", section, option, kwargs)

    def getboolean(self, section: str, option: str, **kwargs: Any) -> Any:
        """An option as a bool. An error names the place of the value."""
        return self.__converted(
            super().getboolean, "one of yes, no, true, false, on, off, 1, 0", section, option, kwargs
        )

    def __converted(
        self, convert: Callable[..., Any], kind: str, section: str, option: str, kwargs: dict[str, Any]
    ) -> Any:
        try:
            return convert(section, option, **kwargs)
        except ValueError as error:
            origin, value = self.origin(section, option), self.get(section, option, **kwargs)
            raise ConfigException(f"{origin}: [{section}] {option} = {value!r} must be {kind}") from error


class _Interpolation(BasicInterpolation):
    """ConfigParser's ``%(name)s``, with errors that say which file or variable to correct."""

    # Any: configparser passes its own mutable views here, and their types are private.

    def before_get(self, parser: Any, section: str, option: str, value: str, defaults: Any) -> str:
        try:
            return super().before_get(parser, section, option, value, defaults)
        except InterpolationMissingOptionError as error:
            reference = f"%({error.reference})s"
            raise ConfigException(
                f"{parser.origin(section, option)}: [{section}] {option} = {value!r} refers to {reference},"
                f" but [{section}] has no option {error.reference!r}"
            ) from error
        except InterpolationError as error:
            raise ConfigException(_stray_percent(parser.origin(section, option), section, option, value)) from error

    def before_set(self, parser: Any, section: str, option: str, value: str) -> str:
        return value  # OutlineParser.set has checked it; values of files are checked when they are asked for


def read(environ: Mapping[str, str]) -> OutlineParser:
    """Read all layers of the configuration: defaults, the user's file, the named file, environment variables.

    Each layer replaces only the options that it names.

    Raises:
        ConfigException: A file that ``OUTLINE_CONFIG_FILE`` or ``OL_CONFIG`` names is missing, or a file is unreadable
            or invalid.
    """
    parser = OutlineParser()
    _merge(parser, built_in_text(), DEFAULT)
    known = {section: parser.options(section) for section in ("outline", "local")}
    base = config_base_directory(environ)
    user_file = os.path.join(base, "outline.cfg")
    if base and os.path.exists(user_file):
        _merge(parser, _read_file(user_file, ""), user_file)
    for variable in _FILE_VARIABLES:
        if environ.get(variable):
            path = environ[variable]
            path = os.path.abspath(os.path.expanduser(path) if path.startswith("~") else path)
            _merge(parser, _read_file(path, variable), path)
            break  # OL_CONFIG is the old name of the same thing
    _apply_environment(parser, environ)
    _fill_in_places(parser, environ)
    _tell_misspelt(parser, known)
    return parser


def _tell_misspelt(parser: OutlineParser, known: Mapping[str, list[str]]) -> None:
    """Warn about unused sections and options that look like misspelt ones of the library.

    Studios keep their own options there, so an unknown name alone is not a mistake.
    """
    for section, options in known.items():
        for option in parser.options(section):
            if option not in options:
                for meant in _similar(option, options, 0.8):
                    origin = parser.origin(section, option)
                    logger.warning("%s: nothing reads [%s] %s; did you mean %s?", origin, section, option, meant)
    for section in sections_of_others(parser.sections()):
        for meant in _similar(section.lower(), _OUR_SECTIONS, 0.8):
            place = next((parser.origin(section, option) for option in parser.options(section)), "the configuration")
            logger.warning("%s: nothing reads the section [%s]; did you mean [%s]?", place, section, meant)


def sections_of_others(sections: Iterable[str]) -> list[str]:
    """The sections that are neither the library's own nor of plug-ins, such as those of classes."""
    return [section for section in sections if section not in _OUR_SECTIONS and not section.startswith("plugin:")]


def typed(text: str) -> int | float | bool | str:
    """The value that an option's text spells.

    ``3`` and ``-5`` are ints, ``0.5`` is a float, ``true yes on false no off`` in any case are bools. Everything else
    stays text, including ``007``, because a number with leading zeros is usually a name.
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.match(_INT, text, re.ASCII):
        return int(text)
    return float(text) if re.match(_FLOAT, text, re.ASCII) else text


def _read_file(path: str, variable: str) -> str:
    named = f", which {variable} names," if variable else ""
    remedy = f"correct or unset {variable}" if variable else "make it readable or remove it"
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise ConfigException(
            f"the configuration file {path}{named} cannot be read: {error.strerror}; {remedy}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigException(
            f"the configuration file {path}{named} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def _merge(parser: OutlineParser, text: str, origin: str) -> None:
    layer = RawConfigParser(default_section="\0")  # an impossible name, so that [DEFAULT] is a section like others
    try:
        layer.read_string(text, source=origin)
    except Error as error:
        reason = " ".join(str(error).split())
        raise ConfigException(f"the configuration file {origin} is invalid: {reason}; correct it") from error
    for section in layer.sections():
        if section != parser.default_section and not parser.has_section(section):
            parser.add_section(section)
        for option, value in layer.items(section):
            parser.place(section, option, value, origin)


def _apply_environment(parser: OutlineParser, environ: Mapping[str, str]) -> None:
    """Apply ``OUTLINE_<SECTION>_<OPTION>``. The section must exist, the option need not."""
    sections = sorted(((_variable_part(name), name) for name in parser.sections()), key=lambda pair: -len(pair[0]))
    known: dict[str, list[tuple[str, str]]] = {}
    for part, section in sections:
        for option in parser.options(section):
            known.setdefault(f"{part}_{_variable_part(option)}", []).append((section, option))
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable in _NOT_OPTIONS or variable != variable.upper():
            continue
        rest = variable[len(_PREFIX) :]
        new = ((name, rest[len(part) + 1 :].lower()) for part, name in sections if rest.startswith(f"{part}_"))
        for section, option in known.get(rest) or [next(new, ("", ""))]:
            if option:
                parser.place(section, option, environ[variable], variable)
                continue
            for meant in _similar(rest, list(known), 0.85):
                logger.warning("%s: nothing reads this variable; did you mean %s%s?", variable, _PREFIX, meant)


def _similar(name: str, known: Sequence[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches  # slow to import

    return get_close_matches(name, known, n=1, cutoff=cutoff)


def _variable_part(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()


def _fill_in_places(parser: OutlineParser, environ: Mapping[str, str]) -> None:
    """Set the options that depend on machine and user, unless somebody has set them."""
    if not parser.get("outline", "bin_dir", raw=True):
        parser.place("outline", "bin_dir", _bin_dir(parser.get("outline", "home", raw=True)), DEFAULT)
    if not parser.get("outline", "home", raw=True):
        parser.place("outline", "home", _literal(package_home()), DEFAULT)
    if not parser.get("outline", "user_dir", raw=True):
        user = login_name(environ).replace("/", "_").replace("\\", "_")
        folder = os.path.join(temp_directory(environ), "opencue", "outline", user)
        parser.place("outline", "user_dir", _literal(folder), DEFAULT)


def _bin_dir(home: str) -> str:
    """The folder of pycuerun: below a configured home, in the source tree, or beside the interpreter."""
    scripts = os.path.dirname(sys.executable or "")
    in_tree = os.path.isfile(os.path.join(package_home(), "bin", "pycuerun"))
    installed = bool(scripts) and os.path.isfile(os.path.join(scripts, "pycuerun"))
    return _literal(scripts) if installed and not in_tree and not home else "%(home)s/bin"


def _literal(value: str) -> str:
    return value.replace("%", "%%")


def _stray_percent(origin: str, section: str, option: str, value: str) -> str:
    return (
        f"{origin}: [{section}] {option} = {value!r} has a % that does not begin a reference such as %(home)s;"
        " write %% for a literal %"
    )
