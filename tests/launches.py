# SPDX-License-Identifier: Apache-2.0
"""Launches to a farm for tests: outlines of a few layers, and the job specs that are made of them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from outline import Outline, config
from outline.cuerun import OutlineLauncher
from outline.layer import Layer
from outline.modules.shell import Shell

__all__ = ["job_of", "launcher_of", "layer_of", "outline_of", "shell", "spec_of", "spec_text", "texts"]


def shell(name: str = "beauty", **args: Any) -> Shell:
    """A layer that runs ``true``."""
    return Shell(name, **{"command": ["true"], **args})


def outline_of(*layers: Layer, **args: Any) -> Outline:
    """An outline of some layers, ``beauty`` when none is given."""
    ol = Outline(**{"name": "job_name", "frame_range": "1-10", "shot": "sh010", "show": "testing", **args})
    for layer in layers or (shell(),):
        ol.add_layer(layer)
    return ol


def launcher_of(*layers: Layer, ol: Outline | None = None, **flags: Any) -> OutlineLauncher:
    """A launcher for the farm."""
    return OutlineLauncher(ol or outline_of(*layers), **{"backend": "cue", "facility": "local", **flags})


def spec_text(
    *layers: Layer, ol: Outline | None = None, version: str = "1.15", simple: bool = False, **flags: Any
) -> str:
    """The job spec of some layers as text."""
    config.set("outline", "spec_version", version)
    text: str = launcher_of(*layers, ol=ol, **flags).serialize(use_pycuerun=not simple)
    return text


def spec_of(*layers: Layer, **args: Any) -> Element:
    """The job spec of some layers; arguments as for ``spec_text``."""
    return ElementTree.fromstring(spec_text(*layers, **args))


def job_of(*layers: Layer, **args: Any) -> Element:
    """The element of the job."""
    found = spec_of(*layers, **args).find("job")
    assert found is not None
    return found


def layer_of(*layers: Layer, **args: Any) -> Element:
    """The element of the first layer."""
    found = spec_of(*layers, **args).find("job/layers/layer")
    assert found is not None
    return found


def texts(parent: Element, path: str) -> list[str | None]:
    """The texts of all elements at a path."""
    return [node.text for node in parent.findall(path)]
