# SPDX-License-Identifier: Apache-2.0
"""Jobs with real renderers and image tools, whose pictures are looked at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.pictures import Picture, read_picture, split_pictures
from tests.support import job_in, log_of, needs, outline_file

SCENES = Path(__file__).resolve().parent.parent / "data" / "scenes"

pytestmark = pytest.mark.realtool


def pictures_in(folder: Path, pattern: str) -> list[Picture]:
    """Read pictures in the order of their names."""
    return [read_picture(path) for path in sorted(folder.glob(pattern))]


def frames_of_movie(path: Path) -> list[Picture]:
    """Decode a movie."""
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "image2pipe", "-c:v", "ppm", "-"]
    return split_pictures(subprocess.run(decode, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout)


# -- POV-Ray: knows chunks, counts the padding itself -----------------------------------------------------------


POVRAY = """
    from outline import io
    from outline.modules.shell import Shell
    ball = ["povray", "-D", "+Iball.pov", "+FP", "+W64", "+H48"]
    """


@pytest.fixture
def ball(tmp_path: Path) -> None:
    """Put the scene of POV-Ray where the job is launched."""
    shutil.copy(SCENES / "ball.pov", tmp_path)


@needs("povray")
@pytest.mark.usefixtures("ball")
def test_povray_renders_an_animation_in_chunks(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        POVRAY
        + """
    whole = ["+KI0", "+KF1", "+KFI1", "+KFF4"]
    part = ["+SF#FRAME_START#", "+EF#FRAME_END#"]
    render = Shell("render", command=[*ball, "+Oball_.ppm", *whole, *part], chunk=2)
    render.add_output("pictures", io.FileSpec("ball_@.ppm", checked=True))
    """,
    )

    result = run_pycuerun(script, "1-4", "--backend", "local", "--max-retries", "0")

    pictures = pictures_in(tmp_path, "ball_?.ppm")
    assert result.returncode == 0, result.stdout
    assert job_in(session_root).counts == {"SUCCEEDED": 2}
    assert "Rendering frame 2 of 2" in log_of(session_root, "0003-render")
    assert [picture.size for picture in pictures] == [(64, 48)] * 4
    assert min(picture.shades for picture in pictures) > 50
    assert len(set(pictures)) == 4


@needs("povray")
@pytest.mark.usefixtures("ball")
def test_povray_renders_single_frames_with_padded_names(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        POVRAY
        + """
    render = Shell("render", command=[*ball, "+Oout/still.%{ZFRAME}.ppm", "+K0.%{FRAME}"])
    render.add_output("pictures", io.FileSpec("out/still.####.ppm", checked=True, mkdir=True))
    """,
    )

    result = run_pycuerun(script, "1-9x8", "--backend", "local", "--max-retries", "0")

    first, last = pictures_in(tmp_path, "out/*")
    assert result.returncode == 0, result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["still.0001.ppm", "still.0009.ppm"]
    assert first.size == last.size == (64, 48)
    assert first != last


@needs("povray")
def test_a_scene_that_is_missing_kills_the_frame_and_its_last_words_are_shown(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        POVRAY
        + """
    Shell("render", command=[*ball, "+Oball.ppm"])
    Shell("after", command=["true"], require="render")
    """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert "Fatal error in parser: Cannot parse input." in result.stdout
    assert job_in(session_root).counts == {"DEAD": 1, "DEPEND": 1}


# -- Tachyon: one scene file per frame, exits 0 when it has none; ffmpeg: ends a movie at a gap and exits 0 ------


TACHYON = f"""
    from outline import Layer, LayerPreProcess, io
    from outline.modules.shell import Shell

    class WriteScenes(LayerPreProcess):
        def _setup(self):
            self.put_file({str(SCENES / "ball.dat")!r})
        def _execute(self, frames):
            template = open(self.get_file("ball.dat")).read()
            scenes = io.FileSpec(self.get_creator().get_file("scene.####.dat", new=True))
            for frame in range(1, 7):
                with open(scenes.get_frame_path(frame), "w") as stream:
                    stream.write(template.replace("$X", str(frame / 3 - 1)))
            self.add_output("scenes", scenes)

    class Tachyon(Layer):
        def _execute(self, frames):
            for frame in frames:
                if frame != self.get_arg("lost"):
                    scene = self.get_output("scenes").get_frame_path(frame)
                else:
                    scene = "nowhere.dat"
                self.system(["tachyon", scene, "-format", "PPM", "-o", "ball.#ZFRAME#.ppm"], frame=frame)
    """

MOVIE = """
    movie = Shell("movie", require="render:all", chunk=100, command=[
        "ffmpeg", "-y", "-framerate", "24", "-start_number", "#FRAME_START#", "-i", "ball.%04d.ppm",
        "-c:v", "mpeg4", "-q:v", "1", "ball.mp4"])
    movie.add_input("pictures", io.FileSpec("ball.####.ppm", checked=True))
    movie.add_output("movie", io.Path("ball.mp4", checked=True))
    """


@needs("tachyon", "ffmpeg")
def test_pictures_of_scenes_that_a_pre_process_wrote_become_a_movie(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, TACHYON + "\n    WriteScenes(Tachyon('render', chunk=2))\n" + MOVIE)

    result = run_pycuerun(script, "1-6", "--backend", "local", "--max-retries", "0")

    pictures = pictures_in(tmp_path, "ball.????.ppm")
    movie = frames_of_movie(tmp_path / "ball.mp4")
    assert result.returncode == 0, result.stdout
    assert job_in(session_root).counts == {"SUCCEEDED": 5}
    assert [picture.size for picture in pictures + movie] == [(64, 48)] * 12
    assert len(set(pictures)) == len(set(movie)) == 6
    assert min(picture.brightest for picture in pictures + movie) > 150
    assert max(map(difference, pictures, movie)) < 10


def difference(one: Picture, other: Picture) -> float:
    """Return how far two pictures are apart, on average over all channels of all pixels."""
    return sum(abs(a - b) for a, b in zip(one.pixels, other.pixels, strict=True)) / len(one.pixels)


@needs("tachyon", "ffmpeg")
def test_a_gap_in_the_pictures_kills_the_movie_and_names_it(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, TACHYON + "\n    WriteScenes(Tachyon('render', chunk=2, lost=5))\n" + MOVIE)

    result = run_pycuerun(script, "1-6", "--backend", "local", "--max-retries", "0")

    (dead,) = job_in(session_root).dead_frames()
    assert result.returncode == 1
    assert dead.name == "0001-movie"
    assert "input 'pictures' is missing or empty for frames 5: ball.####.ppm" in result.stdout
    assert "ffmpeg version" not in log_of(session_root, "0001-movie")
    assert not (tmp_path / "ball.mp4").exists()


@needs("tachyon")
@pytest.mark.parametrize("lost", [3, 4])
def test_a_renderer_that_renders_nothing_and_exits_0_kills_its_frame(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, lost: int
) -> None:
    script = outline_file(
        tmp_path,
        TACHYON
        + f"""
    render = Tachyon("render", chunk=2, lost={lost})
    render.add_output("pictures", io.FileSpec("ball.####.ppm", checked=True))
    WriteScenes(render)
    Shell("after", command=["true"], require="render")
    """,
    )

    result = run_pycuerun(script, "1-6", "--backend", "local", "--max-retries", "0")

    (dead,) = job_in(session_root).dead_frames()
    assert result.returncode == 1
    assert dead.name == "0003-render"
    assert job_in(session_root).counts == {"SUCCEEDED": 7, "DEAD": 1, "DEPEND": 2}
    assert f"output 'pictures' is missing or empty for frames {lost}: ball.####.ppm" in result.stdout
    assert "Parser failed due to nonexistent input file" in log_of(session_root, "0003-render")


@needs("tachyon")
def test_commands_are_held_to_their_outputs_as_well(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "scene.0001.dat").write_text((SCENES / "ball.dat").read_text().replace("$X", "0"))
    script = outline_file(
        tmp_path,
        TACHYON
        + """
    tachyon = ["tachyon", "scene.####.dat", "-format", "PPM", "-o", "ball.####.ppm"]
    render = Shell("render", command=tachyon)
    render.add_output("pictures", io.FileSpec("ball.####.ppm", checked=True))
    """,
    )

    result = run_pycuerun(script, "1-3", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert [dead.name for dead in job_in(session_root).dead_frames()] == ["0002-render", "0003-render"]
    assert "output 'pictures' is missing or empty for frames 3: ball.####.ppm" in result.stdout


# -- oiiotool: the tutorial's ginsu -----------------------------------------------------------------------------


@needs("oiiotool")
def test_oiiotool_makes_small_pictures_like_the_ginsu_of_the_tutorial(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    pytest.importorskip("OpenImageIO")
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        checks = "checker:width=8:height=8:color1=1,0.%{FRAME},0:color2=0,0,1"
        Shell("draw", ["oiiotool", "--pattern", checks, "64x48", "3", "-d", "half", "-o", "blah.#ZFRAME#.exr"])
        Shell("ginsu_convert", ["oiiotool", "blah.#.exr", "--fit", "32x32", "-o", "blah-small.#.exr"], require="draw")
        tiny = ["oiiotool", "--frames", "%{RANGE}", "blah.#.exr", "--resize", "16x12", "-o", "tiny.#.png"]
        Shell("ginsu_chunk", tiny, chunk=3, require="draw")
        """,
    )

    result = run_pycuerun(script, "2-6x2", "--backend", "local", "--max-retries", "0")

    small, tiny = pictures_in(tmp_path, "blah-small.????.exr"), pictures_in(tmp_path, "tiny.????.png")
    assert result.returncode == 0, result.stdout
    assert sorted(path.name for path in tmp_path.glob("tiny.*")) == ["tiny.0002.png", "tiny.0004.png", "tiny.0006.png"]
    assert [picture.size for picture in small] == [(32, 24)] * 3
    assert [picture.size for picture in tiny] == [(16, 12)] * 3
    assert min(picture.brightest for picture in small + tiny) > 150
    assert len(set(small)) == len(set(tiny)) == 3
