# SPDX-License-Identifier: Apache-2.0
"""oiiotool and ffmpeg work for real on sequences, and what they cannot do fails with its cause."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from outline.exception import LayerException, OutlineException, ShellCommandFailureException
from outline.modules.contact_sheet import ContactSheet
from outline.modules.ffmpeg import Ffmpeg
from outline.modules.oiio import Oiio
from outline.modules.python import Python
from outline.modules.render import RenderLayer
from tests.conftest import RunPycuerun
from tests.fakes import killer
from tests.pictures import read_picture, split_pictures
from tests.support import job_in, names_in, needs, outline_file, run_layer

pytestmark = pytest.mark.realtool

SMALL = ["--resize", "32x24"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with pictures 1 to 6 and -1 of 64 x 48 pixels, each of another grey."""
    folder = tmp_path / "my {shots}"
    (folder / "in").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for frame in (-1, *range(1, 7)):
        head, pixel = b"P6 64 48 255\n", bytes([40 * abs(frame), 100, 255 - 30 * abs(frame)])
        (folder / "in" / f"a.{frame:04d}.ppm").write_bytes(head + pixel * (64 * 48))
    return folder


# -- oiiotool ---------------------------------------------------------------------------------------------------


@needs("oiiotool")
def test_a_ginsu_makes_small_pictures_of_exactly_its_frames(here: Path) -> None:
    pytest.importorskip("OpenImageIO")

    run_layer(
        Oiio, "1-3,6,-1", chunk=5, source="in/a.#.ppm", operations=SMALL, outputs="{small}/b.@@.png", check_images=True
    )

    pictures = [read_picture(path) for path in sorted((here / "{small}").iterdir())]
    assert names_in(here / "{small}") == ["b.-1.png", "b.01.png", "b.02.png", "b.03.png", "b.06.png"]
    assert {picture.size for picture in pictures} == {(32, 24)}
    assert len(set(pictures)) == 4  # frames 1 and -1 are the same grey


@needs("oiiotool")
@pytest.mark.parametrize("folder", ["in #1", "in @ 2"])
def test_signs_of_sequences_in_a_folder_are_plain_letters(here: Path, folder: str) -> None:
    pytest.importorskip("OpenImageIO")
    (here / "in").rename(here / folder)

    run_layer(Oiio, "1-2", chunk=2, source=f"{folder}/a.####.ppm", operations=SMALL, outputs=f"{folder}/b.####.png")

    assert len(list((here / folder).glob("b.000?.png"))) == 2


@needs("oiiotool")
def test_frames_that_run_apart_must_have_one_size(here: Path) -> None:
    pytest.importorskip("OpenImageIO")
    (here / "in" / "a.0002.ppm").write_bytes(b"P6 32 24 255\n" + bytes([200]) * (32 * 24 * 3))

    with pytest.raises(LayerException, match=r"is 32x24 and not 64x48, as in frame 1, for frames 2: .*b\.####\.png"):
        run_layer(Oiio, "1-3", chunk=1, source="in/a.#.ppm", outputs="out/b.####.png", check_images=True)

    assert names_in(here / "out") == ["b.0001.png"]


@needs("oiiotool")
def test_expressions_in_operations_are_evaluated(here: Path) -> None:
    pytest.importorskip("OpenImageIO")

    run_layer(Oiio, "4", source="in/a.#.ppm", operations=["--resize", "{TOP.width/FRAME_NUMBER}x12"], outputs="b.#.png")

    assert read_picture(here / "b.0004.png").size == (16, 12)


@needs("oiiotool")
def test_pictures_that_are_missing_are_told_before_anything_is_written(here: Path) -> None:
    with pytest.raises(LayerException, match=r"its source is missing or empty for frames 7-8: .*/in/a\.#\.ppm"):
        run_layer(Oiio, "5-8", chunk=4, source="in/a.#.ppm", outputs="out/b.#.png")

    assert not (here / "out").exists()


