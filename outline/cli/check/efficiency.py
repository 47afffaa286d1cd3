# SPDX-License-Identifier: Apache-2.0
"""The four rules of the PyOutline tutorial for jobs that do not waste a farm.

1. Say how little memory a utility layer needs.
2. Never give a utility layer a whole core.
3. Never make a layer per frame.
4. Never chain frames by dependencies where one frame could run them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from ...exception import OutlineException
from ...frames import FrameRangeError, FrameSet
from ...layer import Frame, Layer, LayerPostProcess, LayerPreProcess
from ...tokens import split_command
from .report import Finding

__all__ = ["efficiency_findings"]

MANY_LAYERS = 20
LONG_CHAIN = 8

_UTILITY_WORDS = re.compile(
    r"(^|[_.\-])(mail|email|sendmail|notify|message|clean|cleanup|delete|remove|chmod)([_.\-]|\Z)"
)
_UTILITY_PROGRAMS = frozenset(["mail", "mailx", "sendmail", "mutt", "rm", "rmdir", "touch", "ln", "chmod", "chown"])


def efficiency_findings(layers: Sequence[Layer]) -> list[Finding]:
    """Give a warning for every group of layers that breaks a rule; each names its layers."""
    found = [finding for layer in layers for finding in _utility(layer)]
    single = [layer for layer in layers if _has_one_frame(layer)]
    chained: set[int] = set()
    for chain in _chains(single):
        chained.update(id(layer) for layer in chain)
        what = f"{_listed(chain)} are a chain of {len(chain)} one-frame layers"
        found.append(_warning(chain[0], f"{what}; do their work one after another in one frame"))
    for group in _groups(layer for layer in single if id(layer) not in chained):
        what = f"{_listed(group)} are {len(group)} layers of one frame each"
        such_as = ", such as a ShellSequence" if type(group[0]).__name__ == "ShellCommand" else ""
        found.append(_warning(group[0], f"{what}; make one layer with {len(group)} frames of them{such_as}"))
    return found


def _warning(layer: Layer, message: str) -> Finding:
    return Finding("warning", "efficiency", message, layer.get_name(), *layer.get_origin_line())


def _listed(layers: Sequence[Layer]) -> str:
    names = [layer.get_name() for layer in layers]
    shown = names if len(names) <= 4 else [*names[:3], "…", names[-1]]
    return f"layers {', '.join(shown)}"


# -- rules 1 and 2 ---------------------------------------------------------------------------------------------


def _utility(layer: Layer) -> Iterable[Finding]:
    if not _is_utility(layer):
        return
    wishes = []
    if _takes_full_core(layer):
        wishes.append("a part of a core (cores=0.1)")
    if layer.get_arg("memory") is None:
        wishes.append("little memory (memory='256m')")
    if wishes:
        yield _warning(
            layer,
            f"layer {layer.get_name()!r} is a utility and holds a place on a host; give it {' and '.join(wishes)}",
        )


def _is_utility(layer: Layer) -> bool:
    """Tell whether a layer mails, cleans up or the like, by its type, its name or its program."""
    if _UTILITY_WORDS.search(layer.get_name().lower()) or _program(layer) in _UTILITY_PROGRAMS:
        return True
    # Pre- and post-processes are of type Util as well, but do real work as often as not.
    return str(layer.get_type()) != "Render" and not isinstance(layer, (LayerPreProcess, LayerPostProcess))


def _program(layer: Layer) -> str:
    command = layer.get_arg("command")
    try:
        words = split_command(command) if command else []
    except OutlineException:  # an open quote
        words = []
    return os.path.basename(words[0]) if words else ""


def _takes_full_core(layer: Layer) -> bool:
    value = layer.get_arg("cores") if layer.get_arg("cores") is not None else layer.get_arg("threads")
    try:
        return value is None or not 0 < float(value) < 1
    except (TypeError, ValueError):
        return False  # it is reported elsewhere


# -- rules 3 and 4 ---------------------------------------------------------------------------------------------


def _has_one_frame(layer: Layer) -> bool:
    """Tell whether a layer has one frame by itself, not because the job was launched with one."""
    if isinstance(layer, (LayerPreProcess, LayerPostProcess)):
        return False
    if isinstance(layer, Frame):
        return True
    own = layer.get_arg("range")
    try:
        return own is not None and own != "" and len(FrameSet(own).unique()) == 1
    except FrameRangeError:
        return False


def _chains(layers: Sequence[Layer]) -> list[list[Layer]]:
    """The long chains in which each layer waits for nothing but the one before."""
    single = {id(layer) for layer in layers}
    before: dict[int, Layer] = {}
    waited_for: dict[int, int] = {}
    for layer in layers:
        on = {id(depend.get_depend_on_layer()): depend.get_depend_on_layer() for depend in layer.get_depends()}
        for key in on:
            waited_for[key] = waited_for.get(key, 0) + 1
        if len(on) == 1 and next(iter(on)) in single:
            before[id(layer)] = next(iter(on.values()))
    followed = {id(one) for one in before.values() if waited_for[id(one)] == 1}
    chains = []
    for layer in layers:
        if id(layer) in followed:
            continue  # not the last of its chain
        chain = [layer]
        while id(chain[-1]) in before and id(before[id(chain[-1])]) in followed and len(chain) <= len(layers):
            chain.append(before[id(chain[-1])])
        if len(chain) >= LONG_CHAIN:
            chains.append(chain[::-1])
    return chains


def _groups(layers: Iterable[Layer]) -> list[list[Layer]]:
    """The big groups of layers of one class."""
    groups: dict[type, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(type(layer), []).append(layer)
    return [group for group in groups.values() if len(group) >= MANY_LAYERS]
