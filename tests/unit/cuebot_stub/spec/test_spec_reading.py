# SPDX-License-Identifier: Apache-2.0
"""What a spec says, element by element, and what is said about one that cannot be launched.

Which specs are accepted, and what they become, is compared with a real Cuebot in ``tests/farm/test_cuebot_specs.py``.
"""

from __future__ import annotations

import pytest

from cuebot_stub.spec import LocalBook, SpecError, SpecRules, read_spec
from outline.frames import FrameSet
from tests.specs import RULES, STRICT, depend, document, job, layer, only_depend, only_job, only_layer, spec

GB = 1024**2
NAME, OTHER = "testing-test_shot-tester_test", "testing-test_shot-tester_other"
LAYERS = layer("sim", "1-5") + layer("beauty", "1-10", chunk=2) + layer("comp") + layer("mail", "1", kind="Post")


def refusal(text: str, rules: SpecRules = RULES) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read_spec(text, rules)
    return caught.value


def refused_layer(after: str = "", **parts: object) -> SpecError:
    return refusal(spec(job(layer(after=after, **parts))))  # type: ignore[arg-type]


# -- all that can be said --------------------------------------------------------------------------------------


def test_layer_that_says_little_leaves_the_rest_to_its_service():
    found = only_layer()

    nothing = (None, None, None, None, None, None, None, None)
    assert found._replace(frames=FrameSet([])) == (
        "beauty", "Render", "render #IFRAME#", "1-10", FrameSet([]), 1, *nothing, (), {}, ("default",), (),
    )  # fmt: skip


def test_layer_that_says_everything_keeps_it():
    found = only_layer(
        "<cores>2.5</cores><threadable>True</threadable><memory>4g</memory><gpus>2</gpus><gpu>1g</gpu>"
        "<gpu_memory>3g</gpu_memory><timeout>90</timeout><timeout_llu>0</timeout_llu><tags>general | gpu_host</tags>"
        "<limits><limit>nuke</limit><limit/><limit> nuke </limit></limits>"
        "<env><key name='A'> a=b; 'c' &amp; &lt;tag&gt; é </key><key name='EMPTY'/></env><env><key name='B'/></env>"
        "<services><service>arnold</service></services><outputs><output name='rgb'>/x/a.#.exr</output>"
        "<output name='z'>/x/a.#.exr</output></outputs>",
        name="Beauty-Pass",
        frames="10-1",
        chunk=4,
        kind="Util",
    )

    env = {"A": "a=b; 'c' & <tag> é", "EMPTY": ""}
    assert found == (
        "beauty_pass", "Util", "render #IFRAME#", "10-1", FrameSet("10-1"), 4, 250, True, 4 * GB, 2, 3 * GB, 90, 0,
        ("general", "gpu_host"), ("nuke",), env, ("arnold",), ("/x/a.#.exr",),
    )  # fmt: skip


def test_job_that_says_little_gets_the_farms_defaults():
    assert only_job(spec())[:10] == (NAME, False, 1, 1, None, None, False, "", None, {})


def test_job_that_says_everything_keeps_it():
    before = (
        "<paused>yes</paused><priority>-7</priority><maxretries>5</maxretries><maxcores>12</maxcores>"
        "<maxgpus>3</maxgpus><autoeat>On</autoeat>"
        '<localbook host="desk" cores="2" memory="4194304" threads="1" gpu="0"/>'
        "<os>rocky9</os><env><key name='A'>1</key></env>"
    )

    found = only_job(spec(job(before=before)), STRICT)

    assert found[1:10] == (True, -7, 1, 1200, 3, True, "rocky9", LocalBook("desk", 2, 4194304, 1, 0), {"A": "1"})


def test_document_tells_who_and_where():
    found = read_spec(spec(before="<facility>Cloud</facility>", after="<email>a@b</email><uid>1001</uid>"), RULES)

    assert found[:6] == ("cloud", "testing", "test_shot", "tester", 1001, "a@b")
    assert read_spec(spec(after=""), RULES)[:6] == (None, "testing", "test_shot", "tester", None, "")


