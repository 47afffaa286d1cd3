# SPDX-License-Identifier: Apache-2.0
"""What a user sets is in the job spec, field by field, and what a version of the spec lacks is told."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from outline.exception import ConfigException, LaunchException
from outline.frames import FrameSet
from outline.modules.shell import Shell, ShellCommand
from tests.launches import job_of, layer_of, outline_of, shell, spec_of, spec_text, texts

LOCALBOOK = {"host": "ws1", "cores": 2, "memory": "4194304", "threads": "1", "gpu": "0"}


# -- the document ------------------------------------------------------------------------------------------------


def test_document_names_its_type_and_version() -> None:
    lines = spec_text(version="1.12").splitlines()

    assert lines[0] == '<?xml version="1.0"?>'
    assert lines[1] == (
        '<!DOCTYPE spec PUBLIC "SPI Cue  Specification Language" "http://localhost:8080/spcue/dtd/cjsl-1.12.dtd">'
    )


@pytest.mark.parametrize("version", ["1.4", "1.16", "2.0", "latest", ""])
def test_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(ConfigException, match=r"give a version from 1\.5 to 1\.15"):
        spec_text(version=version)


@pytest.mark.parametrize(
    ("flags", "path", "text"),
    [
        ({"facility": "cloud"}, "facility", "cloud"),
        ({"dept": "fx"}, "dept", "fx"),
        ({"show": "other"}, "show", "other"),
        ({"shot": "sh-020"}, "shot", "sh-020"),
        ({"user": "ann"}, "user", "ann"),
        ({"user": "ann"}, "email", "ann@example.com"),
        ({"pause": True}, "job/paused", "True"),
        ({"pause": False}, "job/paused", "False"),
        ({"priority": 80}, "job/priority", "80"),
        ({"priority": "80"}, "job/priority", "80"),
        ({"maxretries": "0"}, "job/maxretries", "0"),
        ({"maxretries": 5}, "job/maxretries", "5"),
        ({"autoeat": True}, "job/autoeat", "True"),
        ({"autoeat": None}, "job/autoeat", "False"),
        ({"os": "rocky9"}, "job/os", "rocky9"),
    ],
    ids=lambda value: str(value),
)
def test_flag_is_in_the_spec(flags: dict[str, Any], path: str, text: str) -> None:
    assert spec_of(**flags).findtext(path) == text


def test_no_mail_leaves_out_the_address() -> None:
    assert spec_of(nomail=True).find("email") is None


def test_operating_system_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OL_OS", "rhel9")

    assert job_of().findtext("os") == "rhel9"


def test_empty_facility_is_left_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_FACILITY", "")

    assert spec_of(facility="").find("facility") is None


def test_most_cores_and_gpus_of_the_job_are_in_the_spec() -> None:
    job = job_of(ol=outline_of(maxcores=12, maxgpus=3))

    assert (job.findtext("maxcores"), job.findtext("maxgpus")) == ("12", "3")


def test_machine_of_the_user_is_booked_when_all_is_told() -> None:
    whole, part = outline_of(), outline_of()
    whole.set_arg("localbook", LOCALBOOK)
    part.set_arg("localbook", {"host": "ws1", "cores": 2, "gpu": 0})

    book = job_of(ol=whole).find("localbook")

    assert book is not None
    assert dict(book.attrib) == {"host": "ws1", "cores": "2", "memory": "4194304", "threads": "1", "gpu": "0"}
    with pytest.raises(LaunchException, match="missing: memory, threads"):
        spec_text(ol=part)


@pytest.mark.parametrize(
    ("simple", "sent"), [(False, {"EARLY": "a b"}), (True, {"EARLY": "a b", "LATE": "c"})], ids=["pycuerun", "simple"]
)
def test_variables_that_no_pycuerun_sets_are_the_jobs(simple: bool, sent: dict[str, str]) -> None:
    ol = outline_of()
    ol.set_env("EARLY", "a b", pre=True)
    ol.set_env("LATE", "c")

    job = job_of(ol=ol, simple=simple)

    assert {key.get("name"): key.text for key in job.findall("env/key")} == sent


@pytest.mark.parametrize("flags", [{"priority": "high"}, {"priority": -1}, {"maxretries": "many"}, {"maxretries": -1}])
def test_flag_that_is_no_number_is_refused(flags: dict[str, Any]) -> None:
    with pytest.raises(LaunchException, match="must be a whole number from 0 on"):
        spec_text(**flags)


# -- layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "path", "text"),
    [
        ({"chunk": 5}, "chunk", "5"),
        ({"cores": 2}, "cores", "2.0"),
        ({"cores": "2"}, "cores", "2.0"),
        ({"cores": 0.25}, "cores", "0.25"),
        ({"cores": 0}, "cores", "0.0"),
        ({"cores": -1}, "cores", "-1.0"),
        ({"threads": 4}, "cores", "4.0"),
        ({"cores": 2, "threads": 4}, "cores", "2.0"),
        ({"threadable": True}, "threadable", "True"),
        ({"threadable": False}, "threadable", "False"),
        ({"threadable": "no"}, "threadable", "False"),
        ({"memory": "4g"}, "memory", "4g"),
        ({"memory": "512M"}, "memory", "512m"),
        ({"memory": 4}, "memory", "4"),
        ({"memory": "1.5g"}, "memory", "1536m"),
        ({"memory": 1.5}, "memory", "1536m"),
        ({"memory": "2.0g"}, "memory", "2g"),
        ({"memory": "4 GB"}, "memory", "4g"),
        ({"memory": "524800k"}, "memory", "512.5m"),
        ({"gpus": 2}, "gpus", "2"),
        ({"gpus": 2}, "gpu_memory", "1g"),
        ({"gpu_memory": "3.5g"}, "gpu_memory", "3584m"),
        ({"gpu_memory": "4g"}, "gpus", "1"),
        ({"gpu": 2}, "gpu_memory", "2"),
        ({"timeout": 30}, "timeout", "30"),
        ({"timeout": 1.5}, "timeout", "2"),
        ({"timeout": "0.2"}, "timeout", "1"),
        ({"timeout_llu": 10}, "timeout_llu", "10"),
        ({"tags": "gpu_large | my-tag|ok.1"}, "tags", "gpu_large | my-tag | ok.1"),
        ({"tags": ["gpu_large", "my-tag"]}, "tags", "gpu_large | my-tag"),
        ({"service": "maya"}, "services/service", "maya"),
    ],
    ids=lambda value: str(value),
)
def test_argument_is_in_the_spec(args: dict[str, Any], path: str, text: str) -> None:
    assert layer_of(shell(**args)).findtext(path) == text


@pytest.mark.parametrize(
    "name", ["cores", "threadable", "memory", "gpus", "gpu", "gpu_memory", "timeout", "timeout_llu", "tags", "limits"]
)
def test_argument_that_nobody_has_set_is_left_to_the_service(name: str) -> None:
    assert layer_of(shell(), shell("other", **{name: None})).find(name) is None


@pytest.mark.parametrize("args", [{"timeout": 0}, {"memory": ""}, {"gpus": 0}, {"tags": ""}, {"limits": []}])
def test_argument_that_says_nothing_is_left_out(args: dict[str, Any]) -> None:
    assert layer_of(shell(**args)).find(next(iter(args))) is None


def test_every_limit_and_service_is_sent() -> None:
    layer = layer_of(shell(limits=["nuke", "maya"], service="maya, shell"))

    assert texts(layer, "limits/limit") == ["nuke", "maya"]
    assert texts(layer, "services/service") == ["maya", "shell"]


def test_variables_of_a_layer_are_sent_as_text() -> None:
    made = shell(env={"NUMBER": 1, "TEXT": "a <b> & 'c'\n\td\r"})
    made.set_env("LATER", "x")

    keys = {key.get("name"): key.text for key in layer_of(made).findall("env/key")}

    assert keys == {"NUMBER": "1", "TEXT": "a <b> & 'c'\n\td\r", "LATER": "x"}


def test_outputs_are_sent_by_name() -> None:
    made = shell()
    made.add_output("beauty", "/shots/sh010/beauty.#.exr")

    outputs = layer_of(made).findall("outputs/output")

    assert [(one.get("name"), one.text) for one in outputs] == [("beauty", "/shots/sh010/beauty.#.exr")]


def test_tags_of_the_environment_replace_those_of_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OL_TAG_OVERRIDE", "night-only")

    assert layer_of(shell(tags="general")).findtext("tags") == "night-only"


@pytest.mark.parametrize("kind", ["Render", "Util", "Post"])
def test_type_of_a_layer_is_sent(kind: str) -> None:
    assert layer_of(shell(type=kind)).get("type") == kind


def test_layers_come_in_their_order() -> None:
    job = job_of(shell("zzz"), shell("aaa"), shell("mmm"))

    assert [layer.get("name") for layer in job.findall("layers/layer")] == ["zzz", "aaa", "mmm"]


def test_children_and_layers_without_frames_are_left_out() -> None:
    parent, child = shell("parent"), shell("child")
    ol = outline_of(parent, child, shell("outside", range="50-60"), shell("comp", require=["outside"]))
    parent.add_child(child)

    spec = spec_of(ol=ol)

    assert [layer.get("name") for layer in spec.findall("job/layers/layer")] == ["parent", "comp"]
    assert spec.findall("depends/depend") == []


def test_single_frame_has_the_first_number_of_the_job() -> None:
    assert layer_of(ShellCommand("once", ["true"]), range="7-9").findtext("range") == "7"


@pytest.mark.parametrize(
    ("frames", "sent"),
    [
        ("1-10", "1-10"),
        ("5,3,1", "5-1x-2"),
        ("1-3,2-5", "1-5"),
        ("1-10x3,20", "1-10x3,20"),
        ("1-100by5", "1-96x5"),
        ("1-10:3", "1-10:3"),
    ],
)
def test_range_is_sent_in_order_and_without_repeated_frames(frames: str, sent: str) -> None:
    layer = layer_of(ol=outline_of(shell(range=frames), frame_range=None))

    assert FrameSet(layer.findtext("range")).getAll() == FrameSet(sent).getAll()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"cores": "many"}, r"layer 'beauty' \(launches\.py:\d+\), cores: 'many' is not a number of cores"),
        ({"memory": "4 apples"}, "memory: '4 apples' is not an amount of memory"),
        ({"gpu_memory": "-1g"}, "gpu_memory: '-1g' is not an amount of memory"),
        ({"gpus": 1.5}, "gpus must be a whole number from 0 on, not 1.5"),
        ({"timeout": "soon"}, "timeout: 'soon' is not a number of minutes"),
        ({"tags": "a | general"}, "tags: the farm takes no tag like 'a'"),
        ({"tags": ["maya,nuke"]}, "tags: the farm takes no tag like 'maya,nuke'"),
        ({"env": {"A B": "1"}}, "variable 'A B' cannot be sent to a farm"),
        ({"env": {"A": "x\x00y"}}, r"variable A has the character '\\x00', which a job spec cannot hold"),
    ],
    ids=lambda value: str(value),
)
def test_value_that_a_spec_cannot_hold_names_layer_and_field(args: dict[str, Any], message: str) -> None:
    with pytest.raises(LaunchException, match=message):
        spec_text(shell(**args))


def test_part_of_a_text_that_can_be_no_tag_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    layer = layer_of(ol=outline_of(shell(tags="general | maya,nuke | big_one")))

    assert layer.findtext("tags") == "general | big_one"
    assert "'maya,nuke' is not a valid tag and is left out; separate tags by ' | ', or give a list" in caplog.text


# -- versions ----------------------------------------------------------------------------------------------------

EVERYTHING = {"gpus": 1, "gpu_memory": "2g", "timeout": 5, "timeout_llu": 6}


def _everything() -> Any:
    layer = shell("beauty", **EVERYTHING)
    layer.add_output("main", "/a/b.#.exr")
    ol = outline_of(layer, maxcores=10, maxgpus=2)
    ol.set_arg("localbook", LOCALBOOK)
    return ol


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("1.15", []),
        ("1.13", ["outputs"]),
        ("1.12", ["maxcores", "maxgpus", "outputs"]),
        ("1.11", ["gpus", "maxcores", "maxgpus", "outputs"]),
        ("1.10", ["gpus", "maxcores", "maxgpus", "outputs", "priority"]),
        ("1.9", ["gpus", "maxcores", "maxgpus", "outputs", "priority", "timeout", "timeout_llu"]),
        ("1.7", ["gpus", "localbook", "maxcores", "maxgpus", "outputs", "priority", "timeout", "timeout_llu"]),
        (
            "1.5",
            ["gpu", "gpus", "localbook", "maxcores", "maxgpus", "os", "outputs", "priority", "timeout", "timeout_llu"],
        ),
    ],
)
def test_what_a_version_lacks_is_a_warning(version: str, missing: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    spec_text(ol=_everything(), version=version, priority=5, os="rocky9")

    told = [record.getMessage() for record in caplog.records]
    assert sorted(message.split(" carry ")[1].split(" of ")[0] for message in told) == missing
    assert [message for message in told if "layer 'beauty'" not in message and "of the job" not in message] == []


def test_gpu_memory_goes_into_the_old_element_of_old_versions() -> None:
    layer = layer_of(Shell("beauty", ["true"], gpu_memory="2g"), version="1.11")

    assert (layer.findtext("gpu"), layer.find("gpu_memory")) == ("2g", None)


def test_nothing_is_told_of_what_nobody_has_set(caplog: pytest.LogCaptureFixture) -> None:
    spec_text(version="1.5")

    assert caplog.text == ""


def test_what_job_specs_have_no_word_for_is_a_variable_of_the_layer() -> None:
    args = [{"retry_delay": 1.5, "ignore_errors": True}, {"retry_delay": 0, "ignore_errors": False}]
    asked, not_asked = (layer_of(shell(env={"A": "b"}, **one)) for one in args)

    assert {key.get("name"): key.text for key in asked.findall("env/key")} == {
        "A": "b",
        "OL_RETRY_DELAY": "1.5",
        "OL_IGNORE_ERRORS": "1",
    }
    assert {key.get("name"): key.text for key in not_asked.findall("env/key")} == {"A": "b"}
