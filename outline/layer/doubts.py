# SPDX-License-Identifier: Apache-2.0
"""What can hardly be meant in the arguments of a layer, and is told where it is launched or checked.

It is no error: other programs have tokens too, and a file may come to be before the frames run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..frames import FrameSet
from ..tokens import TOKENS
from .args import where
from .mistakes import class_mistakes, misspelt_sections, unread_arguments
from .state import state_of, walk

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["Doubt", "doubts", "probable_mistakes"]

_TOKEN = r"%\{[A-Za-z_]+(?::[^{}\n]*)?\}|\#[A-Za-z_]+\#"
_NAMED = r"(%\{(INPUTLIST|INPUT|OUTPUT|ITEM|KEY)(?::([^{}\n]+))?\})"
_OF = {"INPUTLIST": "inputs", "INPUT": "inputs", "OUTPUT": "outputs", "ITEM": "items", "KEY": "items"}
_DEEPEST = 4  # of lists in lists; a value may hold itself
_LIKENESS = 0.75  # finds %{FRAM}, leaves the %{http_code} of curl and the %{NAME} of rpm alone


class Doubt(NamedTuple):
    """Something that can hardly be meant: the rule of ``outline check``, and a sentence."""

    rule: str
    message: str


def doubts(layer: Layer) -> Iterator[Doubt]:
    """Give what can hardly be meant in the arguments of a layer."""
    known: dict[str, tuple[str, list[str]] | None] = {}
    for name, value in state_of(layer).args.items():
        text = "\n".join(_texts_in(value))  # a layer may have 100,000 commands, most of them with the same tokens
        for problem in (*_misspelt_tokens(text), *_unknown_names(layer, text, known)):
            yield Doubt("token", f"its argument {name!r} {problem}")
    for path in _missing_files(layer):
        yield Doubt("file", f"its {path} does not exist now, and nothing that runs before it declares it as output")


def probable_mistakes(layers: Sequence[Layer]) -> Iterator[str]:
    """All that is told at a launch, a sentence each, with the line of the script."""
    for layer in layers:
        for name in unread_arguments(layer):
            yield f"{where(layer)}: no code seems to read the argument {name!r}"
        yield from (f"{where(one)}: {problem}" for one in walk([layer]) for _, problem in doubts(one))
    yield from misspelt_sections(layers)
    for _, mistake in class_mistakes(layers):
        yield f"{os.path.basename(mistake.file)}:{mistake.line}: {mistake.message}"


# -- tokens ----------------------------------------------------------------------------------------------------


# Any: arguments are what the class and its user have agreed on.


def _texts_in(value: Any, depth: int = _DEEPEST) -> Iterator[str]:
    """The texts in a value, also in lists and dicts."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, (Mapping, list, tuple)):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(one, depth - 1)


def _misspelt_tokens(text: str) -> Iterator[str]:
    """The end of a sentence for each token that nothing fills in and that looks like one that is filled in."""
    for word in dict.fromkeys(re.findall(_TOKEN, text)) if "%{" in text or "#" in text else ():
        if meant := _meant(word):
            yield f"has {word!r}, which is not a token; did you mean {meant!r}?"


def _meant(word: str) -> str:
    """The token that a word in its signs was meant to be, or nothing where it is one or looks like none."""
    name, colon, rest = word.partition(":")
    bare = f"{name}}}" if colon else word
    near = "" if bare in TOKENS else _nearest(bare)
    return near.replace("}", f"{colon}{rest}") if colon else near


def _nearest(token: str) -> str:
    """The token that is spelled alike, first the same word in other signs, then one in the same signs, or nothing."""
    word = token.strip("%{}#")
    for other in (f"%{{{word}}}", f"#{word}#"):
        if other in TOKENS:
            return other
    from difflib import get_close_matches  # only where something looks like a token and is none

    for family in (token[0], "%", "#"):
        names = {one.strip("%{}#"): one for one in TOKENS if one[0] == family}
        for name in get_close_matches(token.strip("%{}#").upper(), list(names), n=1, cutoff=_LIKENESS):
            return names[name]
    return ""


def _unknown_names(layer: Layer, text: str, known: dict[str, tuple[str, list[str]] | None]) -> Iterator[str]:
    """The end of a sentence for each token of what the layer has none of, and each name that no input or output has.

    So for a part that the first item lacks. Other items may have other parts, so it is no error.

    Args:
        known: The names that are known already; others are added.
    """
    for token, kind, name in dict.fromkeys(re.findall(_NAMED, text)) if "%{" in text else ():
        things = _OF[kind]
        if things not in known:
            known[things] = _names_of(layer, things)
        owner, names = known[things] or (None, [])
        if owner == "":
            yield f"has {token!r}, but the layer has no {things}"
        elif owner and name and name not in names:
            yield f"names {name!r} of {owner}, which has {', '.join(names) or 'none'}"


def _names_of(layer: Layer, things: str) -> tuple[str, list[str]] | None:
    """What has the names that a token can have, for people, and these names.

    The first is empty where the layer has no such things. None where nobody knows.
    """
    from .datasets import item_of  # with what reads tables and files, and most layers name none
    from .links import links_of

    owner = layer.get_parent() or layer
    ol = owner.get_outline()
    if things != "items":
        links = links_of(owner)
        names = [one.name for one in (links.inputs if things == "inputs" else links.outputs)]
        return (f"the {things}" if names else "", names)
    if ol is None or ol.holds(owner):
        return None
    if owner.get_items() is None:
        return "", []
    frames = owner.get_frame_range()
    if not frames:
        return None
    item = item_of(owner, FrameSet(frames)[0])
    return f"the item {item.key!r}", list(map(str, item.value)) if isinstance(item.value, Mapping) else []


# -- files -----------------------------------------------------------------------------------------------------


def _missing_files(layer: Layer) -> Iterator[str]:
    """The files that a module says to read and that are not there; nothing where an earlier layer may make them.

    Paths that only a host of the farm can know are left alone: those with variables, places for the frame, or of
    another system.
    """
    names: Iterable[str] = getattr(type(layer), "path_args", ())
    if not names or layer.get_depends() or layer.get_preprocess_layers():
        return
    from ..io.mapping import configured_rules
    from ..io.pattern import find_slot

    if configured_rules():
        return
    for name in names:
        value = layer.get_arg(name)
        for path in [value] if isinstance(value, str) else []:
            is_plain = path and not re.search(r"[$%#\\]|^~[^/]|^[A-Za-z]:|://|^//", path)
            if is_plain and not find_slot(path).slot and not os.path.exists(os.path.expanduser(path)):
                yield f"{name} {path!r}"
