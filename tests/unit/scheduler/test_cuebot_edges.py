# SPDX-License-Identifier: Apache-2.0
"""The edges that Cuebot makes of a dependency, compared with those that a real one has made."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from outline.frames import FrameSet, chunk_heads
from outline.scheduler.cuebot_edges import CuebotRefuses, cuebot_pairs
from outline.scheduler.plan import LayerPlan
from tests.cuebot_specs import Case, cases

TYPES = ("FRAME_BY_FRAME", "PREVIOUS_FRAME")
REFUSED, WHOLE_LAYERS = "refused", "layer on layer"

Edges = set[tuple[str, str]] | str


def _single_depends() -> Iterator[tuple[Case, ET.Element, ET.Element]]:
    """Yield the cases of one launch with one dependency between two layers of the spec."""
    for case in cases():
        if not case["kind"].startswith("dep") or len(case["steps"]) > 1:
            continue
        spec = ET.fromstring(re.sub(r"<!DOCTYPE.*?>", "", case["steps"][0]["xml"], count=1))
        depends = spec.findall("depends/depend")
        if len(depends) == 1 and depends[0].get("type") in TYPES and _has_both_ends(spec, depends[0]):
            yield case, spec, depends[0]


def _has_both_ends(spec: ET.Element, depend: ET.Element) -> bool:
    return all(_find(spec, depend, end) is not None for end in ("dep", "on"))


def _find(spec: ET.Element, depend: ET.Element, end: str) -> ET.Element | None:
    job = next((job for job in spec.iter("job") if job.get("name") == depend.findtext(f"{end}job")), None)
    layers = [] if job is None else list(job.iter("layer"))
    return next((layer for layer in layers if layer.get("name") == depend.findtext(f"{end}layer")), None)


def _layer(spec: ET.Element, depend: ET.Element, end: str) -> LayerPlan:
    layer = _find(spec, depend, end)
    assert layer is not None
    return LayerPlan(layer.attrib["name"], FrameSet(layer.findtext("range", "")), int(layer.findtext("chunk", "")))


def _cuebots(case: Case) -> Edges:
    """Return (waited for, waiting) as a real Cuebot has told them of the first 30 frames of each job."""
    if "error" in case["cuebot"]["launches"][0]:
        return REFUSED
    told = [edge for job in case["cuebot"]["jobs"] for edge in job["frame_waits_for"]]
    if any(kind == "LAYER_ON_LAYER" for kind, *_ in told):
        return WHOLE_LAYERS
    return {(on.split("/")[2], er.split("/")[2]) for kind, _, _, _, er, on in told if kind == "FRAME_ON_FRAME"}


def _ours(spec: ET.Element, depend: ET.Element) -> Edges:
    er, on = _layer(spec, depend, "dep"), _layer(spec, depend, "on")
    across_jobs = depend.findtext("depjob") != depend.findtext("onjob")
    try:
        pairs = cuebot_pairs(str(depend.get("type")), er, on, across_jobs=across_jobs)
    except CuebotRefuses:
        return REFUSED
    if pairs is None:
        return WHOLE_LAYERS
    names = {layer: [f"{head:04d}-{layer.name}" for head in _heads(layer)] for layer in (er, on)}
    return {(names[on][target], names[er][waiter]) for target, waiter in pairs if waiter < 30}


def _heads(layer: LayerPlan) -> FrameSet:
    return chunk_heads(layer.frames, layer.chunk)


def test_edges_are_those_of_a_real_cuebot():
    found = {case["id"]: (_ours(spec, depend), _cuebots(case)) for case, spec, depend in _single_depends()}

    assert {id: ours for id, (ours, _) in found.items()} == {id: theirs for id, (_, theirs) in found.items()}
    assert len(found) >= 77


def test_refusal_says_which_frame_it_is_about():
    er, on = LayerPlan("comp", FrameSet("1-12"), 4), LayerPlan("beauty", FrameSet("5-12"))

    assert cuebot_pairs("FRAME_BY_FRAME", er, LayerPlan("beauty", FrameSet("1-12"))) is not None
    with pytest.raises(CuebotRefuses, match="the layer beauty begins with frame 5, so frame 1 is in none"):
        cuebot_pairs("FRAME_BY_FRAME", er, on)
