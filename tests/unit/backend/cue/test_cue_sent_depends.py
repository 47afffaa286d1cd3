# SPDX-License-Identifier: Apache-2.0
"""What is sent makes Cuebot wait for exactly what the outline means, or for more, and it takes it all."""

from __future__ import annotations

import itertools
import time
from functools import cache

import pytest

from outline.backend.cue.sent_depends import MOST_FRAME_DEPENDS, Decision, SentDepend, sent_depends
from outline.exception import LaunchException
from outline.frames import FrameSet, chunk_heads
from outline.scheduler.cuebot_edges import cuebot_pairs
from outline.scheduler.edges import frame_edges, layer_edge
from outline.scheduler.plan import DependPlan, LayerPlan

FBF, PREVIOUS, SIM = ("FRAME_BY_FRAME", False), ("PREVIOUS_FRAME", False), ("LAYER_ON_SIM_FRAME", False)
ALL, ANY = ("LAYER_ON_LAYER", False), ("LAYER_ON_LAYER", True)

RANGES = ["1-12", "1-10", "3-6", "5-8", "11-20", "12-1", "1-10x2", "1-10:5", "7"]
CHUNKS = [1, 2, 3, 4, 100]

Kind = tuple[str, bool]
Edges = set[tuple[str, str]]


@cache
def _layer(name: str, text: str, chunk: int = 1) -> LayerPlan:
    return LayerPlan(name, FrameSet(text), chunk)


def _names(layer: LayerPlan) -> list[str]:
    return _chunk_names(layer.name, str(layer.frames), layer.chunk)


@cache
def _chunk_names(name: str, text: str, chunk: int) -> list[str]:
    return [f"{head:04d}-{name}" for head in chunk_heads(FrameSet(text), chunk)]


def _on_cuebot(decision: Decision, waiting: LayerPlan, on: LayerPlan) -> Edges:
    """The edges (waiting, waited for) that Cuebot makes of what is sent; one edge twice makes it refuse the job."""
    signatures: list[object] = []
    edges: list[tuple[str, str]] = []
    for depend in decision.depends:
        made: list[tuple[str, str]] | None
        if depend.type == "FRAME_ON_FRAME":
            made = [(depend.waiting_frame, depend.on_frame)]
        elif depend.type == "LAYER_ON_SIM_FRAME":
            made = [(name, depend.on_frame) for name in _names(waiting)]
        elif depend.type == "LAYER_ON_LAYER":
            made = None
        else:
            pairs = cuebot_pairs(depend.type, waiting, on)
            made = None if pairs is None else [(_names(waiting)[er], _names(on)[target]) for target, er in pairs]
        signatures += ["layer on layer"] if made is None else made
        edges += itertools.product(_names(waiting), _names(on)) if made is None else made
    assert len(signatures) == len(set(signatures)), "Cuebot takes nothing twice"
    return set(edges)


def _by_scheduler(kind: Kind, waiting: LayerPlan, on: LayerPlan) -> Edges:
    """The edges that the scheduler of the local backend makes, found by what an end of each chunk releases."""
    depend = DependPlan(waiting.name, on.name, *kind)
    if layer_edge(depend, 1, 0):
        return set(itertools.product(_names(waiting), _names(on)))
    made = frame_edges(depend, [on, waiting], 1, 0, len(_names(on)))
    names = _names(waiting)
    return {(names[place], name) for target, name in enumerate(_names(on)) for place in made.waiting_for(target)}


@pytest.mark.parametrize("waiting", RANGES)
def test_frames_wait_on_cuebot_for_what_the_outline_means(waiting: str) -> None:
    for on_range, er_chunk, on_chunk in itertools.product(RANGES, CHUNKS, CHUNKS):
        er, on = _layer("comp", waiting, er_chunk), _layer("beauty", on_range, on_chunk)
        meant = {kind: _by_scheduler(kind, er, on) for kind in (FBF, PREVIOUS, SIM)}
        for kinds in ([FBF], [PREVIOUS], [SIM], [FBF, PREVIOUS], [FBF, SIM, PREVIOUS]):
            decision = sent_depends(kinds, er, on)

            assert _on_cuebot(decision, er, on) == set().union(*map(meant.get, kinds)), (kinds, er, on)
            assert decision.warning == ""


