# SPDX-License-Identifier: Apache-2.0
"""Job specs hold up to the farm's own definitions, to PyOutline's specs, and to the server that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from outline import Outline, config, load_outline
from outline.modules.shell import ShellCommand
from tests.launches import launcher_of, outline_of, shell, spec_text

REPOSITORY = Path(__file__).resolve().parents[4]
DEFINITIONS = REPOSITORY.parent / "shared" / "reference" / "cjsl"
OF_PYOUTLINE = REPOSITORY / "tests" / "data" / "pyoutline_specs"
VERSIONS = [f"1.{minor}" for minor in range(5, 16)]


def _plain() -> Outline:
    return outline_of()


def _full() -> Outline:
    sim = shell("sim", range="1", cores=4, memory="1.5g", gpus=1, gpu_memory="2g", timeout=5, timeout_llu=6.5)
    beauty = shell(
        "beauty",
        chunk=3,
        threadable=True,
        tags="gpu_large | my-tag",
        limits=["nuke"],
        env={"A": "<&>\"'\r\n"},
        service="maya,shell",
        require=["sim:sim"],
    )
    beauty.add_output("main", "/a b/<x>.#.exr")
    ol = outline_of(
        sim,
        beauty,
        shell("comp", require=["beauty", "comp:prev", "sim:all"], type="Util", gpu=1),
        shell("check", require=["comp:any"]),
        ShellCommand("clean", ["true"], type="Post"),
        maxcores=10,
        maxgpus=2,
        facility="cloud",
    )
    ol.set_env("EARLY", "x", pre=True)
    ol.set_arg("localbook", {"host": "ws-1.a.b", "cores": 2, "memory": 4194304, "threads": 1, "gpu": 0})
    return ol


OUTLINES: dict[str, Any] = {"plain": _plain, "everything": _full}


@pytest.mark.parametrize("simple", [False, True], ids=["pycuerun", "simple"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("outline", OUTLINES)
def test_spec_is_valid(outline: str, version: str, simple: bool) -> None:
    etree = pytest.importorskip("lxml.etree")
    path = DEFINITIONS / f"cjsl-{version}.dtd"
    if not path.exists():
        pytest.skip(f"the farm's definitions are not at {DEFINITIONS}")
    text = spec_text(
        ol=OUTLINES[outline](), version=version, simple=simple, priority=5, os="rocky9", dept="fx", pause=True
    )

    definition = etree.DTD(str(path))

    assert definition.validate(etree.fromstring(text)), str(definition.error_log)


@pytest.mark.parametrize("name", ["plain", "resources", "depends"])
def test_spec_is_that_of_pyoutline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FR", "1-5")
    config.reload()
    launcher = launcher_of(ol=load_outline(str(OF_PYOUTLINE / f"{name}.outline")), range="1-5", shot="sh010")

    ours = ElementTree.fromstring(launcher.serialize())

    assert _facts(ours) == _facts(ElementTree.parse(OF_PYOUTLINE / f"{name}.xml").getroot())


def _facts(root: Element) -> list[Any]:
    """Return a spec as nested lists, without what is of the machine."""
    inner = [_facts(child) for child in root if child.tag not in ("cmd", "uid")]
    text = root.text if not inner else ""
    return [root.tag, sorted(root.items()), (text or "").strip(), inner]


def test_server_reads_what_was_set() -> None:
    spec = pytest.importorskip("cuebot_stub.spec")
    rules = spec.SpecRules(
        facilities=frozenset({"cloud"}),
        shows=frozenset({"testing"}),
        services=frozenset({"maya", "shell"}),
        limits=frozenset({"nuke"}),
    )

    document = spec.read_spec(spec_text(ol=_full(), facility="cloud", priority=5, os="rocky9", maxretries=1), rules)

    (job,) = document.jobs
    sim, beauty, *_ = job.layers
    assert (job.name, job.priority, job.os, job.max_cores) == ("testing-sh010-tester_job_name", 5, "rocky9", 1000)
    assert (sim.min_cores, sim.memory_kb, sim.gpus, sim.timeout_llu_minutes) == (400, 1536 * 1024, 1, 7)
    assert (beauty.tags, beauty.limits, beauty.env) == (
        ("gpu_large", "my-tag"),
        ("nuke",),
        {"A": "<&>\"'"},
    )  # it takes line ends off
    assert [str(layer.frames) for layer in job.layers] == ["1", "1-10", "1-10", "1-10", "1"]
    assert sorted({depend.type for depend in document.depends}) == [
        "FRAME_BY_FRAME",
        "LAYER_ON_LAYER",
        "LAYER_ON_SIM_FRAME",
        "PREVIOUS_FRAME",
    ]
