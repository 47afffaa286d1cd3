# SPDX-License-Identifier: Apache-2.0
"""Frames of a spec: in the farm's order, as many as a farm can bear, and never listed to find that out."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from cuebot_stub.spec import SpecError, read_spec
from tests.specs import RULES, STRICT, depend, job, layer, only_job, only_layer, spec

VECTORS = Path(__file__).resolve().parents[3] / "data" / "frame-range-vectors.tsv"
ROWS = [line.split("\t") for line in VECTORS.read_text().splitlines() if not line.startswith("#")]
GOOD = [row for row in ROWS if row[2] not in ("", "ERROR")]
EMPTY = ["10-1x1", "1-10y1", "1-1y2", "10-1y-1", ","]
# Also those that the farm takes and finds no frame in. A blank at an end is cut off before a range is read.
BAD = sorted({row[0] for row in ROWS if row not in GOOD} - {" 1-3", *EMPTY})


def test_frames_come_in_the_order_of_the_farm():
    expected = {(row[0], row[1]): list(dict.fromkeys(map(int, row[2].split(",")))) for row in GOOD}

    found = {(text, chunk): list(only_layer(frames=text, chunk=chunk).frames) for text, chunk in expected}

    assert found == expected


@pytest.mark.parametrize("text", [*BAD, "1 2", "1-10by2", "1:10:2", "1,,2", ",1"])
def test_ranges_that_the_farm_cannot_read_are_refused(text):
    with pytest.raises(SpecError) as caught:
        only_layer(frames=text)

    assert caught.value.element == "spec/job/layers/layer/range"


def test_blanks_around_a_range_are_cut_off():
    assert only_layer(frames="\n 1-3 ").range == "1-3"


def test_frames_that_repeat_come_once_and_the_text_stays():
    found = only_layer(frames="3,1-5,2")

    assert (found.range, list(found.frames)) == ("3,1-5,2", [3, 1, 2, 4, 5])


@pytest.mark.parametrize("text", EMPTY)
def test_ranges_without_a_frame_are_refused_and_only_cuebot_takes_them(text: str):
    with pytest.raises(SpecError, match="gives no frame, and the job would never end"):
        only_layer(frames=text)
    assert list(only_layer(frames=text, rules=STRICT).frames) == []


def test_parts_without_a_frame_are_left_out():
    assert list(only_layer(frames="609-611,361-361y2,10-1x1,7,").frames) == [609, 610, 611, 7]


@pytest.mark.parametrize("text", ["2147483648", "-2147483648", "1-2147483648x2000000000,9999999999"])
def test_frame_numbers_fit_the_protocol(text):
    with pytest.raises(SpecError, match="beyond 2147483647"):
        only_layer(frames=text)


@pytest.mark.parametrize(
    ("text", "chunk", "reason"),
    [
        ("1-1000000000000", 1, "1000000000000 frames; use at most 1000000"),
        ("1-1000000000000", 2**31 - 1, "1000000000000 frames"),
        ("1-999999999999999:3", 1, "999999999999999 frames"),
        ("1-999999999999999y3", 1000, "frames"),
        (",".join(["1-999999999999999"] * 200), 1, "frames"),
        ("1-1000000000000,1-1000000000000x7", 1, "frames"),
        ("1-100001", 1, "100001 frames; a spec can have at most 100000"),
        ("1-999999", 9, "111111 frames"),
    ],
    ids=range(8),
)
def test_too_many_frames_are_refused_without_listing_them(text, chunk, reason):
    started = time.process_time()

    with pytest.raises(SpecError, match=reason):
        only_layer(frames=text, chunk=chunk)

    assert time.process_time() - started < 5


def test_the_frames_of_all_layers_count_together():
    with pytest.raises(SpecError, match=r"layer\[3\].*the layers up to 'third' have 100001 frames"):
        only_job(spec(job(layer("first", "1-60000"), layer("second", "1-40000"), layer("third", "1"))))


def test_the_frames_of_all_jobs_count_together():
    text = spec(job(layer(frames="1-60000"), name="one"), job(layer(frames="1-60000"), name="two"))

    with pytest.raises(SpecError, match=r"job\[2\].*have 120000 frames; a spec can have at most 100000"):
        read_spec(text, RULES)


def test_chunks_count_as_one_frame():
    found = only_layer(frames="1-1000000", chunk=10)

    assert len(found.frames) == 1_000_000


def test_chunks_do_not_hide_how_much_there_is_to_list():
    layers = [layer(f"layer{number}", "1-999999", chunk=1_000_000) for number in range(5)]

    with pytest.raises(SpecError, match=r"layer\[5\].*more than 4000000 frames"):
        only_job(spec(job(*layers)))


def test_a_range_has_at_most_4000_characters():
    text = ",".join(["12345"] * 667)

    assert len(only_layer(frames=text[:3999]).range) == 3999
    with pytest.raises(SpecError, match="has 4001 characters; use at most 4000"):
        only_layer(frames=text)


def test_a_job_and_its_post_job_have_at_most_2000_layers_each():
    layers = [layer(f"layer{number}", "1", kind=["Render", "Post"][number % 2]) for number in range(4000)]

    assert len(only_job(spec(job(*layers))).layers) == 4000
    with pytest.raises(SpecError, match="more than 2000 layers"):
        only_job(spec(job(*layers[::2], layer("one_more", "1", kind="Render"))))


def test_large_specs_are_read_at_once():
    names = [f"layer{number:03d}" for number in range(200)]
    layers = [layer(name, "1-100", after="<cores>1.0</cores><memory>2g</memory>") for name in names]
    chain = [depend("FRAME_BY_FRAME", deplayer=after, onlayer=before) for before, after in pairwise(names)]
    wide, long = spec(job(*layers), depends="".join(chain)), spec(job(layer(frames="1-100000")))
    started = time.process_time()

    read_spec(wide, RULES)
    read_spec(long, RULES)

    assert time.process_time() - started < 5  # it takes 0.04 s on two slow cores
