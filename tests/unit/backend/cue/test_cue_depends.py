# SPDX-License-Identifier: Apache-2.0
"""Dependencies between layers as a farm has them."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest

from outline.depend import Depend, DependType
from outline.exception import LaunchException
from tests.launches import outline_of, shell, spec_of, spec_text


def _depend(*layers: Any, **args: Any) -> Element:
    (depend,) = spec_of(*layers, **args).findall("depends/depend")
    return depend


def _facts(depend: Element) -> dict[str, str | None]:
    return {"type": depend.get("type"), "any": depend.get("anyframe"), **{part.tag: part.text for part in depend}}


@pytest.mark.parametrize(
    ("require", "type_and_any"),
    [
        ("beauty", ("FRAME_BY_FRAME", "False")),
        ("beauty:all", ("LAYER_ON_LAYER", "False")),
        ("beauty:any", ("LAYER_ON_LAYER", "True")),
        ("beauty:prev", ("PREVIOUS_FRAME", "False")),
    ],
)
def test_type_of_a_dependency_is_sent(require: str, type_and_any: tuple[str, str]) -> None:
    facts = _facts(_depend(shell("beauty"), shell("comp", require=[require])))

    assert facts == {
        "type": type_and_any[0],
        "any": type_and_any[1],
        "depjob": "job_name",
        "deplayer": "comp",
        "onjob": "job_name",
        "onlayer": "beauty",
    }


@pytest.mark.parametrize(
    ("sim", "expected"),
    [
        ({"range": "5-10", "chunk": 100}, ("LAYER_ON_SIM_FRAME", "0005-sim_a", None)),
        ({"chunk": 5}, ("LAYER_ON_LAYER", None, "Sim-a")),
    ],
    ids=["one chunk", "several chunks"],
)
def test_simulation_of_one_chunk_is_a_frame_and_else_a_layer(
    sim: dict[str, Any], expected: tuple[str, str | None, str | None]
) -> None:
    facts = _facts(_depend(shell("Sim-a", **sim), shell("comp", require=["Sim-a:sim"])))

    assert (facts["type"], facts.get("onframe"), facts.get("onlayer")) == expected


def test_simulation_is_a_layer_where_a_version_cannot_name_a_frame(caplog: pytest.LogCaptureFixture) -> None:
    facts = _facts(_depend(shell("sim", range="1"), shell("comp", require=["sim:sim"]), version="1.14"))

    assert (facts["type"], facts["onlayer"]) == ("LAYER_ON_LAYER", "sim")
    assert "spec version 1.14 cannot carry onframe of the dependency of layer 'comp'" in caplog.text


@pytest.mark.parametrize("depend_type", [DependType.FrameByFrame, DependType.LayerOnSimFrame, DependType.LayerOnAny])
def test_any_frame_counts_whatever_the_type(depend_type: str) -> None:
    beauty, comp = shell("beauty"), shell("comp")
    comp._ol_state.depends.append(Depend(comp, beauty, depend_type, any_frame=True))

    facts = _facts(_depend(beauty, comp))

    assert (facts["type"], facts["any"]) == ("LAYER_ON_LAYER", "True")


def test_layer_may_wait_for_its_own_frames() -> None:
    facts = _facts(_depend(shell("beauty", require=["beauty:prev"])))

    assert (facts["type"], facts["deplayer"], facts["onlayer"]) == ("PREVIOUS_FRAME", "beauty", "beauty")


def test_frames_wait_one_by_one_where_the_farm_has_no_other_way() -> None:
    spec = spec_of(shell("beauty", chunk=4), shell("comp", chunk=3, require=["beauty"]))

    depends = [_facts(one) for one in spec.iter("depend")]

    assert depends[1] == {
        "type": "FRAME_ON_FRAME",
        "any": "False",
        "depjob": "job_name",
        "depframe": "0004-comp",
        "onjob": "job_name",
        "onframe": "0001-beauty",
    }
    assert [(one["depframe"], one["onframe"]) for one in depends[2:4]] == [
        ("0004-comp", "0005-beauty"),
        ("0007-comp", "0005-beauty"),
    ]


def test_frames_that_wait_for_more_than_they_need_are_told(caplog: pytest.LogCaptureFixture) -> None:
    depend = _depend(shell("beauty.left", chunk=4), shell("comp", chunk=3, require=["beauty.left"]))

    assert (depend.get("type"), depend.findtext("onlayer")) == ("LAYER_ON_LAYER", "beauty.left")
    assert "on the farm all of it waits for all of 'beauty.left', since depends cannot name" in caplog.text


def test_chunks_that_cannot_wait_for_each_other_are_refused() -> None:
    with pytest.raises(LaunchException, match=r"layer 'sim\.a' .*: its chunks cannot wait for each other on a farm"):
        spec_of(shell("sim.a", chunk=4, require=["sim.a:prev"]))


def test_two_types_between_the_same_layers_are_both_sent() -> None:
    spec = spec_of(shell("beauty"), shell("comp", require=["beauty", "beauty:prev"]))

    assert [one.get("type") for one in spec.iter("depend")] == ["FRAME_BY_FRAME", "PREVIOUS_FRAME"]


def test_post_layer_waits_by_nature() -> None:
    spec = spec_of(shell("beauty"), shell("clean", type="Post", require=["beauty:all"]))

    assert spec.findall("depends/depend") == []


def test_post_layers_run_together(caplog: pytest.LogCaptureFixture) -> None:
    spec_of(shell("beauty"), shell("clean", type="Post"), shell("mail", type="Post", require=["clean:all"]))

    assert "a farm cannot carry that Post layer 'mail' waits for 'clean'" in caplog.text


def test_layer_that_waits_for_a_post_layer_would_wait_for_ever() -> None:
    ol = outline_of(shell("clean", type="Post"), shell("beauty", require=["clean:all"]))

    with pytest.raises(LaunchException, match="waits for the Post layer 'clean', which runs when all others are done"):
        spec_text(ol=ol)
