# SPDX-License-Identifier: Apache-2.0
"""Finds the program of an application on the host where a frame runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..exception import CommandNotFound
from .command import NOT_FOUND

__all__ = ["ProgramChoice", "choose_program", "find_program"]

_OPTION = "executable"


class ProgramChoice(NamedTuple):
    """Which programs to look for.

    Attributes:
        candidates: Paths, or names to be looked for on the PATH; the first one that is there is taken.
        origin: Who has named them, for messages.
        arguments: Words that follow the program in every command.
    """

    candidates: tuple[str, ...]
    origin: str
    arguments: tuple[str, ...] = ()


def choose_program(
    names: Sequence[str], given: object, version: str, options: Sequence[tuple[str, Mapping[str, object]]]
) -> ProgramChoice:
    """Which programs to look for: what the layer says, then the configuration, then the usual names.

    Args:
        names: The usual names of the program.
        given: The argument ``executable`` of the layer: a program, a list of a program and words that follow it, or a
            dict of programs by version; None or empty when not given.
        version: The version of the application that is wanted; empty for any.
        options: Configurations as pairs of a name for messages and options; earlier ones win. Read are
            ``executable`` and, for a version, ``executable.<version>``.
    """
    if isinstance(given, Mapping):
        by_version = {str(key): value for key, value in given.items()}
        if version in by_version:
            return _choice(by_version[version], f"executable[{version!r}] of the layer")
        known = ", ".join(sorted(by_version)) or "none"
        return ProgramChoice((), f"executable= of the layer has no version {version!r}; it has {known}")
    if given:
        return _choice(given, "executable= of the layer")
    wanted = f"{_OPTION}.{version}".lower() if version else _OPTION
    for origin, section in options:
        if section.get(wanted):
            return _choice(str(section[wanted]), f"{origin} {wanted}")
    if version:
        named = [f"{name}{sign}{version}" for name in names for sign in ("-", "")]
        return ProgramChoice(tuple(named), f"version={version!r}, and the configuration has no {wanted}")
    return ProgramChoice(tuple(names), "its usual name")


def _choice(given: object, origin: str) -> ProgramChoice:
    if isinstance(given, (list, tuple)):
        words = tuple(str(word) for word in given)
        return ProgramChoice(words[:1], origin, words[1:])
    return ProgramChoice((str(given),), origin)


def find_program(application: str, choice: ProgramChoice, environ: Mapping[str, str]) -> list[str]:
    """The words that start the application: the path of its program, and what follows it.

    Args:
        application: The application's name, which is also its section in the configuration.
        choice: What to look for.
        environ: The environment of the frame.

    Raises:
        CommandNotFound: None is there and executable; its status is 127, and the frame is not tried again.
    """
    import shutil

    search = environ.get("PATH", os.defpath)
    for candidate in choice.candidates:
        found = shutil.which(candidate, path=search)
        if found:
            return [found, *choice.arguments]
    raise CommandNotFound(_missing(application, choice, search), NOT_FOUND)


def _missing(application: str, choice: ProgramChoice, search: str) -> str:
    import socket  # slow to import, and needed only here

    said = [_what_is_wrong(candidate) for candidate in choice.candidates]
    bare = [candidate for candidate in choice.candidates if not os.path.dirname(candidate)]
    where = f"; the PATH is {search}" if bare else ""
    looked = f"{'; '.join(said)} ({choice.origin})" if said else choice.origin
    remedy = f"install it, or say where it is: [{application}] executable= in the configuration, or executable="
    return f"{application} was not found on host {socket.gethostname()}: {looked}; {remedy}{where}"


def _what_is_wrong(candidate: str) -> str:
    if not os.path.dirname(candidate):
        return f"there is no {candidate!r}"
    if os.path.isdir(candidate):
        return f"{candidate} is a folder"
    return f"{candidate} is not executable" if os.path.exists(candidate) else f"there is no file {candidate}"
