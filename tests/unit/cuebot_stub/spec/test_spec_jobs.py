# SPDX-License-Identifier: Apache-2.0
"""What the elements around layers come to: show, shot, user, facility, jobs."""

from __future__ import annotations

import pytest

from cuebot_stub.spec import LocalBook, SpecError, read_spec
from tests.specs import RULES, STRICT, document, job, layer, only_job, spec


def refused(text, rules=RULES):
    with pytest.raises(SpecError) as caught:
        read_spec(text, rules)
    return caught.value


def only_job_with(before, rules=RULES):
    return only_job(spec(job(before=before)), rules)


def test_a_document_tells_who_and_where():
    found = read_spec(spec(before="<facility>Cloud</facility>", after="<email>a@b</email><uid>1001</uid>"), RULES)

    assert found[:6] == ("cloud", "testing", "test_shot", "tester", 1001, "a@b")


def test_a_document_that_says_little_leaves_the_rest_to_the_server():
    found = read_spec(spec(after=""), RULES)

    assert (found.facility, found.uid, found.email) == (None, None, "")


def test_a_department_is_no_matter():
    assert read_spec(spec(before="<dept>lighting</dept>"), STRICT).show == "testing"


def test_an_unknown_facility_is_refused_and_the_known_ones_named():
    error = refused(spec(before="<facility>Moon</facility>"))

    assert (error.element, error.reason) == ("spec/facility", "there is no facility 'moon'; there are cloud, local")


def test_an_empty_facility_is_none_and_unknown_on_cuebot():
    text = spec(before="<facility> </facility>")

    assert read_spec(text, RULES).facility is None
    assert refused(text, STRICT).element == "spec/facility"


@pytest.mark.parametrize(("show", "reason"), [("testin", "did you mean 'testing'"), ("", "there are other, testing")])
def test_an_unknown_show_is_refused(show, reason):
    error = refused(spec(show=show))

    assert error.element == "spec/show"
    assert reason in error.reason


def test_a_server_without_shows_says_so():
    assert refused(spec(), RULES._replace(shows=frozenset())).reason == "there is no show 'testing'"


def test_the_shot_is_conformed():
    assert read_spec(spec(shot="Sq-01.A"), RULES).shot == "sq_01.a"


@pytest.mark.parametrize("shot", ["ab", "", "a/bc", "..", "ä-shot"])
def test_a_shot_that_cannot_be_conformed_is_refused(shot):
    assert refused(spec(shot=shot)).element == "spec/shot"


@pytest.mark.parametrize("user", ["", "../../etc", "two words", "a\nb", "x" * 257])
def test_a_user_that_cannot_be_part_of_a_file_name_is_refused(user):
    assert refused(spec(user=user)).element == "spec/user"


@pytest.mark.parametrize("parts", [{"user": "root"}, {"after": "<uid>0</uid>"}], ids=["name", "number"])
def test_root_launches_here_and_not_on_cuebot(parts):
    assert read_spec(spec(**parts), RULES).jobs
    assert refused(spec(**parts), STRICT).reason == "Cannot launch jobs as root."


@pytest.mark.parametrize("uid", ["", "me", "1.0", "99999999999"])
def test_a_uid_is_a_number(uid):
    assert refused(spec(after=f"<uid>{uid}</uid>")).element == "spec/uid"


def test_a_job_that_says_little_gets_the_farms_defaults():
    found = only_job(spec())

    assert found[:10] == ("testing-test_shot-tester_test", False, 1, 1, None, None, False, "", None, {})


def test_a_job_that_says_everything_keeps_it():
    found = only_job_with(
        "<paused>yes</paused><priority>-7</priority><maxretries>5</maxretries><maxcores>12</maxcores>"
        "<maxgpus>3</maxgpus><autoeat>On</autoeat>"
        '<localbook host="desk" cores="2" memory="4194304" threads="1" gpu="0"/>'
        "<os>rocky9</os><env><key name='A'>1</key></env><env><key name='B'>2</key></env>"
    )

    local = LocalBook("desk", 2, 4194304, 1, 0)
    assert found[1:10] == (True, -7, 5, 1200, 3, True, "rocky9", local, {"A": "1", "B": "2"})


@pytest.mark.parametrize("word", ["true", "True", "YES", "1", "on"])
def test_four_words_mean_yes(word):
    assert only_job_with(f"<paused>{word}</paused>").paused


