# SPDX-License-Identifier: Apache-2.0
"""What modules cost: nothing, until an outline asks for one, and then next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import outline.modules
from tests.conftest import REPOSITORY, unmeasured_environ

MODULES = sorted(
    path.stem for path in Path(str(outline.modules.__file__)).parent.glob("*.py") if path.stem != "__init__"
)

_MOST_MS = 10.0
_YARDSTICK = "optparse"  # a module of the standard library, whose cost tells how slow this machine is just now
_MOST_YARDSTICKS = 2.5

# Each module is imported in forks of a process that has what every outline has. The machine may be busy, so it is the
# time of the processor that counts, of the best of some tries.
_MEASURE = """
import json, os, sys, time
import outline, outline.io, outline.layer, outline.loader, outline.modules.shell
heavy = ["bpy", "OpenImageIO", "numpy", "mitsuba", "nuke", "hou", "maya", "socket", "asyncio", "yaml"]
print("[")
sys.stdout.flush()
for module in [{yardstick!r}, *{modules!r}]:
    for _ in range(6):
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
            continue
        begin = time.process_time()
        __import__(module if module == {yardstick!r} else "outline.modules." + module)
        cost = (time.process_time() - begin) * 1000
        print(json.dumps([module, cost, [name for name in heavy if name in sys.modules]]), ",")
        sys.stdout.flush()
        os._exit(0)
print("[]]")
"""

Costs = list[tuple[str, float, list[str]]]


def python(code: str, environ: dict[str, str]) -> str:
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY, env=environ
    )
    return done.stdout


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Costs:
    """Measure what each module costs, with what Python has compiled kept, as it is for an installed package."""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}
    environ = {**unmeasured_environ(), **compiled}
    return [
        tuple(row) for row in json.loads(python(_MEASURE.format(modules=MODULES, yardstick=_YARDSTICK), environ))[:-1]
    ]


def test_the_library_loads_no_module(unmeasured: dict[str, str]) -> None:
    loaded = python("import outline, outline.layer, outline.session, sys; print(*sys.modules)", unmeasured).split()

    assert [name for name in loaded if name.startswith(("outline.modules.", "outline.io.attempt"))] == []


def test_a_module_costs_less_than_ten_milliseconds(costs: Costs) -> None:
    fastest = {module: min(cost for name, cost, _ in costs if name == module) for module in (_YARDSTICK, *MODULES)}

    most = max(_MOST_MS, _MOST_YARDSTICKS * fastest[_YARDSTICK])
    assert {module: cost for module, cost in fastest.items() if cost >= most} == {}


def test_a_module_imports_no_application(costs: Costs) -> None:
    assert {module: heavy for module, _, heavy in costs if heavy} == {}
