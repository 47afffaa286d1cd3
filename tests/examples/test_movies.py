# SPDX-License-Identifier: Apache-2.0
"""The example ``movies``: pictures that are known only when movies are cut, their edges, and a sheet for each movie."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.examples.conftest import CopyExample, Example
from tests.pictures import read_picture
from tests.support import needs

pytestmark = [pytest.mark.realtool, needs("ffmpeg")]

# A movie that begins as ``clock`` does, and is a second longer.
LONGER = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc=size=240x136:rate=8", "-t", "3"]


@pytest.fixture
def movies(copy_example: CopyExample, pictures_python: str) -> Example:
    """The example, with its two movies."""
    example = copy_example("movies", PICTURES_PYTHON=pictures_python)
    subprocess.run(["sh", "make-movies.sh"], cwd=example.folder, check=True)
    return example


def last_counts(printed: str) -> dict[str, str]:
    """What the tables of a launch say in the end of each layer: how many frames run, and why."""
    return dict(re.findall(r"^(\w+) .*\s(\d+ of \d+  .*)$", printed, re.MULTILINE))


def test_each_movie_gets_a_sheet_of_its_own_edges_and_only_what_is_new_is_made(movies: Example) -> None:
    pytest.importorskip("OpenImageIO")

    movies.launch("movies.outline")
    first = last_counts(movies.printed)
    sheets = {name: read_picture(movies.work / "sheets" / f"{name}.png") for name in ("clock", "dive")}
    movies.launch("movies.outline")
    again = movies.printed
    longer = [*LONGER, "-pix_fmt", "yuv420p", "-qp", "0", "movies/clock.mp4"]
    subprocess.run(longer, cwd=movies.folder, check=True)
    before = movies.made("edges/dive/*.png") | movies.made("sheets/dive.png")
    movies.launch("movies.outline")

    assert first == {"extract": "0 of 2  2 done", "edges": "16 of 16  16 new", "sheet": "2 of 2  2 new"}
    assert {name: sheet.size for name, sheet in sheets.items()} == {"clock": (980, 284), "dive": (980, 284)}
    assert sheets["clock"] != sheets["dive"]
    assert {sheet.shades for sheet in sheets.values()} == {3}
    assert "nothing to do: all frames are done" in again
    assert last_counts(movies.printed)["sheet"] == "1 of 2  1 stale, 1 done"
    assert last_counts(movies.printed)["edges"].startswith("4 of 20  16 done")
    assert movies.made("edges/dive/*.png") | movies.made("sheets/dive.png") == before
    assert read_picture(movies.work / "sheets" / "clock.png").size == (980, 424)
