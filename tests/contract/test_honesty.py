# SPDX-License-Identifier: Apache-2.0
"""Modules by contract say that they are, and the documentation knows all of them."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import pytest

from outline.layer import LayerType
from outline.modules.render import RenderLayer
from tests.conftest import REPOSITORY

MODULES = sorted(
    path.stem
    for path in (REPOSITORY / "outline" / "modules").glob("*.py")
    if "by contract" in (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
)
PAGE = (REPOSITORY / "docs" / "modules-by-contract.md").read_text(encoding="utf-8")


def layers_of(module: str) -> list[type[RenderLayer]]:
    """Return the public layer classes of a module."""
    found = importlib.import_module(f"outline.modules.{module}")
    return [value for name, value in vars(found).items() if name in found.__all__ and isinstance(value, LayerType)]


def test_there_are_modules_by_contract() -> None:
    assert {"maya", "nuke", "houdini", "katana", "arnold", "vray", "renderman", "redshift"} <= set(MODULES)
    assert {"aftereffects", "max3ds", "cinema4d", "gaffer"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_made_from_and_that_it_was_never_run(module: str) -> None:
    text = " ".join((importlib.import_module(f"outline.modules.{module}").__doc__ or "").split())

    assert "Versions: by contract, " in text
    assert "never run against " in text
    assert "What is taken as known:" in text


@pytest.mark.parametrize("module", MODULES)
def test_the_page_lists_every_class(module: str) -> None:
    missing = [layer.__name__ for layer in layers_of(module) if f"| `{layer.__name__}` |" not in PAGE]

    assert f"`outline.modules.{module}`" in PAGE
    assert missing == []


@pytest.mark.parametrize("module", MODULES)
def test_every_class_says_its_program_and_its_rules(module: str) -> None:
    silent = [
        layer
        for layer in layers_of(module)
        if not (layer.application and layer.executable and layer.output_rules.error + layer.output_rules.fatal)
    ]

    assert silent == []


def test_no_module_imports_an_application(unmeasured: dict[str, str]) -> None:
    names = ", ".join(f"outline.modules.{module}" for module in MODULES)
    foreign = {"hou", "nuke", "maya", "pymxs", "Gaffer", "c4d", "subprocess"}

    loaded = subprocess.run(
        [sys.executable, "-c", f"import {names}, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=unmeasured,
    )

    assert foreign & set(loaded.stdout.split()) == set()
