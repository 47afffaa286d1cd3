# SPDX-License-Identifier: Apache-2.0
"""Depends of a spec: all types, and what they name inside the spec is there."""

from __future__ import annotations

import pytest

from cuebot_stub.spec import SpecError, read_spec
from tests.specs import RULES, STRICT, depend, document, job, layer, only_depend, spec

NAME = "testing-test_shot-tester_test"
OTHER = "testing-test_shot-tester_other"
LAYERS = layer("sim", "1-5") + layer("beauty", "1-10", chunk=2) + layer("comp") + layer("mail", "1", kind="Post")
PARTS = {
    "JOB_ON_": {},
    "LAYER_ON_": {"deplayer": "comp"},
    "FRAME_ON_": {"depframe": "0002-comp"},
    "_ON_JOB": {},
    "_ON_LAYER": {"onlayer": "beauty"},
    "_ON_FRAME": {"onframe": "0003-beauty"},
}
PAIRS = [f"{dep}_ON_{on}" for dep in ("JOB", "LAYER", "FRAME") for on in ("JOB", "LAYER", "FRAME")]


def refused(*jobs, depends, rules=RULES):
    with pytest.raises(SpecError) as caught:
        read_spec(spec(*(jobs or [job(LAYERS)]), depends=depends), rules)
    return caught.value


def parts_of(kind):
    dep, on = kind.split("_ON_")
    return {**PARTS[f"{dep}_ON_"], **PARTS[f"_ON_{on}"]}


@pytest.mark.parametrize("kind", PAIRS)
def test_jobs_layers_and_frames_wait_for_one_another(kind):
    parts = parts_of(kind)

    found = only_depend(job(LAYERS), job(LAYERS, name="other"), depends=depend(kind, onjob="other", **parts))

    dep = (NAME, parts.get("deplayer", ""), parts.get("depframe", ""))
    on = (OTHER, parts.get("onlayer", ""), parts.get("onframe", ""))
    assert found == (kind, False, *dep, *on)


@pytest.mark.parametrize("kind", ["FRAME_BY_FRAME", "PREVIOUS_FRAME"])
def test_frames_wait_for_those_of_another_layer_one_by_one(kind):
    found = only_depend(job(LAYERS), depends=depend(kind, deplayer="Comp", onlayer="beauty"))

    assert found == (kind, False, NAME, "comp", "", NAME, "beauty", "")


@pytest.mark.parametrize("parts", [{}, {"onlayer": "sim"}], ids=["frame", "layer and frame"])
def test_a_layer_waits_for_a_frame_of_a_simulation(parts):
    text = depend("LAYER_ON_SIM_FRAME", deplayer="comp", onframe="0005-sim", **parts)

    found = only_depend(job(LAYERS), depends=text)

    assert (found.dep_layer, found.on_frame) == ("comp", "0005-sim")


@pytest.mark.parametrize("kind", [kind for kind in PAIRS if kind != "JOB_ON_JOB"])
def test_a_depend_that_lacks_a_part_says_which(kind):
    parts = parts_of(kind)
    lacking = sorted(parts)[0]

    error = refused(depends=depend(kind, **{name: text for name, text in parts.items() if name != lacking}))

    assert error.element == "spec/depends/depend"
    assert error.reason == f"{kind} needs <{lacking}>"


@pytest.mark.parametrize(
    ("kind", "parts", "reason"),
    [
        ("FRAME_BY_FRAME", {"onlayer": "sim"}, "needs <deplayer>"),
        ("PREVIOUS_FRAME", {"deplayer": "sim"}, "needs <onlayer>"),
        ("LAYER_ON_SIM_FRAME", {"deplayer": "comp", "onlayer": "sim"}, "needs <onframe>"),
    ],
)
def test_a_depend_on_frames_that_lacks_a_part_says_which(kind, parts, reason):
    assert reason in refused(depends=depend(kind, **parts)).reason


