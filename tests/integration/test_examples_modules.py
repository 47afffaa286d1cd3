# SPDX-License-Identifier: Apache-2.0
"""The examples of modules run with the renderers that are there, and their pictures are looked at."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import REPOSITORY, RunOutline, RunPycuerun
from tests.pictures import Picture, read_picture, split_pictures
from tests.support import needs

RENDERERS = REPOSITORY / "examples" / "renderers"
PIPELINE = REPOSITORY / "examples" / "pipeline" / "pipeline.outline"
GOLDEN = REPOSITORY / "tests" / "data" / "golden"

pytestmark = pytest.mark.realtool


class Example(NamedTuple):
    """An outline, frames of it, and the pictures that these make."""

    outline: str
    frames: str
    pictures: str
    count: int


EXAMPLES = [
    pytest.param(Example("povray", "1-12x5", "povray/rolling.????.png", 3), marks=needs("povray"), id="povray"),
    pytest.param(Example("tachyon", "1-12", "tachyon/ring.????.png", 12), marks=needs("tachyon"), id="tachyon"),
    pytest.param(Example("mitsuba", "1,6,11", "mitsuba/box.????.exr", 3), marks=needs("mitsuba"), id="mitsuba"),
    pytest.param(Example("synfig", "2-22x10", "synfig/sunrise.????.png", 3), marks=needs("synfig"), id="synfig"),
    pytest.param(Example("blender", "1,6", "blender/orbit.????.png", 2), marks=needs("blender"), id="blender"),
]


def render(run_pycuerun: RunPycuerun, outline: Path, frames: str, folder: Path, **env: str) -> None:
    """Run an example, whose pictures go to a folder."""
    variables = {"RENDER_OUT": str(folder), "PIPELINE_OUT": str(folder), **env}
    result = run_pycuerun(outline, frames, "--backend", "local", "--max-retries", "0", env=variables)
    assert result.returncode == 0, result.stdout


def check_pictures(pictures: list[Picture], size: tuple[int, int]) -> None:
    """Look at pictures: their size, that there is something on them, and that no two are the same."""
    assert {picture.size for picture in pictures} == {size}
    assert min(picture.brightest for picture in pictures) > 60
    assert min(picture.shades for picture in pictures) > 30
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_makes_its_pictures(run_pycuerun: RunPycuerun, tmp_path: Path, example: Example) -> None:
    pytest.importorskip("OpenImageIO")

    render(run_pycuerun, RENDERERS / f"{example.outline}.outline", example.frames, tmp_path / "out put")

    paths = sorted((tmp_path / "out put").glob(example.pictures))
    assert len(paths) == example.count
    check_pictures([read_picture(path) for path in paths], (160, 90))


ALL = sorted([*RENDERERS.glob("*.outline"), PIPELINE])


@pytest.mark.parametrize("outline", ALL, ids=[path.stem for path in ALL])
def test_an_example_has_no_argument_that_nobody_reads(run_outline: RunOutline, outline: Path) -> None:
    checked = run_outline("check", outline)

    assert checked.stdout.endswith(": no problems\n"), checked.stdout + checked.stderr


DRY = [
    ("renderers/povray", "+SF5 +EF8"),
    ("renderers/blender", "-f 1..6"),
    ("renderers/synfig", "--start-time 1f --end-time 6f"),
    ("pipeline/pipeline", "--frames 5-8"),
    ("pipeline/pipeline", "/%06d.png"),
]


@pytest.mark.parametrize(("outline", "words"), DRY)
def test_a_dry_run_shows_the_commands_and_writes_nothing(
    run_pycuerun: RunPycuerun, tmp_path: Path, outline: str, words: str
) -> None:
    path = REPOSITORY / "examples" / f"{outline}.outline"

    shown = run_pycuerun(path, "1-12", "--backend", "local", "--dry-run", env={"PATH": "/nowhere"})

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert words in shown.stdout
    assert list(tmp_path.iterdir()) == []


def alike(one: Path, other: Path) -> subprocess.CompletedProcess[str]:
    """Compare two pictures: a few pixels may differ a little, as they do between versions of a renderer."""
    limits = ["-fail", "0.08", "-failpercent", "3", "-hardfail", "0.7"]
    words = ["idiff", *limits, str(one), str(other)]
    return subprocess.run(words, capture_output=True, text=True)


KNOWN = [
    pytest.param("povray", "6", "povray/rolling.0006.png", marks=needs("povray"), id="povray"),
    pytest.param("tachyon", "6", "tachyon/ring.0006.png", marks=needs("tachyon"), id="tachyon"),
    pytest.param("synfig", "12", "synfig/sunrise.0012.png", marks=needs("synfig"), id="synfig"),
]


@needs("idiff")
@pytest.mark.parametrize(("outline", "frame", "picture"), KNOWN)
def test_a_picture_is_what_it_was_when_people_looked_at_it(
    run_pycuerun: RunPycuerun, tmp_path: Path, outline: str, frame: str, picture: str
) -> None:
    render(run_pycuerun, RENDERERS / f"{outline}.outline", frame, tmp_path)

    compared = alike(tmp_path / picture, GOLDEN / Path(picture).name)

    assert compared.returncode == 0, compared.stdout


@needs("idiff")
def test_another_picture_would_not_be_taken_for_it() -> None:
    compared = alike(GOLDEN / "rolling.0006.png", GOLDEN / "ring.0006.png")

    assert compared.returncode == 2


# -- pybullet ---------------------------------------------------------------------------------------------------

BULLET = os.environ.get("PYBULLET_PYTHON") or (sys.executable if importlib.util.find_spec("pybullet") else "")


@pytest.mark.skipif(
    not BULLET, reason="pybullet is not installed (Python 3.10 and 3.11 only), nor is PYBULLET_PYTHON set"
)
def test_the_example_of_pybullet_makes_the_same_pictures_whatever_the_chunks(
    run_pycuerun: RunPycuerun, tmp_path: Path
) -> None:
    outline = RENDERERS / "pybullet.outline"

    render(run_pycuerun, outline, "1-4", tmp_path / "many", PYBULLET_PYTHON=BULLET)
    render(run_pycuerun, outline, "3", tmp_path / "one", PYBULLET_PYTHON=BULLET)

    many = [read_picture(path) for path in sorted((tmp_path / "many" / "pybullet").iterdir())]
    check_pictures(many, (160, 90))
    assert len(many) == 4
    assert read_picture(tmp_path / "one" / "pybullet" / "falling.0003.ppm") == many[2]


# -- the pipeline -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs("blender", "oiiotool", "ffmpeg")
def test_the_pipeline_makes_pictures_a_sheet_and_a_movie(run_pycuerun: RunPycuerun, tmp_path: Path) -> None:
    pytest.importorskip("OpenImageIO")

    render(run_pycuerun, PIPELINE, "1-6", tmp_path)

    beauty = [read_picture(path) for path in sorted((tmp_path / "beauty").iterdir())]
    small = [read_picture(path) for path in sorted((tmp_path / "small").iterdir())]
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(tmp_path / "orbit.mp4"), "-f", "image2pipe", "-c:v", "ppm"]
    movie = split_pictures(subprocess.run([*decode, "-"], check=True, capture_output=True).stdout)
    sheet = read_picture(tmp_path / "sheet.png")
    assert (len(beauty), len(small), len(movie)) == (6, 6, 6)
    check_pictures(beauty, (160, 90))
    check_pictures(small, (320, 180))
    check_pictures(movie, (320, 180))
    assert sheet.size == (4 * 160 + 3 * 4, 2 * 90 + 4)
    assert sheet.shades > 1000
