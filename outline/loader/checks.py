# SPDX-License-Identifier: Apache-2.0
"""Checks before anything is made: names that work as file names, and layers that do not wait in a cycle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..exception import LayerException, OutlineException
from ..layer.args import where
from ..layer.context import report_problem
from ..logs import get_logger
from ..names import frame_name, log_name, older_log
from ..session import conform_name

if TYPE_CHECKING:
    from ..layer import Layer
    from .outline import Outline

__all__ = ["check_job_name", "check_length", "find_ring"]

logger = get_logger("outline.loader")

_LONGEST_FILE_NAME = 255


def check_job_name(ol: Outline) -> None:
    """Check the name of an outline and of its job.

    Raises:
        OutlineException: It has a character that is not allowed, or is too long for the name of the job's folder.
    """
    if conform_name(ol.get_name()) != ol.get_name():
        raise OutlineException(
            f"outline name {ol.get_name()!r} has characters that a job name cannot have;"
            f" use letters, digits, '_', '-' and '.', for example {conform_name(ol.get_name())!r}"
        )
    size = len(os.fsencode(ol.get_full_name()))
    if size > _LONGEST_FILE_NAME:
        raise OutlineException(
            f"the job's name has {size} bytes, and the name of its folder can have at most {_LONGEST_FILE_NAME};"
            f" give it a shorter one with --base-name: {ol.get_full_name()[:60]}..."
        )


def check_length(ol: Outline, layer: Layer) -> None:
    """Refuse a name that is too long for the layer's folder, and warn about one that is too long for logs.

    Raises:
        LayerException: The name is too long for the folder.
    """
    size = len(os.fsencode(layer.get_name()))
    log = os.fsencode(older_log(log_name(ol.get_full_name(), frame_name(10**6, layer.get_name())), 10))
    if size > _LONGEST_FILE_NAME:
        problem = f"{where(layer)}: its name has {size} bytes, and a file name at most {_LONGEST_FILE_NAME}; shorten it"
        report_problem(LayerException(problem), layer)
    elif len(log) > _LONGEST_FILE_NAME:
        logger.warning("%s: its name and the job's are too long for the name of a log; shorten one", where(layer))


def find_ring(layers: list[Layer], left_out: set[int]) -> list[Layer]:
    """The layers of a dependency cycle, or an empty list. A frame-by-frame wait on oneself is not a cycle.

    Args:
        layers: The layers to search.
        left_out: Ids of layers whose dependencies to ignore.
    """
    done = set(left_out)
    for start in layers:
        if id(start) in done:
            continue
        stack: list[tuple[Layer, Iterator[Any]]] = [(start, iter(start.get_depends()))]
        on_path = {id(start): 0}
        while stack:
            layer, depends = stack[-1]
            for depend in depends:
                on = depend.get_depend_on_layer()
                if on is layer or id(on) in done:
                    continue
                if id(on) in on_path:
                    return [one for one, _ in stack[on_path[id(on)] :]]
                on_path[id(on)] = len(stack)
                stack.append((on, iter(on.get_depends())))
                break
            else:
                stack.pop()
                del on_path[id(layer)]
                done.add(id(layer))
    return []
