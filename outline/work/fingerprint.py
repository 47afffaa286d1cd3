# SPDX-License-Identifier: Apache-2.0
"""What a layer is made of: named parts, so that a frame that runs again can say which of them is another one.

Not among them: paths (only the names and digests of files count), the environment of the process, versions of programs.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..items.item import SCALARS
from ..layer.class_code import data_arg
from ..layer.state import own_attributes

if TYPE_CHECKING:
    from ..layer import Layer

__all__ = ["NOT_COUNTED", "item_text", "layer_parts"]

NOT_COUNTED = frozenset(
    [
        # where, when and how much: the pixels are the same
        "autoeat",
        "chunk",
        "cores",
        "digest",
        "gpu",
        "gpu_memory",
        "gpus",
        "ignore_errors",
        "limits",
        "memory",
        "progress",
        "range",
        "register",
        "require",
        "rerun",
        "retry_delay",
        "service",
        "setshot",
        "strace",
        "suffix",
        "tags",
        "threadable",
        "threads",
        "timeout",
        "timeout_llu",
        "timeout_retry",
        "type",
        "wrapper",
        # files, of which contents count
        "outputs",
        "optional",
        "beside",
        "digest",
        "executable",
        "import_paths",
        "nocheck",
        "python",
        "python_path",
        # counted as parts of their own
        "env",
    ]
)
"""Arguments that change nothing in what a frame makes, or that count in another way."""

_LONGEST_TEXT = 200


def layer_parts(layer: Layer) -> dict[str, str]:
    """The parts of a layer in this launch: arguments, attributes, variables and code, by names such as ``arg res``.

    Long values are given as digests.
    """
    args = layer.get_args()
    for name in ("items", "inputs"):
        if data_arg(layer, name) is not None:
            del args[name]  # each frame has its own
    parts = {f"arg {name}": value for name, value in args.items() if name not in NOT_COUNTED}
    parts |= {f"attribute {name}": value for name, value in own_attributes(layer).items()}
    parts |= {f"env {name}": value for name, value in layer.get_envs().items()}
    ol = layer.get_outline()
    if ol is not None and ol.get_arg("seed") is not None and layer.get_parent() is None:
        parts["seed"] = ol.get_arg("seed")
    texts = {name: _short(item_text(value)) for name, value in sorted(parts.items())}
    for cls in type(layer).__mro__:
        if cls.__module__ != "builtins":
            texts[f"code {cls.__qualname__}"] = _code(cls)
    for child in layer.get_children():
        texts |= {f"{child.get_name()}: {name}": text for name, text in layer_parts(child).items()}
    return texts


def item_text(value: Any) -> str:
    """Plain data as text that is equal exactly when the data is; a text is itself."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError):  # keys that JSON does not know or that have no order, or a value that holds itself
        return json.dumps(_in_lists(value), ensure_ascii=False)


def _in_lists(value: Any, around: tuple[int, ...] = ()) -> Any:
    """A value with a list of pairs for each dict, in the order of the keys' texts."""
    if value is None or isinstance(value, SCALARS):
        return value
    if id(value) in around:
        return ["itself"]
    around = (*around, id(value))
    if isinstance(value, Mapping):
        pairs = ((json.dumps(_in_lists(key, around)), _in_lists(one, around)) for key, one in value.items())
        return ["dict", *sorted(pairs, key=itemgetter(0))]
    if isinstance(value, (list, tuple)):
        return [_in_lists(one, around) for one in value]
    return _in_lists(_plain(value), around)


def _plain(value: Any) -> Any:
    """What JSON does not know: paths as text, sets in order, layers by name, and all else by its attributes."""
    from ..layer import Layer

    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (set, frozenset)):
        return sorted(map(item_text, value))
    if isinstance(value, Layer):
        return value.get_name()
    return [type(value).__qualname__, getattr(value, "__dict__", None) or str(value)]


def _code(cls: type) -> str:
    """A text that changes with what a class does: its ``code_version``, its source, else its name."""
    version = vars(cls).get("code_version")
    if version is not None:
        return f"version {version}"
    if cls.__module__.partition(".")[0] == "outline":
        return f"{cls.__module__}.{cls.__qualname__}"
    try:
        return hashlib.sha256(inspect.getsource(cls).encode("utf-8", "surrogateescape")).hexdigest()
    except (OSError, TypeError):  # typed in, or made by a call
        return f"{cls.__module__}.{cls.__qualname__}"


def _short(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"sha256 {hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"