@pytest.mark.parametrize("kinds", [[ALL, FBF], [FBF, ALL, ANY], [PREVIOUS, SIM, ALL]], ids=str)
def test_whole_layer_includes_all_else(kinds: list[Kind]) -> None:
    for er_chunk, on_chunk in itertools.product(CHUNKS, CHUNKS):
        er, on = _layer("comp", "1-12", er_chunk), _layer("beauty", "1-12", on_chunk)

        decision = sent_depends(kinds, er, on)

        assert _on_cuebot(decision, er, on) == set(itertools.product(_names(er), _names(on))), (er, on)
        assert all(depend.type != "FRAME_ON_FRAME" and not depend.any_frame for depend in decision.depends)


def test_chunks_of_a_simulation_run_one_after_the_other() -> None:
    sim = _layer("Sim-a", "1-12", 4)

    decision = sent_depends([PREVIOUS], sim, sim)

    assert decision.depends == [
        SentDepend("FRAME_ON_FRAME", False, "0005-sim_a", "0001-sim_a"),
        SentDepend("FRAME_ON_FRAME", False, "0009-sim_a", "0005-sim_a"),
    ]


@pytest.mark.parametrize("kinds", [[FBF], [PREVIOUS], [ALL], [ANY], [FBF, PREVIOUS], [ALL, FBF], [SIM]], ids=str)
def test_what_cuebot_makes_exactly_is_sent_as_it_is(kinds: list[Kind]) -> None:
    er, on = _layer("comp", "1-10"), _layer("beauty", "1" if kinds == [SIM] else "1-10")

    depends = sent_depends(kinds, er, on).depends

    assert [depend[:2] for depend in depends] == kinds


@pytest.mark.parametrize(
    ("er", "on", "version", "reason"),
    [
        (_layer("comp.left", "1-12", 3), _layer("beauty", "1-12", 4), "", "cannot name the frame 0012-comp.left;"),
        (_layer("comp", "1-12", 3), _layer("beauty.left", "1-12", 4), "", "use a layer name without '.'"),
        (_layer("comp", "999998-1000003", 2), _layer("beauty", "999998-1000003", 3), "", "frames below 1000000"),
        (_layer("comp", "1-12", 3), _layer("beauty", "1-12", 4), "1.14", "spec version 1.14 cannot name frames"),
        (_layer("comp", "1-20000", 2), _layer("beauty", "1-20000", 3), "", f"{MOST_FRAME_DEPENDS} at most"),
    ],
    ids=["waiting layer with a dot", "dot", "seven digits", "version", "very many"],
)
@pytest.mark.parametrize("kinds", [[FBF], [FBF, ANY], [ANY, FBF, PREVIOUS]], ids=str)
def test_layer_waits_as_a_whole_where_frames_cannot_be_told(
    er: LayerPlan, on: LayerPlan, version: str, reason: str, kinds: list[Kind]
) -> None:
    decision = sent_depends(kinds, er, on, version)

    assert decision.depends == [SentDepend("LAYER_ON_LAYER")]
    assert reason in decision.warning


def test_layer_cannot_wait_as_a_whole_for_itself() -> None:
    sim = _layer("sim.a", "1-12", 4)

    with pytest.raises(LaunchException, match="its chunks cannot wait for each other on a farm: depends cannot name"):
        sent_depends([PREVIOUS], sim, sim)


def test_simulation_that_cannot_be_named_is_a_layer() -> None:
    decision = sent_depends([SIM], _layer("comp", "1-12"), _layer("sim.a", "1-4", 10))

    assert decision == Decision([SentDepend("LAYER_ON_LAYER")])


def test_largest_job_is_decided_in_a_moment() -> None:
    er, on = _layer("comp", "1-100000"), _layer("beauty", "1-100000")
    begun = time.process_time()

    decision = sent_depends([FBF, PREVIOUS], er, on)

    assert [depend.type for depend in decision.depends] == ["FRAME_BY_FRAME", "PREVIOUS_FRAME"]
    assert time.process_time() - begun < 20
