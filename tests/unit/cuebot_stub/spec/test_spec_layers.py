# SPDX-License-Identifier: Apache-2.0
"""What the elements of a layer come to."""

from __future__ import annotations

import time

import pytest

from cuebot_stub.spec import SpecError
from outline.frames import FrameSet
from tests.specs import RULES, STRICT, job, layer, only_job, only_layer, spec

GB = 1024**2


def refused(after="", rules=RULES, **parts):
    with pytest.raises(SpecError) as caught:
        only_layer(after, rules, **parts)
    return caught.value


def test_a_layer_that_says_little_leaves_the_rest_to_its_service():
    found = only_layer()

    assert found._replace(frames=FrameSet([])) == (
        "beauty", "Render", "render #IFRAME#", "1-10", FrameSet([]), 1, None, None, None, 0, 0, 0, 0, None, (), {},
        ("default",), {},
    )  # fmt: skip


def test_a_layer_that_says_everything_keeps_it():
    found = only_layer(
        "<cores>2.5</cores><threadable>True</threadable><memory>4g</memory><gpus>2</gpus><gpu>1g</gpu>"
        "<gpu_memory>3g</gpu_memory><timeout>90</timeout><timeout_llu>5</timeout_llu><tags>general | gpu_host</tags>"
        "<limits><limit>nuke</limit></limits><env><key name='A'>1</key></env>"
        "<services><service>arnold</service></services><outputs><output name='rgb'>/x/a.#.exr</output></outputs>",
        name="Beauty-Pass",
        frames="10-1",
        chunk=4,
        kind="Util",
    )

    assert found == (
        "beauty_pass", "Util", "render #IFRAME#", "10-1", FrameSet("10-1"), 4, 250, True, 4 * GB, 2, 3 * GB, 90, 5,
        ("general", "gpu_host"), ("nuke",), {"A": "1"}, ("arnold",), {"rgb": "/x/a.#.exr"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cores", "points"),
    [
        ("2.0", 200),
        ("1.", 100),
        (".5", 50),
        ("0.555", 56),
        ("200", 200),
        ("2", 100),
        ("9", 100),
        ("10", 10),
        ("0.05", 100),
        ("0", 0),
        ("0.0", 0),
        ("-1.0", -100),
        ("-1.555", -156),
        ("-100", -100),
        ("24.0", 2400),
        ("2401", 2400),
        ("64.0", 2400),
        ("+1.5", 150),
    ],
)
def test_cores_with_a_dot_are_cores_and_without_are_points(cores, points):
    assert only_layer(f"<cores>{cores}</cores>").min_cores == points


@pytest.mark.parametrize("cores", ["", "two", "1.5.2", "1e3", "nan", "1,5", ".", "99999999999999.0", "99999999999"])
def test_cores_that_are_no_number_are_refused(cores):
    assert refused(f"<cores>{cores}</cores>").element == "spec/job/layers/layer/cores"


@pytest.mark.parametrize(
    ("after", "threadable"),
    [
        ("", None),
        ("<threadable>True</threadable>", True),
        ("<threadable>0</threadable>", False),
        ("<cores>0.5</cores><threadable>1</threadable>", False),
        ("<cores>0.5</cores>", False),
        ("<cores>1.0</cores><threadable>1</threadable>", True),
        ("<cores>0</cores><threadable>1</threadable>", True),
        ("<cores>-1.0</cores><threadable>1</threadable>", True),
    ],
    ids=range(8),
)
def test_part_of_a_core_is_never_threadable(after, threadable):
    assert only_layer(after).threadable is threadable


@pytest.mark.parametrize(
    ("memory", "kb"),
    [
        ("512m", 512 * 1024),
        ("4g", 4 * GB),
        ("4G", 4 * GB),
        ("4", 4 * GB),
        ("1536m", 1536 * 1024),
        ("300.5m", 307712),
        ("1.5m", 256 * 1024),
        ("1m", 256 * 1024),
        ("0", 256 * 1024),
        ("500g", 500 * GB),
        ("512mb", 512 * 1024),
    ],
)
@pytest.mark.parametrize("rules", [RULES, STRICT], ids=["useful", "strict"])
def test_memory_is_in_kb_and_at_least_a_quarter_of_a_gb(memory, kb, rules):
    assert only_layer(f"<memory>{memory}</memory>", rules).memory_kb == kb


@pytest.mark.parametrize(("memory", "kb"), [("1.5g", GB * 3 // 2), ("524288k", GB // 2), ("1t", 1024 * GB)])
def test_more_ways_to_write_memory_are_for_those_who_are_not_strict(memory, kb):
    assert only_layer(f"<memory>{memory}</memory>").memory_kb == kb
    assert "Cuebot reads" in refused(f"<memory>{memory}</memory>", STRICT).reason


@pytest.mark.parametrize("memory", ["", "lots", "m", "g", "4x", "1e3m", "9" * 15 + "t", "9" * 19 + "g", "nan"])
@pytest.mark.parametrize("rules", [RULES, STRICT], ids=["useful", "strict"])
def test_memory_that_cannot_be_read_is_refused(memory, rules):
    assert refused(f"<memory>{memory}</memory>", rules).element == "spec/job/layers/layer/memory"


@pytest.mark.parametrize(
    ("after", "kb"),
    [
        ("<gpu>2g</gpu>", 2 * GB),
        ("<gpu_memory>512m</gpu_memory>", GB // 2),
        ("<gpu>2g</gpu><gpu_memory>1g</gpu_memory>", GB),
    ],
    ids=range(3),
)
def test_gpu_memory_has_two_names_and_the_newer_one_counts(after, kb):
    assert only_layer(after).gpu_memory_kb == kb
    assert only_layer(after, STRICT).gpu_memory_kb == kb


def test_gpu_memory_that_cannot_be_read_is_none_on_cuebot():
    after = "<gpu_memory>1.5g or so</gpu_memory>"

    assert only_layer(after, STRICT).gpu_memory_kb == 0
    assert refused(after).element.endswith("/gpu_memory")


@pytest.mark.parametrize("name", ["gpus", "timeout", "timeout_llu"])
@pytest.mark.parametrize("number", ["", "1.5", "many", "2147483648", "9" * 5000, "\u0661"])
def test_whole_numbers_are_whole_numbers(name, number):
    error = refused(f"<{name}>{number}</{name}>")

    assert error.element == f"spec/job/layers/layer/{name}"
    assert "number" in error.reason


def test_gpus_below_none_are_refused():
    assert "below 0" in refused("<gpus>-1</gpus>").reason


def test_a_timeout_below_zero_is_none():
    assert only_layer("<timeout>-5</timeout>").timeout_minutes == 0


@pytest.mark.parametrize("chunk", ["0", "-5", "", "all", "1.0"])
def test_a_chunk_holds_at_least_one_frame(chunk):
    assert refused(chunk=chunk).element == "spec/job/layers/layer/chunk"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("general", ("general",)),
        ("general | desktop", ("general", "desktop")),
        ("general|desktop|", ("general", "desktop")),
        ("a-b_c.d|a-b_c.d", ("a-b_c.d",)),
        ("gen eral", ("general",)),
        ("", None),
        ("  |  ", None),
    ],
    ids=range(7),
)
def test_tags_are_separated_by_bars(tags, found):
    assert only_layer(f"<tags>{tags}</tags>").tags == found


@pytest.mark.parametrize("tags", ["ab", "general|x", "general,desktop", "général"])
def test_a_tag_has_three_plain_characters(tags):
    assert "tag" in refused(f"<tags>{tags}</tags>").reason


def test_a_limit_that_does_not_exist_is_refused_by_its_place():
    error = refused("<limits><limit>nuke</limit><limit>arnold_licence</limit></limits>")

    assert error.element == "spec/job/layers/layer/limits/limit[2]"
    assert error.reason == "there is no limit 'arnold_licence'; did you mean 'arnold_license'?"


def test_limits_count_once_and_empty_ones_not_at_all():
    found = only_layer("<limits><limit>nuke</limit><limit/><limit> nuke </limit></limits>")

    assert found.limits == ("nuke",)


@pytest.mark.parametrize(
    ("services", "found"),
    [
        (["arnold"], ("arnold",)),
        (["mystery", "shell"], ("mystery", "shell")),
        (["mystery"], ("mystery", "default")),
        (["", "shell", "shell"], ("shell",)),
        (["default"], ("default",)),
    ],
    ids=range(5),
)
def test_services_keep_their_names_and_one_of_them_is_known(services, found):
    inside = "".join(f"<service>{name}</service>" for name in services)

    assert only_layer(f"<services>{inside}</services>").services == found


def test_the_environment_keeps_any_text():
    value = " a=b; 'c' \"d\" $e &amp; &lt;tag&gt; \n é\u4e2d\U0001f600 "

    assert only_layer(f"<env><key name='A.b-C'>{value}</key><key name='EMPTY'/></env>").env == {
        "A.b-C": " a=b; 'c' \"d\" $e & <tag> \n é\u4e2d\U0001f600 ",
        "EMPTY": "",
    }


def test_cuebot_cuts_blanks_off_the_environment():
    assert only_layer("<env><key name='A'> b </key></env>", STRICT).env == {"A": "b"}


def test_a_later_value_wins_also_over_another_env_element():
    after = "<env><key name='A'>1</key><key name='A'>2</key></env><env><key name='B'>3</key></env>"

    assert only_layer(after).env == {"A": "2", "B": "3"}


def test_outputs_of_one_name_are_all_kept():
    inside = "<output name='rgb'>/a</output><output name='rgb'>/b</output><output name='rgb_2'>/c</output>"

    found = only_layer(f"<outputs>{inside}</outputs><outputs><output name='n'/><output name='z'>/z</output></outputs>")

    assert found.outputs == {"rgb": "/a", "rgb_2": "/b", "rgb_2_2": "/c", "z": "/z"}


def test_many_outputs_of_one_name_take_no_longer_than_others():
    inside = "<output name='rgb'>/a</output>" * 20_000
    started = time.monotonic()

    found = only_layer(f"<outputs>{inside}</outputs>")

    assert len(found.outputs) == 20_000
    assert time.monotonic() - started < 5


def test_a_command_keeps_quotes_and_tokens():
    assert only_layer(cmd="""  sh -c 'a "b" <c> & #IFRAME#'  """).command == """sh -c 'a "b" <c> & #IFRAME#'"""


@pytest.mark.parametrize(("cmd", "reason"), [("", "empty"), ("x" * 4001, "4001 characters; 4000 are the most")])
def test_a_command_is_neither_empty_nor_too_long(cmd, reason):
    assert reason in refused(cmd=cmd).reason


def test_a_command_of_4000_characters_is_fine():
    assert len(only_layer(cmd="é" * 4000).command) == 4000


@pytest.mark.parametrize(("name", "found"), [("Beauty-01", "beauty_01"), ("a.b", "a.b"), ("abc", "abc")])
def test_layer_names_are_conformed(name, found):
    assert only_layer(name=name).name == found


@pytest.mark.parametrize("name", ["ab", "a:bc", "été", "x" * 257])
def test_layer_names_that_cannot_be_conformed_are_refused(name):
    error = refused(name=name)

    assert error.element == "spec/job/layers/layer"
    assert "layer name" in error.reason


def test_layers_of_one_name_are_refused_even_when_written_differently():
    with pytest.raises(SpecError, match=r"layer\[2\].*has a layer 'a_b_c' already"):
        only_job(spec(job(layer("a-b-c"), layer("A_b_c"))))
