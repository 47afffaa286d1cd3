# SPDX-License-Identifier: Apache-2.0
"""What modules cost: nothing, until an outline asks for one, and then next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import outline.modules
from tests.conftest import REPOSITORY

MODULES = sorted(
    path.stem for path in Path(str(outline.modules.__file__)).parent.glob("*.py") if path.stem != "__init__"
)

_MOST_MS = 10.0
# The first try compiles, and the machine that tests may be busy; so the fastest one counts.
_TRIES = 5

_MEASURE = """
import sys, time
import outline, outline.layer, outline.loader, outline.modules, outline.modules.render
begin = time.process_time()
__import__("outline.modules.{module}")
print((time.process_time() - begin) * 1000)
"""


@pytest.fixture
def compiled(unmeasured: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment in which Python keeps what it has compiled, as it does for an installed package."""
    return {**unmeasured, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}


def python(code: str, environ: dict[str, str]) -> str:
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY, env=environ
    )
    return done.stdout


def test_the_library_loads_no_module(unmeasured: dict[str, str]) -> None:
    loaded = python("import outline, outline.layer, outline.session, sys; print(*sys.modules)", unmeasured).split()

    assert [name for name in loaded if name.startswith(("outline.modules.", "outline.rendering"))] == []


@pytest.mark.parametrize("module", [name for name in MODULES if name != "render"])
def test_a_module_costs_less_than_ten_milliseconds(module: str, compiled: dict[str, str]) -> None:
    code = _MEASURE.format(module=module)

    fastest = min(float(python(code, compiled)) for _ in range(_TRIES))

    assert fastest < _MOST_MS


def test_the_base_of_all_modules_costs_less_than_ten_milliseconds_more_than_layers(compiled: dict[str, str]) -> None:
    code = _MEASURE.replace(", outline.modules.render\n", ", outline.io, outline.modules.shell\n").format(
        module="render"
    )

    fastest = min(float(python(code, compiled)) for _ in range(_TRIES))

    assert fastest < _MOST_MS


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_no_application(module: str, unmeasured: dict[str, str]) -> None:
    heavy = {"bpy", "OpenImageIO", "numpy", "mitsuba", "nuke", "hou", "maya", "subprocess", "asyncio"}

    loaded = set(python(f"import outline.modules.{module}, sys; print(*sys.modules)", unmeasured).split())

    assert loaded & heavy - {"subprocess"} == set()
