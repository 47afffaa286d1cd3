# SPDX-License-Identifier: Apache-2.0
"""A job spec as a tree of elements, and as text.

The server trims and normalises what a parser may, so everything that has to arrive as it was given is escaped, and
what XML cannot hold at all is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

from ....exception import LaunchException

__all__ = ["Element", "document", "element", "named_texts", "parent"]

_UNHOLDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z0-9._:\-]+\Z")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE_ESCAPES = {**_ESCAPES, '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}


def element(tag: str, text: object, where: str) -> Element:
    """An element that holds a text.

    Args:
        tag: Its name.
        text: What it holds; turned into text.
        where: What the text is, for the error.

    Raises:
        LaunchException: The text has a character that XML cannot hold.
    """
    made = Element(tag)
    made.text = _holdable(str(text), where)
    return made


def parent(tag: str, children: Iterable[Element], attributes: Mapping[str, str] | None = None) -> Element:
    """An element that holds others, in their order."""
    made = Element(tag, dict(attributes or {}))
    made.extend(list(children))  # extend hides the errors of a generator
    return made


def named_texts(tag: str, texts: Mapping[str, object], where: str) -> Iterator[Element]:
    """An element with the attribute ``name`` for each entry of a mapping.

    Raises:
        LaunchException: A name has characters that such an attribute cannot hold, or a text has.
    """
    for name, text in texts.items():
        made = element(tag, text, f"{where} {name}")
        made.set("name", checked_name(str(name), where))
        yield made


def checked_name(name: str, where: str) -> str:
    """A name that an attribute of a job spec can hold.

    Raises:
        LaunchException: It is empty, or has other characters than letters, digits, ``.``, ``_``, ``:`` and ``-``.
    """
    if not _NAME.match(name):
        raise LaunchException(f"{where} {name!r} cannot be sent to a farm; use letters, digits, '.', '_', ':' and '-'")
    return name


def document(root: Element, version: object) -> str:
    """A whole job spec as text."""
    return (
        '<?xml version="1.0"?>\n'
        '<!DOCTYPE spec PUBLIC "SPI Cue  Specification Language"'
        f' "http://localhost:8080/spcue/dtd/cjsl-{version}.dtd">\n'
        f"{''.join(_written(root))}\n"
    )


def _written(node: Element) -> Iterator[str]:
    attributes = "".join(f' {name}="{_escaped(value, _ATTRIBUTE_ESCAPES)}"' for name, value in node.items())
    yield f"<{node.tag}{attributes}>{_escaped(node.text or '', _ESCAPES)}"
    for child in node:
        yield from _written(child)
    yield f"</{node.tag}>"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in text) if any(char in text for char in escapes) else text


def _holdable(text: str, where: str) -> str:
    found = _UNHOLDABLE.search(text)
    if found:
        raise LaunchException(f"{where} has the character {found[0]!r}, which a job spec cannot hold; remove it")
    return text