@needs("oiiotool")
def test_a_picture_that_cannot_be_read_is_told_in_the_words_of_oiiotool(here: Path) -> None:
    (here / "in" / "a.0002.ppm").write_text("this is no picture")

    with pytest.raises(ShellCommandFailureException, match="Oiio said: oiiotool ERROR"):
        run_layer(Oiio, "1-3", chunk=3, source="in/a.#.ppm", outputs="out/b.#.png")

    assert set(names_in(here / "out")) <= {"b.0001.png"}


# -- contact sheet ----------------------------------------------------------------------------------------------


@needs("oiiotool")
def test_a_contact_sheet_shows_all_pictures(here: Path) -> None:
    pytest.importorskip("OpenImageIO")

    run_layer(
        ContactSheet, "1-6", source="in/a.#.ppm", outputs="out/sheet.png", columns=3, tile=(32, 24), pad=0, chunk=9
    )

    sheet = read_picture(here / "out" / "sheet.png")
    middle = [sheet.pixels[3 * ((12 + 24 * row) * 96 + 16 + 32 * column)] for row in (0, 1) for column in (0, 1, 2)]
    assert sheet.size == (96, 48)
    assert middle == pytest.approx([40, 80, 120, 160, 200, 240], abs=2)


# -- ffmpeg -----------------------------------------------------------------------------------------------------


