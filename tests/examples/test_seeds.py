# SPDX-License-Identifier: Apache-2.0
"""The example ``seeds``: one picture for each line of a list, by pybullet in an interpreter of its own."""

from __future__ import annotations

import json

import pytest

from tests.examples.conftest import CopyExample, Example
from tests.pictures import read_picture

pytestmark = pytest.mark.realtool


@pytest.fixture
def seeds(copy_example: CopyExample, pybullet_python: str) -> Example:
    """The example, with three seeds."""
    example = copy_example("seeds", PYBULLET_PYTHON=pybullet_python)
    (example.folder / "seeds.txt").write_text("# three\n1\n2\n\n3\n")
    return example


def test_each_seed_is_a_picture_and_a_record_in_one_of_the_shards(seeds: Example) -> None:
    pytest.importorskip("OpenImageIO")

    seeds.launch("seeds.outline")
    told = seeds.outline("results", seeds.work, "render", "--shards", "3", "-o", seeds.work / "info").splitlines()

    pictures = [read_picture(path) for path in sorted(seeds.work.glob("*.png"))]
    shards = sorted(seeds.work.glob("info-*"))
    rows = [json.loads(line) for shard in shards for line in shard.read_text().splitlines()]
    assert [picture.size for picture in pictures] == [(320, 240)] * 3
    assert min(picture.shades for picture in pictures) > 300
    assert len(set(pictures)) == 3
    assert told == [str(path) for path in shards]
    assert [path.name for path in shards] == [f"info-{shard:05d}-of-00003" for shard in range(3)]
    assert [(row["key"], row["seed"], row["outputs"]) for row in rows] == [
        (str(seed), seed, {"main": f"seed_{seed}.png"}) for seed in (1, 2, 3)
    ]
    assert rows[1]["things"] == ["duck_vhacd", "duck_vhacd"]


def test_a_bad_line_is_one_dead_frame_and_a_line_that_is_added_runs_alone(seeds: Example) -> None:
    (seeds.folder / "seeds.txt").write_text("1\nx\n3\n")

    seeds.launch("seeds.outline", code=1)

    (failed,) = seeds.results("render", "--failed")
    assert "DEAD 0002-render" in seeds.printed
    assert sorted(seeds.made("*.png")) == ["seed_1.png", "seed_3.png"]
    assert (failed["key"], failed["item"]) == ("x", "x")
    assert "invalid literal for int() with base 10: 'x'" in failed["error"]

    before = seeds.made("*.png")
    (seeds.folder / "seeds.txt").write_text("3\n4\nx\n1\n")
    seeds.launch("seeds.outline", "--autoeat")

    assert "2 of 4  2 done, 1 new, 1 failed" in seeds.printed
    assert "eaten" in seeds.printed
    assert sorted(seeds.made("*.png")) == ["seed_1.png", "seed_3.png", "seed_4.png"]
    assert {name: seeds.made("*.png")[name] for name in before} == before