@pytest.mark.parametrize(
    ("kind", "word", "any_frame"),
    [
        ("LAYER_ON_LAYER", "True", True),
        ("LAYER_ON_LAYER", "False", False),
        ("LAYER_ON_LAYER", "", False),
        ("FRAME_BY_FRAME", "True", False),
    ],
)
def test_any_frame_is_for_layers_on_layers(kind, word, any_frame):
    text = depend(kind, anyframe=word, deplayer="comp", onlayer="sim")

    assert only_depend(job(LAYERS), depends=text).any_frame is any_frame


def test_an_unknown_type_is_refused_with_the_known_ones():
    error = refused(depends=depend("LAYER_ON_SHOW"))

    assert "type='LAYER_ON_SHOW' must be one of JOB_ON_JOB, " in error.reason


@pytest.mark.parametrize(
    ("parts", "element", "reason"),
    [
        ({"deplayer": "cmop", "onlayer": "sim"}, "deplayer", "the job has no layer 'cmop'; did you mean 'comp'?"),
        ({"deplayer": "comp", "onlayer": "nothing"}, "onlayer", "the job has no layer 'nothing'"),
        ({"deplayer": "comp", "onlayer": "x"}, "onlayer", "the layer name 'x' cannot be used"),
        ({"deplayer": "comp", "onlayer": ""}, "onlayer", "the layer name '' cannot be used"),
        ({"depjob": "x", "deplayer": "comp", "onlayer": "sim"}, "depjob", "the job name 'x' cannot be used"),
    ],
    ids=range(5),
)
def test_layers_that_are_not_there_are_named(parts, element, reason):
    error = refused(depends=depend("JOB_ON_JOB", onjob="any") + depend("LAYER_ON_LAYER", **parts))

    assert error.element == f"spec/depends/depend[2]/{element}"
    assert reason in error.reason


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("0011-comp", "layer 'comp' has no frame '0011-comp': it is not in the range"),
        ("0002-beauty", "it is in a chunk that begins with another one"),
        ("0001-nothing", "the job has no layer 'nothing'"),
        ("1", "frames are named like 0012-beauty"),
        ("comp", "frames are named like 0012-beauty"),
        ("0001-", "frames are named like 0012-beauty"),
        ("99999999999-comp", "frames are named like 0012-beauty"),
        ("", "frames are named like 0012-beauty"),
    ],
    ids=range(8),
)
def test_frames_that_are_not_there_are_named(frame, reason):
    error = refused(depends=depend("LAYER_ON_FRAME", deplayer="sim", onframe=frame))

    assert error.element == "spec/depends/depend/onframe"
    assert reason in error.reason


def test_a_frame_belongs_to_the_layer_beside_it():
    error = refused(depends=depend("LAYER_ON_FRAME", deplayer="comp", onlayer="sim", onframe="0001-beauty"))

    assert error.reason == "'0001-beauty' is no frame of layer 'sim'"


@pytest.mark.parametrize(("written", "name"), [("00003-Beauty", "0003-beauty"), ("000007-comp", "0007-comp")])
def test_frame_names_are_conformed(written, name):
    text = depend("JOB_ON_FRAME", depjob="other", onframe=written)

    found = only_depend(job(LAYERS), job(name="other"), depends=text, rules=STRICT)

    assert found.on_frame == name


@pytest.mark.parametrize("frame", ["-001-a.b", "1234567-a.b", "1-a.b"])
def test_any_frame_of_any_layer_can_be_named_here_and_not_on_cuebot(frame):
    number, _, _ = frame.rpartition("-")
    text = depend("JOB_ON_FRAME", onjob="test", depjob="other", onframe=frame)
    jobs = job(layer("a.b", str(int(number)))), job(name="other")

    assert only_depend(*jobs, depends=text).on_frame == f"{int(number):04d}-a.b"
    assert "frame" in refused(*jobs, depends=text, rules=STRICT).reason


def test_a_frame_cannot_wait_for_itself():
    error = refused(depends=depend("FRAME_ON_FRAME", depframe="0001-sim", onframe="00001-SIM"))

    assert error.reason == "the frame '0001-sim' cannot depend on itself"


