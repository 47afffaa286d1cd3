# SPDX-License-Identifier: Apache-2.0
"""Contact sheets and movies: one frame for all pictures of a sequence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from outline import FrameSet, Outline
from outline.exception import LayerException
from outline.modules.contact_sheet import ContactSheet
from outline.modules.ffmpeg import Ffmpeg
from outline.modules.render import RenderLayer

pytestmark = pytest.mark.usefixtures("programs")


def add(layer: RenderLayer, frames: str) -> None:
    """Make the layer one of a job of these frames."""
    Outline("shot", frame_range=frames, current=False).add_layer(layer)


def test_a_contact_sheet_has_all_pictures_in_one_frame() -> None:
    layer = ContactSheet("c", source="/in/a.#.exr", outputs="/out/sheet.png", columns=2, tile=(32, 24), pad=0)
    add(layer, "5-9x2")

    (command,) = layer.list_commands(FrameSet("5"))

    fit = ["--fit:pad=1", "32x24"]
    assert layer.get_frame_range() == "5"
    pictures = [word for frame in (5, 7, 9) for word in (f"/in/a.000{frame}.exr", *fit)]
    sheet = ["--mosaic:pad=0", "2x2", "-o", "/out/sheet.png"]
    assert command.argv[3:] == ["--evaloff", "--wildcardoff", *pictures, *sheet]


def test_a_contact_sheet_is_square_unless_asked_otherwise() -> None:
    layer = ContactSheet("c", source="/in/a.#.exr", outputs="/out/sheet.png", range="1-10")
    add(layer, "1-100")

    (command,) = layer.list_commands(FrameSet("1"))

    assert command.argv[-4:-2] == ["--mosaic:pad=4", "4x3"]


@pytest.mark.parametrize(
    ("there", "shown"),
    [
        pytest.param([1, 3, 4], [1, 1, 3, 4, 4], id="the picture before a gap"),
        pytest.param([3], [3, 3, 3, 3, 3], id="the first picture before the first one"),
    ],
)
def test_gaps_of_a_movie_can_be_filled(tmp_path: Path, there: list[int], shown: list[int]) -> None:
    for frame in there:
        (tmp_path / f"a.000{frame}.png").write_text("picture")
    layer = Ffmpeg("f", source=f"{tmp_path}/a.#.png", outputs="/out/a.mp4", fill_gaps=True)
    add(layer, "1-5")

    layer.check_before_commands(FrameSet("1"))

    links = [os.readlink(link) for link in sorted(Path(layer.get_scratch_folder()).iterdir())]
    shutil.rmtree(layer.get_scratch_folder())
    assert links == [f"{tmp_path}/a.000{frame}.png" for frame in shown]


def test_a_movie_of_no_picture_at_all_is_refused(tmp_path: Path) -> None:
    layer = Ffmpeg("f", source=f"{tmp_path}/a.#.png", outputs="/out/a.mp4", fill_gaps=True)
    add(layer, "1-5")

    with pytest.raises(LayerException, match="its source is missing or empty"):
        layer.check_before_commands(FrameSet("1"))


def test_ffmpeg_gets_pictures_that_are_numbered_from_0_on(tmp_path: Path) -> None:
    for frame in (5, 7, 9):
        (tmp_path / f"a.000{frame}.png").write_text("picture")
    layer = Ffmpeg("f", source=f"{tmp_path}/a.#.png", outputs="/out/a.mp4", fps="24000/1001", extra_args=["-an"])
    add(layer, "9-5x-2")
    layer.check_before_commands(FrameSet("9"))

    (command,) = layer.list_commands(FrameSet("9"))
    links = Path(command.argv[command.argv.index("-i") + 1]).parent
    pictures = {link.name: os.readlink(link) for link in links.iterdir()}
    shutil.rmtree(links)

    assert command.argv[1:-1] == [
        *("-hide_banner", "-nostdin", "-xerror", "-y", "-framerate", "24000/1001", "-start_number", "0"),
        *("-i", f"{links}/%06d.png", "-frames:v", "3", "-r", "24000/1001", "-c:v", "libx264", "-crf", "18"),
        *("-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-threads", "2", "-an"),
    ]
    assert command.argv[-1] == "file:/out/a.mp4"
    assert pictures == {
        "000000.png": f"{tmp_path}/a.0009.png",
        "000001.png": f"{tmp_path}/a.0007.png",
        "000002.png": f"{tmp_path}/a.0005.png",
    }


def test_other_codecs_get_no_options_of_x264(tmp_path: Path) -> None:
    layer = Ffmpeg(
        "f", source="a.#.exr", outputs="/out/a.mov", codec="prores_ks", pixel_format="yuv422p10le", filters=""
    )
    layer.set_arg("input_args", ["-apply_trc", "iec61966_2_1"])
    add(layer, "1")

    (command,) = layer.list_commands(FrameSet("1"))
    layer.collect_outputs(command)

    assert "-crf" not in command.argv
    assert "-vf" not in command.argv
    assert command.argv[command.argv.index("-apply_trc") + 1] == "iec61966_2_1"


def test_a_gap_is_told_before_anything_is_encoded(tmp_path: Path) -> None:
    (tmp_path / "a.0001.png").write_text("picture")
    (tmp_path / "a.0003.png").write_text("")
    layer = Ffmpeg("f", source=f"{tmp_path}/a.#.png", outputs="/out/a.mp4")
    add(layer, "1-4")

    with pytest.raises(LayerException, match=r"layer 'f': its source is missing or empty for frames 2-4: .*/a\.#\.png"):
        layer.check_before_commands(FrameSet("1"))


def test_a_range_without_a_frame_of_the_job_is_told() -> None:
    layer = Ffmpeg("f", source="a.#.png", outputs="/out/a.mp4", range="50-60")
    add(layer, "1-4")

    with pytest.raises(LayerException, match="its range has no frame of the job"):
        layer.get_sequence()


@pytest.mark.parametrize("rate", [25, 23.976, "25", "24000/1001", "ntsc", "ntsc-film"])
def test_rate_of_a_movie_is_one_that_ffmpeg_knows(rate: object) -> None:
    Ffmpeg("movie", source="a.####.png", outputs="a.mp4", fps=rate).check_required_args()  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", ["fast", -1, "", "25fps", [25]])
def test_rate_of_a_movie_that_ffmpeg_does_not_know_is_found_before_anything_runs(rate: object) -> None:
    layer = Ffmpeg("movie", source="a.####.png", outputs="a.mp4", fps=rate)  # type: ignore[arg-type]

    with pytest.raises(LayerException, match="fps must be a number such as 25"):
        layer.check_required_args()
