# SPDX-License-Identifier: Apache-2.0
"""Texts of frames as HTML: names, log lines and keys hold anything, and none of it may become markup."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...console.lines import without_codes

__all__ = ["Html", "element", "escape", "json_script", "table"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Html(str):
    """Text that is HTML; every other text is escaped before it becomes a part of the page."""


def escape(text: object) -> Html:
    """Any text as HTML; colours of terminals and other controls are left out."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(_CONTROLS.sub("", without_codes(str(text)))))


def element(tag: str, *content: object, **attributes: object) -> Html:
    """An element; ``cls`` is its class, other attributes keep their names, with ``-`` for ``_``."""
    attributes = {name: value for name, value in attributes.items() if value is not None}
    words = "".join(
        f' {"class" if name == "cls" else name.replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{words}>{''.join(map(escape, content))}</{tag}>")


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> Html:
    """A table; the columns in ``numbers`` are aligned on the right."""

    def cells(tag: str, row: Sequence[object]) -> Html:
        made = (element(tag, cell, cls="n" if place in numbers else None) for place, cell in enumerate(row))
        return element("tr", *made)

    body = element("tbody", *(cells("td", row) for row in rows))
    return element("div", element("table", element("thead", cells("th", head)), body), cls="scroll")


# Any: data for JSON.
def json_script(name: str, data: Any) -> Html:
    """Data for the script of the page; numbers that JSON does not know become texts."""
    text = json.dumps(_plain(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Html(f'<script type="application/json" id="{name}">{text}</script>')


def _plain(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    return data
