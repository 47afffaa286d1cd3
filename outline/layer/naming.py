# SPDX-License-Identifier: Apache-2.0
"""Names of layers, and where layers come from."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from ..exception import LayerException

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["calling_statement", "check_layer_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def check_layer_name(name: object, origin: str = "") -> None:
    """Refuse a name that cannot stand in file names, frame names and on the farm.

    Raises:
        LayerException: With the first character that is not allowed.
    """
    if isinstance(name, str) and _NAME.match(name):
        return
    if not isinstance(name, str) or not name:
        raise LayerException(f"a layer needs a name of letters, digits, '_', '-' and '.', not {name!r}{origin}")
    bad = next((char for char in name if not re.match(r"[A-Za-z0-9_.\-]", char)), name[0])
    raise LayerException(
        f"layer name {name!r}{origin} has the illegal character {bad!r};"
        " use letters, digits, '_', '-' and '.', and begin with a letter, digit or '_'"
    )


def calling_statement(constructor: CodeType) -> tuple[str, int]:
    """Return file and line of the statement outside of this package that makes the layer whose constructor runs.

    Constructors of studio classes, which call ``Layer.__init__``, are passed over.
    """
    frame: FrameType | None = sys._getframe(1)
    made = False
    while frame is not None:
        path = frame.f_code.co_filename
        made = made or frame.f_code is constructor
        if made and not path.startswith(_PACKAGE):
            return path, frame.f_lineno
        frame = frame.f_back
    return "", 0
