# SPDX-License-Identifier: Apache-2.0
"""Files that a layer reads and does not say so, as far as its command tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...layer.links import read_inputs
from ...tokens import split_command

if TYPE_CHECKING:
    from ...layer import Layer

__all__ = ["undeclared_files"]


def undeclared_files(layer: Layer) -> list[str]:
    """The words of a command that are files now and no inputs, so that a change of them makes nothing run again.

    Only of a layer that declares what it reads or writes: others run each time.
    """
    command = layer.get_arg("command")
    declares = any(layer.get_arg(name) is not None for name in ("inputs", "outputs", "items"))
    if not declares or not isinstance(command, (str, list, tuple)):
        return []
    known = {os.path.abspath(one.path) for one in read_inputs(layer) if one.path}
    program, *words = [*split_command(command), ""]
    own_program = [program] if os.path.dirname(program) and not os.path.isabs(program) else []
    found = dict.fromkeys(word for word in [*own_program, *words] if os.path.isfile(word))
    return [word for word in found if os.path.abspath(word) not in known]