@pytest.mark.parametrize("parts", [{"user": "root"}, {"after": "<uid>0</uid>"}], ids=["name", "number"])
def test_root_launches_here_and_not_on_cuebot(parts: dict[str, str]):
    assert read_spec(spec(**parts), RULES).jobs
    assert refusal(spec(**parts), STRICT).reason == "Cannot launch jobs as root."


def test_spec_without_jobs_makes_nothing_and_only_cuebot_says_yes_to_that():
    text = document("<spec><show>testing</show><shot>abc</shot><user>me</user></spec>")

    assert read_spec(text, STRICT).jobs == ()
    assert refusal(text).reason == "the spec has no job"


# -- what is refused is named ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "element", "reason"),
    [
        (spec(before="<facility>Moon</facility>"), "facility", "no facility 'moon'; there are cloud, local"),
        (spec(before="<facility> </facility>"), "facility", "no facility ''"),
        (spec(show="testin"), "show", "did you mean 'testing'"),
        (spec(show=""), "show", "there are other, testing"),
        (spec(shot="a/bc"), "shot", "cannot be used"),
        (spec(shot="s" * 65), "shot", "the shot has 65 characters; use at most 64"),
        (spec(user="../../etc"), "user", "it becomes a part of file names"),
        (spec(user="a\nb"), "user", "it becomes a part of file names"),
        (spec(user="u" * 33), "user", "33 characters; use at most 32"),
        (spec(after="<uid>me</uid>"), "uid", "'me' is not a whole number"),
        (spec(after=f"<email>{'e' * 257}</email>"), "email", "257 characters; use at most 256"),
        (spec(job(name="a:bc")), "job", "the job name 'a:bc' cannot be used"),
        (spec(job(name="x" * 240)), "job", "use at most 255"),
        (spec(job(layer(), layer(name="post", kind="Post"), name="x" * 210)), "job", "the job of the Post layers"),
        (spec(job(name="one"), job(name="ONE")), "job[2]", "already has a job 'testing-test_shot-tester_one'"),
        (spec(job(layer(kind="Post"))), "job", "the job has no layers, or only Post layers"),
        (spec(job(before="<maxcores>1.5</maxcores>")), "job/maxcores", "'1.5' is not a whole number"),
        (spec(job(before="<os>a_system_with_a_long_name</os>")), "job/os", "use at most 12"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_what_is_wrong_around_layers_is_named(text: str, element: str, reason: str):
    error = refusal(text)

    assert error.element == f"spec/{element}"
    assert reason in error.reason


@pytest.mark.parametrize(
    ("parts", "element", "reason"),
    [
        ({"name": "été"}, "", "layer name"),
        ({"name": "x" * 252}, "", "has 257 characters; use at most 256"),
        ({"chunk": "0"}, "/chunk", "give 1 or more"),
        ({"cmd": "x" * 4001}, "/cmd", "4001 characters; use at most 4000"),
        ({"after": "<cores>two</cores>"}, "/cores", "not a whole number"),
        ({"after": "<memory>1.5g</memory>"}, "/memory", "write it like '512m', '1.5m' or '4g'; '4' alone means GB"),
        ({"after": "<timeout>1:30</timeout>"}, "/timeout", "not a whole number"),
        ({"after": "<gpus>2147483648</gpus>"}, "/gpus", "too large"),
        ({"after": f"<gpus>{'9' * 5000}</gpus>"}, "/gpus", "not a whole number"),
        ({"after": "<tags>general|x</tags>"}, "/tags", "the tag 'x' cannot be used"),
        ({"after": f"<tags>{'|'.join(f'tag{n:04}' for n in range(500))}</tags>"}, "/tags", "use at most 4000"),
        ({"after": f"<env><key name='A'>{'x' * 2049}</key></env>"}, "/env/key", "use at most 2048"),
        ({"after": f"<services><service>{'s' * 129}</service></services>"}, "", "use at most 128"),
        (
            {"after": f"<outputs><output name='a'>{'/' * 2049}</output></outputs>"},
            "/outputs/output",
            "use at most 2048",
        ),
        (
            {"after": "<limits><limit>nuke</limit><limit>arnold_licence</limit></limits>"},
            "/limits/limit[2]",
            "no limit 'arnold_licence'; did you mean 'arnold_license'?",
        ),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_wrong_in_a_layer_is_named(parts: dict[str, str], element: str, reason: str):
    error = refused_layer(**parts)

    assert error.element == f"spec/job/layers/layer{element}"
    assert reason in error.reason


def test_layers_of_one_name_are_refused_even_when_written_differently():
    with pytest.raises(SpecError, match=r"layer\[2\].*already has a layer 'a_b_c'"):
        only_job(spec(job(layer("a-b-c"), layer("A_b_c"))))


# -- dependencies --------------------------------------------------------------------------------------------------


def test_dependency_has_what_its_type_needs_and_no_more():
    text = depend("FRAME_ON_LAYER", deplayer="beauty", depframe="00002-Comp", onjob="other", onlayer="Beauty")

    found = only_depend(job(LAYERS), job(LAYERS, name="other"), depends=text)

    assert found[:8] == ("FRAME_ON_LAYER", False, NAME, "", "0002-comp", OTHER, "beauty", "")


@pytest.mark.parametrize(("kind", "any_frame"), [("LAYER_ON_LAYER", True), ("FRAME_BY_FRAME", False)])
def test_any_frame_is_for_layers_on_layers(kind: str, any_frame: bool):
    text = depend(kind, anyframe="True", deplayer="comp", onlayer="sim")

    assert only_depend(job(LAYERS), depends=text).any_frame is any_frame


@pytest.mark.parametrize(
    ("kind", "parts", "element", "reason"),
    [
        ("LAYER_ON_SHOW", {}, "", "type='LAYER_ON_SHOW' must be one of JOB_ON_JOB, "),
        (
            "LAYER_ON_FRAME",
            {"deplayer": "sim", "onframe": "0001-comp"},
            "",
            "use LAYER_ON_SIM_FRAME, which means the same",
        ),
        ("FRAME_BY_FRAME", {"onlayer": "sim"}, "", "FRAME_BY_FRAME needs <deplayer>"),
        ("LAYER_ON_SIM_FRAME", {"deplayer": "comp", "onlayer": "sim"}, "", "needs <onframe>"),
        ("LAYER_ON_LAYER", {"deplayer": "cmop", "onlayer": "sim"}, "/deplayer", "did you mean 'comp'?"),
        ("LAYER_ON_LAYER", {"deplayer": "comp", "onlayer": "x"}, "/onlayer", "the layer name 'x' cannot be used"),
        ("JOB_ON_JOB", {"depjob": "x"}, "/depjob", "the job name 'x' cannot be used"),
        ("LAYER_ON_LAYER", {"deplayer": "comp", "onlayer": "mail"}, "/onlayer", "is a Post layer"),
        ("LAYER_ON_LAYER", {"deplayer": "mail", "onlayer": "comp"}, "/deplayer", "is a Post layer"),
        ("FRAME_ON_FRAME", {"depframe": "0001-sim", "onframe": "00001-SIM"}, "", "cannot depend on itself"),
        ("FRAME_ON_FRAME", {"depframe": "0001-sim", "onframe": "0011-comp"}, "/onframe", "it is not in the range"),
        ("FRAME_ON_FRAME", {"depframe": "0001-sim", "onframe": "0002-beauty"}, "/onframe", "it is in a chunk that"),
        ("FRAME_ON_FRAME", {"depframe": "0001-sim", "onframe": "1-comp"}, "/onframe", "4 to 6 digits"),
        ("FRAME_ON_FRAME", {"depframe": "0001-sim", "onframe": "0001-a.b"}, "/onframe", "without dots"),
    ],
    ids=range(14),
)
def test_dependency_that_cannot_be_is_named(kind: str, parts: dict[str, str], element: str, reason: str):
    depends = depend("JOB_ON_JOB", onjob="elsewhere") + depend(kind, **parts)

    error = refusal(spec(job(LAYERS), depends=depends))

    assert error.element == f"spec/depends/depend[2]{element}"
    assert reason in error.reason


def test_jobs_outside_the_spec_are_the_servers_matter():
    text = depend("FRAME_ON_FRAME", depframe="0001-sim", onjob=OTHER, onframe="9999-anything")

    found = only_depend(job(LAYERS), depends=text)

    assert (found.on_job, found.on_frame) == (OTHER, "9999-anything")
