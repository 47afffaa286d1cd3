# SPDX-License-Identifier: Apache-2.0
"""Parses the XML of a spec, and checks the order of its elements while it reads.

Parsing is safe for text from anybody. A document may name a DTD, which is never fetched, but may not define entities,
so none are expanded. Nothing is nested deeper than a spec allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from xml.parsers import expat

from outline.exception import did_you_mean

from .model import SpecError
from .schema import NEWEST, ROOT, VERSIONS, Schema, schema_of, versions_with

__all__ = ["Element", "parse_markup"]

_BLANKS = " \t\r\n"
SYSTEM_ID = "http://localhost:8080/spcue/dtd/cjsl-%s.dtd"
_VERSION = re.compile(re.escape(SYSTEM_ID) % "([0-9.]+)")
_SUSPECT = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);|#)")
_SKIPPED_OR_ENTITY = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|&(?!(?:amp|lt|gt|quot|apos);|#)([^;]*);", re.DOTALL
)
# What XML calls a name token.
_WORD = re.compile(
    "[-.:0-9A-Z_a-z\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff]+"
)
_LONG_TEXT = 40

Value = TypeVar("Value")


class Element:
    """An element with its children. ``parse_markup`` returns it complete and checked."""

    __slots__ = ("_parent", "_place", "attributes", "children", "line", "name", "raw_text")

    def __init__(self, name: str, attributes: dict[str, str], line: int, parent: Element | None) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.children: list[Element] = []
        self.raw_text = ""
        self._parent, self._place = parent, 1
        if parent is not None:
            before = next((child for child in reversed(parent.children) if child.name == name), None)
            self._place = before._place + 1 if before is not None else 1
            parent.children.append(self)

    @property
    def path(self) -> str:
        """The path from the root. Siblings of one name have numbers, from the second on."""
        above = f"{self._parent.path}/" if self._parent is not None else ""
        return above + self.name + (f"[{self._place}]" if self._place > 1 else "")

    @property
    def text(self) -> str:
        """The stripped text."""
        return self.raw_text.strip(_BLANKS)

    def find(self, name: str) -> Element | None:
        """The first child of a name, or None."""
        return next(self.every(name), None)

    def required(self, name: str) -> Element:
        """The child of a name, which must exist."""
        return next(self.every(name))

    def every(self, name: str) -> Iterator[Element]:
        """All children of a name."""
        return (child for child in self.children if child.name == name)

    def members(self, name: str) -> list[Element]:
        """What is in the first child of a name; nothing if there is none."""
        child = self.find(name)
        return child.children if child is not None else []

    def error(self, reason: str) -> SpecError:
        """The error that names this element."""
        return SpecError(self.path, reason, self.line)

    def read(self, parse: Callable[[str], Value]) -> Value:
        """Parse the text. A ValueError becomes a SpecError."""
        return self.check(lambda: parse(self.text))

    def read_attribute(self, name: str, parse: Callable[[str], Value]) -> Value:
        """Parse an attribute. A ValueError becomes a SpecError."""
        return self.check(lambda: parse(self.attributes[name]))

    def read_child(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """Parse the text of a child, or return ``default`` if there is none."""
        child = self.find(name)
        return default if child is None else child.read(parse)

    def check(self, test: Callable[[], Value]) -> Value:
        """Call ``test``. A ValueError becomes a SpecError."""
        try:
            return test()
        except ValueError as error:
            raise self.error(str(error)) from None


def parse_markup(text: str) -> Element:
    """The root of a spec, after a check of all elements and attributes against its version.

    Args:
        text: The document. Its declared encoding is ignored.

    Raises:
        SpecError: The text is not XML, has no version, defines entities, or breaks the order of elements.
    """
    return _Reading().read(text)


class _Reading:
    """Reads one document, with one call of ``read``."""

    def __init__(self) -> None:
        self._schema = schema_of(NEWEST)
        self._has_doctype = False
        self._open: list[Element] = []
        self._texts: list[str] = []  # of the innermost element, which has no others in it
        self._root: Element | None = None
        self._parser = expat.ParserCreate()
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._start_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text

    def read(self, text: str) -> Element:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = f"this is not XML: {expat.ErrorString(error.code)}, column {error.offset + 1}"
            raise SpecError(self._place(), reason, error.lineno) from None
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            raise SpecError("document", "this is not XML: it holds half of a surrogate pair", line) from None
        _refuse_entities(text)
        assert self._root is not None, "expat takes no document without a root"
        return self._root

    def _place(self) -> str:
        return self._open[-1].path if self._open else "document"

    def _refuse(self, reason: str) -> SpecError:
        return SpecError(self._place(), reason, self._parser.CurrentLineNumber)

    def _start_doctype(self, name: str, system: str | None, public: str | None, has_definitions: int) -> None:
        if has_definitions:
            raise self._refuse("the DOCTYPE defines entities or elements of its own, which a job spec must not")
        if name != ROOT:
            raise self._refuse(f"the DOCTYPE is for <{_shorten(name)}>, and must be for <{ROOT}>")
        self._has_doctype = True
        if system is None:
            return
        found = _VERSION.fullmatch(system)
        if found is None or found[1] not in VERSIONS:
            known = f"a job spec has {SYSTEM_ID % 'VERSION'} with one of {', '.join(VERSIONS)}"
            raise self._refuse(f"unknown definition {_shorten(system)!r} in the DOCTYPE; {known}")
        self._schema = schema_of(found[1])

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else None
        if parent is None:
            self._check_root(name)
        elif name not in self._schema.children.get(parent.name, ()):
            raise self._refuse(_why_not(parent.name, name, self._schema))
        element = Element(name, attributes, self._parser.CurrentLineNumber, parent)
        self._root = self._root or element
        self._open.append(element)
        if attributes or name in self._schema.attributes:
            _check_attributes(element, self._schema)

    def _check_root(self, name: str) -> None:
        if name != ROOT:
            raise self._refuse(f"the root element is <{_shorten(name)}>; it must be <{ROOT}>")
        if not self._has_doctype:
            raise self._refuse("the DOCTYPE is missing; it gives the version of the spec")

    def _end(self, name: str) -> None:
        element = self._open[-1]
        if name in self._schema.children:
            _check_order(element, self._schema)
        else:
            element.raw_text = "".join(self._texts)
            self._texts.clear()
        self._open.pop()

    def _add_text(self, text: str) -> None:
        element = self._open[-1]
        if element.name in self._schema.texts:
            self._texts.append(text)
        elif text.strip(_BLANKS):
            raise self._refuse(f"text between the elements: {_shorten(text.strip(_BLANKS))!r}")


def _check_attributes(element: Element, schema: Schema) -> None:
    known = schema.attributes.get(element.name, {})
    for name, value in element.attributes.items():
        if name not in known:
            raise element.error(f"unknown attribute {_shorten(name)}{did_you_mean(name, list(known))}")
        word = value.strip(_BLANKS)
        if not _WORD.fullmatch(word):
            raise element.error(
                f"the attribute {name}={_shorten(value)!r} must be one word of letters, digits and ._:-"
            )
        choices = known[name].choices
        if choices and word not in choices:
            raise element.error(f"the attribute {name}={_shorten(word)!r} must be one of {', '.join(choices)}")
        element.attributes[name] = word
    for name, attribute in known.items():
        if attribute.required and name not in element.attributes:
            raise element.error(f"the attribute {name} is missing")


def _check_order(element: Element, schema: Schema) -> None:
    rows = schema.children[element.name]
    places = {name: place for place, name in enumerate(rows)}
    before = None
    for child in element.children:
        if before is not None and places[child.name] < places[before]:
            raise element.error(f"<{child.name}> must come before <{before}>")
        if child.name == before and not rows[before].repeats:
            raise element.error(f"there is more than one <{before}>")
        before = child.name
    present = {child.name for child in element.children}
    missing = [f"<{name}>" for name, row in rows.items() if row.required and name not in present]
    if missing:
        raise element.error(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")


def _why_not(parent: str, name: str, schema: Schema) -> str:
    """Why an element cannot be inside another one."""
    elsewhere = versions_with(parent, name)
    if elsewhere:
        return f"spec version {schema.version} has no <{name}> here; {', '.join(elsewhere)} have"
    if name in schema.elements:
        owners = [f"<{owner}>" for owner, rows in schema.children.items() if name in rows]
        return f"<{name}> does not belong in <{parent}>, only in {' or '.join(owners) or 'the document itself'}"
    near = did_you_mean(name[:_LONG_TEXT], list(schema.children.get(parent, ())))
    return f"unknown element <{_shorten(name)}>{near}"


def _refuse_entities(text: str) -> None:
    """Refuse undefined entities.

    With a DOCTYPE, the parser assumes that the DTD defines them, and drops them silently.
    """
    if not _SUSPECT.search(text):
        return
    for found in _SKIPPED_OR_ENTITY.finditer(text):
        if found[1] is not None:
            line = text.count("\n", 0, found.start()) + 1
            raise SpecError("document", f"the entity &{_shorten(found[1])}; is not defined", line)


def _shorten(text: str) -> str:
    return text if len(text) <= _LONG_TEXT else f"{text[: _LONG_TEXT - 3]}..."