@pytest.mark.parametrize(
    "text",
    [
        depend("JOB_ON_JOB"),
        depend("LAYER_ON_JOB", deplayer="comp"),
        depend("JOB_ON_LAYER", onlayer="comp"),
        depend("LAYER_ON_LAYER", deplayer="comp", onlayer="COMP"),
        depend("FRAME_BY_FRAME", deplayer="comp", onlayer="comp"),
        depend("FRAME_ON_LAYER", depframe="0001-comp", onlayer="comp"),
        depend("LAYER_ON_SIM_FRAME", deplayer="sim", onframe="0001-sim"),
    ],
    ids=range(7),
)
def test_what_would_wait_for_itself_is_launched_by_cuebot_alone(text):
    assert "it would wait for itself" in refused(depends=text).reason
    assert only_depend(job(LAYERS), depends=text, rules=STRICT)


@pytest.mark.parametrize(
    "text",
    [
        depend("PREVIOUS_FRAME", deplayer="comp", onlayer="comp"),
        depend("FRAME_ON_FRAME", depframe="0002-comp", onframe="0001-comp"),
    ],
    ids=["previous", "frame"],
)
def test_frames_of_a_layer_may_wait_for_one_another(text):
    assert only_depend(job(LAYERS), depends=text).on_job == NAME


@pytest.mark.parametrize(
    "text",
    [
        depend("LAYER_ON_LAYER", deplayer="comp", onlayer="mail"),
        depend("LAYER_ON_FRAME", deplayer="comp", onframe="0001-mail"),
        depend("JOB_ON_LAYER", onlayer="mail"),
    ],
    ids=["layer", "frame", "job"],
)
def test_nothing_in_a_job_waits_for_what_starts_when_it_is_done(text):
    assert "a Post layer starts when the job is done" in refused(depends=text).reason


@pytest.mark.parametrize("onlayer", ["comp", "mail2"])
def test_a_post_layer_may_wait(onlayer):
    layers = LAYERS + layer("mail2", "1", kind="Post")

    found = only_depend(job(layers), depends=depend("LAYER_ON_LAYER", deplayer="mail", onlayer=onlayer))

    assert found.on_layer == onlayer


def test_another_job_may_wait_for_a_post_layer():
    text = depend("JOB_ON_LAYER", depjob="other", onlayer="mail")

    assert only_depend(job(LAYERS), job(name="other"), depends=text).on_layer == "mail"


def test_jobs_of_a_spec_wait_for_one_another():
    jobs = job(layer("first"), name="test"), job(layer("second"), name="other")

    found = only_depend(*jobs, depends=depend("LAYER_ON_LAYER", deplayer="first", onjob="other", onlayer="second"))

    assert (found.dep_job, found.on_job) == (NAME, OTHER)


def test_the_side_inside_the_spec_is_checked_also_when_the_other_one_is_outside():
    error = refused(depends=depend("LAYER_ON_LAYER", deplayer="nothing", onjob="elsewhere", onlayer="any"))

    assert error.element == "spec/depends/depend/deplayer"


def test_jobs_outside_the_spec_are_the_servers_matter():
    text = depend("FRAME_ON_FRAME", depframe="0001-sim", onjob=OTHER, onframe="9999-anything")

    found = only_depend(job(LAYERS), depends=text)

    assert (found.on_job, found.on_frame) == (OTHER, "9999-anything")


def test_a_spec_may_hold_nothing_but_depends():
    body = "<show>testing</show><shot>test_shot</shot><user>tester</user>"
    text = document(f"<spec>{body}<depends>{depend('JOB_ON_JOB', onjob='other')}</depends></spec>")

    found = read_spec(text, RULES)

    assert (found.jobs, len(found.depends)) == ((), 1)


def test_all_depends_elements_are_read():
    text = spec(job(LAYERS), depends=depend("JOB_ON_JOB", onjob="one_more"))
    text = text.replace("</spec>", f"<depends/><depends>{depend('JOB_ON_JOB', onjob='other')}</depends></spec>")

    assert [found.on_job for found in read_spec(text, RULES).depends] == [f"{NAME[:-4]}one_more", OTHER]