@pytest.mark.parametrize("word", ["false", "no", "0", "off", "", "None", "y"])
def test_every_other_word_means_no(word):
    assert not only_job_with(f"<paused>{word}</paused>").paused


@pytest.mark.parametrize(("written", "here", "there"), [("0", 0, 0), ("1", 1, 1), ("2", 2, 1), ("-3", 0, 0)])
def test_cuebot_grants_one_retry_at_most(written, here, there):
    before = f"<maxretries>{written}</maxretries>"

    assert only_job_with(before).max_retries == here
    assert only_job_with(before, STRICT).max_retries == there


@pytest.mark.parametrize(("cores", "points"), [("4", 400), ("4.0", 400), ("1.5", 150), ("-1", None)])
def test_max_cores_are_cores_with_or_without_a_dot(cores, points):
    assert only_job_with(f"<maxcores>{cores}</maxcores>").max_cores == points


def test_max_gpus_of_minus_one_is_no_limit():
    assert only_job_with("<maxgpus>-1</maxgpus>").max_gpus is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("priority", "high"),
        ("priority", ""),
        ("maxretries", "1.5"),
        ("maxcores", "0"),
        ("maxcores", "-2"),
        ("maxcores", "all"),
        ("maxgpus", "-2"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(name, text):
    assert refused(spec(job(before=f"<{name}>{text}</{name}>"))).element == f"spec/job/{name}"


@pytest.mark.parametrize("attribute", ["cores", "memory", "threads", "gpu"])
def test_a_local_booking_is_made_of_numbers(attribute):
    whole = '<localbook host="desk" cores="2" memory="4" threads="1" gpu="0"/>'
    text = spec(job(before=whole.replace(f'{attribute}="', f'{attribute}="x')))

    assert refused(text).element == "spec/job/localbook"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("test", "testing-test_shot-tester_test"),
        ("testing-test_shot-tester_test", "testing-test_shot-tester_test"),
        ("Shot-01__Beauty", "testing-test_shot-tester_shot_01_beauty"),
        ("_abc", "testing-test_shot-tester_abc"),
        ("v1.2", "testing-test_shot-tester_v1.2"),
        ("a--b", "testing-test_shot-tester_a__b"),
    ],
)
def test_job_names_begin_with_show_shot_and_user(name, found):
    assert only_job(spec(job(name=name))).name == found


def test_the_prefix_of_a_job_name_is_in_lower_case_without_an_underscore_at_its_end():
    assert only_job(spec(job(name="abc"), user="Tester_")).name == "testing-test_shot-tester_abc"


@pytest.mark.parametrize("name", ["ab", "_a", "___", "---", "a:bc", "été", "testing-test_shot-tester_", "x" * 240])
def test_job_names_that_cannot_be_conformed_are_refused(name):
    error = refused(spec(job(name=name)))

    assert error.element == "spec/job"
    assert "job name" in error.reason


def test_a_spec_may_hold_several_jobs():
    found = read_spec(spec(job(name="one"), job(layer("first"), layer("second"), name="two")), RULES)

    assert [job.name for job in found.jobs] == ["testing-test_shot-tester_one", "testing-test_shot-tester_two"]
    assert [layer.name for layer in found.jobs[1].layers] == ["first", "second"]


def test_jobs_of_one_name_are_refused():
    error = refused(spec(job(name="one"), job(name="ONE")))

    assert error.element == "spec/job[2]"
    assert "has a job 'testing-test_shot-tester_one' already" in error.reason


@pytest.mark.parametrize("layers", ["", f"<layers>{layer(kind='Post')}</layers>"], ids=["none", "post layers only"])
def test_a_job_needs_a_layer(layers):
    assert "no layer" in refused(spec(f"<job name='test'>{layers}</job>")).reason


def test_a_spec_without_jobs_and_depends_is_refused():
    text = document("<spec><show>testing</show><shot>abc</shot><user>me</user></spec>")

    assert refused(text).reason == "there is no job in it"


def test_layers_keep_their_order_and_types():
    layers = [layer("one", kind="Util"), layer("two", kind="Post"), layer("three")]

    found = only_job(spec(job(*layers)))

    assert [(layer.name, layer.type) for layer in found.layers] == [
        ("one", "Util"),
        ("two", "Post"),
        ("three", "Render"),
    ]