def movie_of(path: Path) -> list[bytes]:
    """Decode a movie and return its pictures."""
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "image2pipe", "-c:v", "ppm", "-"]
    done = subprocess.run(decode, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return [picture.pixels for picture in split_pictures(done.stdout)]


def rate_of(path: Path) -> str:
    """Ask for the frame rate of a movie."""
    words = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=r_frame_rate", "-of", "json"]
    done = subprocess.run([*words, str(path)], check=True, capture_output=True, text=True)
    return str(json.loads(done.stdout)["streams"][0]["r_frame_rate"])


@needs("ffmpeg", "ffprobe")
@pytest.mark.parametrize(
    ("frames", "reds"),
    [
        pytest.param("1-6", [40, 80, 120, 160, 200, 240], id="in order"),
        pytest.param("6-2x-2,-1", [240, 160, 80, 40], id="with steps, backward and negative"),
    ],
)
def test_a_movie_has_a_frame_for_each_picture_in_their_order(here: Path, frames: str, reds: list[int]) -> None:
    run_layer(Ffmpeg, frames, source="in/a.#.ppm", outputs="out/a movie.mp4", fps=25, crf=1)

    pictures = movie_of(here / "out" / "a movie.mp4")
    assert names_in(here / "out") == ["a movie.mp4"]
    assert rate_of(here / "out" / "a movie.mp4") == "25/1"
    assert [picture[0] for picture in pictures] == pytest.approx(reds, abs=8)


@needs("ffmpeg")
def test_an_odd_size_is_padded(here: Path) -> None:
    for frame in (1, 2):
        (here / f"odd.{frame}.ppm").write_bytes(b"P6 33 25 255\n" + bytes([200]) * (33 * 25 * 3))

    run_layer(Ffmpeg, "1-2", source="odd.@.ppm", outputs="odd.mp4")

    assert [len(picture) for picture in movie_of(here / "odd.mp4")] == [34 * 26 * 3] * 2


@needs("ffmpeg")
def test_a_gap_in_the_pictures_is_told_and_nothing_is_encoded(here: Path) -> None:
    (here / "in" / "a.0003.ppm").unlink()

    with pytest.raises(LayerException, match=r"its source is missing or empty for frames 3,7: .*/in/a\.#\.ppm"):
        run_layer(Ffmpeg, "1-7", source="in/a.#.ppm", outputs="out/a.mp4")

    assert not (here / "out").exists()


@needs("ffmpeg", "ffprobe")
@pytest.mark.parametrize("kept", [0.5, 0.0], ids=["half of a picture", "no picture"])
def test_a_picture_that_cannot_be_read_fails_the_movie(here: Path, kept: float) -> None:
    picture = (here / "in" / "a.0003.ppm").read_bytes()
    (here / "in" / "a.0003.ppm").write_bytes(picture[: int(len(picture) * kept)] or b"this is no picture")

    with pytest.raises(OutlineException, match="the movie has . frames, but there are 6 pictures|Ffmpeg failed"):
        run_layer(Ffmpeg, "1-6", source="in/a.#.ppm", outputs="out/a.mp4")

    assert names_in(here / "out") == []


@needs("ffmpeg")
def test_a_codec_that_is_not_there_is_told_in_the_words_of_ffmpeg(here: Path) -> None:
    with pytest.raises(ShellCommandFailureException, match="Ffmpeg said: Unknown encoder 'nope'"):
        run_layer(Ffmpeg, "1-6", source="in/a.#.ppm", outputs="out/a.mp4", codec="nope")

    assert names_in(here / "out") == []


# -- all of them ------------------------------------------------------------------------------------------------

KINDS = [
    pytest.param(Oiio, "out/b.####.png", marks=needs("oiiotool"), id="Oiio"),
    pytest.param(ContactSheet, "out/sheet.png", marks=needs("oiiotool"), id="ContactSheet"),
    pytest.param(Ffmpeg, "out/a.mp4", marks=needs("ffmpeg"), id="Ffmpeg"),
]


@pytest.mark.parametrize(("kind", "outputs"), KINDS)
def test_a_folder_that_cannot_be_written_is_told(here: Path, kind: type[RenderLayer], outputs: str) -> None:
    (here / "out").write_text("a file")

    with pytest.raises(LayerException, match=r"cannot write outputs to the folder .*out: "):
        run_layer(kind, "1-3", source="in/a.#.ppm", outputs=outputs)


@pytest.mark.parametrize(("kind", "outputs"), KINDS)
def test_a_program_that_is_not_installed_is_told(here: Path, kind: type[RenderLayer], outputs: str) -> None:
    with pytest.raises(ShellCommandFailureException, match="was not found on host .*'no-tool'") as caught:
        run_layer(kind, "1-3", source="in/a.#.ppm", outputs=outputs, executable="no-tool")

    assert caught.value.exit_status == 127


KILLED = """
    from {module} import {kind}
    {kind}("render", chunk=3, source="in/a.####.ppm", outputs={outputs!r}, executable={executable!r})
    """


@pytest.mark.parametrize(("kind", "outputs"), KINDS)
def test_a_frame_that_is_killed_while_it_writes_leaves_nothing_that_looks_whole(
    here: Path, session_root: Path, run_pycuerun: RunPycuerun, kind: type[RenderLayer], outputs: str
) -> None:
    program = [sys.executable, killer.__file__, str(here / "out"), kind.executable]
    text = KILLED.format(module=kind.__module__, kind=kind.__name__, outputs=outputs, executable=program)

    result = run_pycuerun(outline_file(here, text), "1-3", "--backend", "local", "--max-retries", "0", cwd=here)

    assert result.returncode == 1
    assert job_in(session_root).counts == {"DEAD": 1}
    assert "ended by signal 9 (SIGKILL)" in result.stdout
    assert [name for name in names_in(here / "out") if not name.startswith(".part-")] == []


# -- Python -----------------------------------------------------------------------------------------------------

INTERPRETERS = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))


@pytest.mark.parametrize("python", INTERPRETERS, ids=lambda path: path.parts[-3])
def test_a_script_runs_in_other_versions_of_python(here: Path, python: Path) -> None:
    (here / "make.py").write_text("for frame in frames:\n    open(name % frame, 'w').write('made')\n")

    run_layer(Python, "1-2", chunk=2, script="make.py", python=str(python), kwargs={"name": "b.%d"}, outputs="b.@")

    assert (here / "b.2").read_text() == "made"
