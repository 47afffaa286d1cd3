# SPDX-License-Identifier: Apache-2.0
"""Tachyon, Mitsuba, Synfig, oiiotool and ffmpeg: their command lines and the names of their files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import FrameSet, Outline
from outline.console import OutputReader
from outline.exception import LayerException
from outline.io import FileSpec
from outline.modules.contact_sheet import ContactSheet
from outline.modules.ffmpeg import Ffmpeg
from outline.modules.mitsuba import Mitsuba
from outline.modules.oiio import Oiio
from outline.modules.render import RenderLayer
from outline.modules.synfig import Synfig
from outline.modules.tachyon import Tachyon

pytestmark = pytest.mark.usefixtures("programs")


def commands_of(layer: RenderLayer, frames: str) -> list[list[str]]:
    """Return the words of each command, without the program."""
    return [command.argv[1:] for command in layer.list_commands(FrameSet(frames))]


# -- Tachyon ----------------------------------------------------------------------------------------------------


def test_tachyon_renders_a_scene_for_each_frame() -> None:
    layer = Tachyon("t", scene="/s/a.####.dat", outputs="/out/a.####.png", width=64, height=48, samples=4)

    first, second = commands_of(layer, "1,3")

    options = ["-format", "PNG", "-numthreads", "2", "-res", "64", "48", "-aasamples", "4"]
    assert first == ["/s/a.0001.dat", *options, "-o", "/out/a.0001.png"]
    assert second == ["/s/a.0003.dat", *options, "-o", "/out/a.0003.png"]


def test_tachyon_is_led_around_a_blank_in_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (tmp_path / "a.dat").write_text("scene")
    layer = Tachyon("t", scene=f"{tmp_path}/a.dat", outputs=f"{folder}/my ball.####.png")
    layer.check_before_commands(FrameSet("1"))
    (command,) = layer.list_commands(FrameSet("1"))
    told = command.argv[-1]
    Path(told).write_text("picture")

    layer.collect_outputs(command)
    shutil.rmtree(layer.get_scratch_folder())

    assert " " not in told
    assert [path.name for path in folder.iterdir()] == ["my ball.0001.png"]
    assert not os.path.lexists(os.path.dirname(told))


# -- what cannot be meant ---------------------------------------------------------------------------------------


def _check(layer: RenderLayer) -> None:
    layer.check_required_args()


def _render(layer: RenderLayer) -> None:
    layer.list_commands(FrameSet("2"))


@pytest.mark.parametrize(
    ("kind", "args", "told", "message"),
    [
        pytest.param(
            Tachyon,
            {"scene": "a.dat", "outputs": "/out/a.#.exr"},
            _render,
            r"Tachyon writes \.png .*, but the output is '/out/a\.#\.exr'",
            id="an extension that Tachyon does not write",
        ),
        pytest.param(
            Mitsuba,
            {"scene": "a.xml", "outputs": {"beauty": "a.####.png"}},
            _check,
            r"Mitsuba writes \.exr, .*, but the output is 'a\.####\.png'",
            id="a format that the film of Mitsuba does not write",
        ),
        pytest.param(
            Mitsuba,
            {"scene": "a.xml", "outputs": "a.#.exr", "params": {"angle": {1: 0}}},
            _render,
            r"params\['angle'\] has no value for frame 2",
            id="a parameter without a value",
        ),
        pytest.param(
            Mitsuba,
            {"scene": "a.xml", "outputs": "a.#.exr", "params": ["angle"]},
            _render,
            "params must be a dict",
            id="parameters that are no dict",
        ),
        pytest.param(
            Oiio,
            {"source": "a.#.exr", "outputs": "b.#.exr", "operations": "--resize 50%"},
            _check,
            "operations must be a list of words, not a text",
            id="operations that are a text",
        ),
        pytest.param(
            ContactSheet,
            {"source": "a.#.exr", "outputs": "s.png", "tile": "32x24"},
            _check,
            r"tile must be \(width, height\), not '32x24'",
            id="a tile that is a text",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    kind: type[RenderLayer], args: dict[str, Any], told: Callable[[RenderLayer], object], message: str
) -> None:
    layer = kind("l", **args)

    with pytest.raises(LayerException, match=message):
        told(layer)


# -- Mitsuba ----------------------------------------------------------------------------------------------------


def test_mitsuba_gets_the_parameters_of_each_frame() -> None:
    params = {"angle": {1: 0, 2: 15}, "spp": 16}
    layer = Mitsuba("m", scene="/s/a.xml", outputs="/out/a.####.exr", params=params, sensor=1, extra_args=["-v"])

    first, second = commands_of(layer, "1-2")

    options = ["-m", "scalar_rgb", "-t", "3", "-s", "1", "-Dangle=0", "-Dspp=16", "-v"]
    assert first == [*options, "-o", "/out/a.0001.exr", "/s/a.xml"]
    assert "-Dangle=15" in second


def test_mitsuba_gets_more_threads_when_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUE_THREADS", "8")

    ((*words,),) = commands_of(Mitsuba("m", scene="a.xml", outputs="a.#.exr", variant="llvm_ad_rgb"), "1")

    assert words[:4] == ["-m", "llvm_ad_rgb", "-t", "8"]


# -- Synfig -----------------------------------------------------------------------------------------------------


def test_synfig_renders_rows_of_frames_and_single_ones() -> None:
    layer = Synfig("s", scene="/s/a.sif", outputs="/out/a.####.png", width=64, height=48, antialias=2)

    row, single = commands_of(layer, "3-5,9")

    options = ["-t", "png", "-w", "64", "-h", "48", "-a", "2", "-T", "2"]
    assert row == ["/s/a.sif", *options, "-o", "/out/a.png", "--start-time", "3f", "--end-time", "5f"]
    assert single == ["/s/a.sif", *options, "-o", "/out/a.0009.png", "--time", "9f"]


def test_synfig_is_asked_for_frames_of_a_step_one_by_one() -> None:
    words = commands_of(Synfig("s", scene="a.sif", outputs="a_%d.jpg", format="imagemagick"), "1-5x2")

    assert [word[-1] for word in words] == ["1f", "3f", "5f"]
    assert words[0][1:3] == ["-t", "imagemagick"]


def test_synfig_renders_scenes_of_frames_one_by_one() -> None:
    words = commands_of(Synfig("s", scene="a.####.sif", outputs="a.#.png"), "1-2")

    assert [word[0] for word in words] == ["a.0001.sif", "a.0002.sif"]


def test_files_of_synfig_get_the_names_that_were_asked_for(tmp_path: Path) -> None:
    layer = Synfig("s", scene="a.sif", outputs=f"{tmp_path}/a_@@.png")
    (command,) = layer.list_commands(FrameSet("-1-1"))
    for name in ("a_.-001.png", "a_.0000.png", "a_.0001.png"):
        (tmp_path / name).write_text("picture")

    layer.collect_outputs(command)

    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["a_-1.png", "a_00.png", "a_01.png"]


# -- oiiotool ---------------------------------------------------------------------------------------------------


def test_oiiotool_is_told_its_frames_in_one_list() -> None:
    layer = Oiio("o", source="/in/a.####.exr", operations=["--resize", "{TOP.width/2}x0"], outputs="/out/a.@@.png")

    (words,) = commands_of(layer, "1,4-8x2,-2")

    assert words[:4] == ["--threads", "2", "--frames", "1,4-8x2,-2"]
    assert words[4:] == ["/in/a.%04d.exr", "--resize", "{TOP.width/2}x0", "-o", "/out/a.%02d.png"]


def test_oiiotool_gets_half_of_the_memory_for_its_cache() -> None:
    (words,) = commands_of(Oiio("o", source="a.#.exr", outputs="b.#.exr", memory="2g"), "1")

    assert words[4:6] == ["--cache", "1024"]


def test_braces_in_a_path_are_no_expression() -> None:
    (words,) = commands_of(Oiio("o", source="/{in}/a.#.exr", outputs="/{out}/a.#.exr"), "1-2")

    read, write = ["/{in}/a.%04d.exr"], ["-o", "/{out}/a.%04d.exr"]
    assert words[4:] == ["--evaloff", *read, "--evalon", "--evaloff", *write, "--evalon"]


@pytest.mark.parametrize("source", ["/in#1/a.####.exr", "/in/a@b.####.exr", "/in/still.exr"])
def test_a_path_that_looks_like_another_sequence_is_named_frame_by_frame(source: str) -> None:
    first, second = commands_of(Oiio("o", source=source, outputs="/out/a.####.exr"), "1-2")

    off, on = ["--evaloff", "--wildcardoff"], ["--evalon", "--wildcardon"]
    path = source.replace("####", "0002")
    assert first[2:4] == ["--frames", "1"]
    assert second[2:] == ["--frames", "2", *off, path, *on, *off, "-o", "/out/a.0002.exr", *on]


def test_a_source_can_be_the_output_of_another_layer() -> None:
    layer = Oiio("o", source=FileSpec("/in/a.#.exr"), outputs="b.#.exr")

    assert layer.get_arg("source") == "/in/a.#.exr"


@pytest.mark.parametrize("kind", [Oiio, ContactSheet])
def test_oiiotool_is_not_sent_where_it_cannot_write(tmp_path: Path, kind: type[RenderLayer]) -> None:
    (tmp_path / "a.0001.exr").write_text("picture")
    layer = kind("o", source=f"{tmp_path}/a.#.exr", outputs="/50%/b.#.exr")
    Outline("shot", frame_range="1", current=False).add_layer(layer)

    with pytest.raises(LayerException, match="cannot write into a folder with % in its name: /50%"):
        layer.check_before_commands(FrameSet("1"))


# -- logs -------------------------------------------------------------------------------------------------------

MITSUBA_LOG = (
    "2026-01-01 07:25:52 INFO  [SamplingIntegrator] Starting render job (64x48, 8 samples, 3 threads)\n"
    "\rRendering [=============================================] (13ms, ETA: 0ms)      \n"
    '2026-01-01 07:25:52 INFO  [HDRFilm] \u2714  Developing "/out/a.0002.exr" ..\n'
)


@pytest.mark.parametrize(
    ("kind", "log", "frames", "percent", "done"),
    [
        pytest.param(Tachyon, "Rendering Progress:        54% complete\r", "1", 54, 0, id="tachyon"),
        pytest.param(Mitsuba, MITSUBA_LOG, "1-2", 50, 1, id="mitsuba"),
        pytest.param(Synfig, "\ro/sy.0004.png: DONE\r", "3-4", 50, 1, id="synfig"),
        pytest.param(Ffmpeg, "frame=   13 fps=0.0 q=28.0 size=\rframe=   13 ", "1-24", 50, None, id="ffmpeg"),
    ],
)
def test_progress_is_read_from_logs(
    kind: type[RenderLayer], log: str, frames: str, percent: float, done: int | None
) -> None:
    reader = OutputReader(kind.output_rules, FrameSet(frames))
    reader.begin(FrameSet(frames))

    reader.feed(log.encode())
    reader.close()

    assert reader.progress.percent == pytest.approx(percent)
    assert done in (None, reader.progress.frames_done)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        pytest.param(Tachyon, "Parser failed due to nonexistent input file: nope.dat", id="tachyon"),
        pytest.param(Mitsuba, "Caught a critical exception: [parser.cpp:1077] File not found: x", id="mitsuba"),
        pytest.param(Synfig, "Unable to load file 'nope.sif'.", id="synfig, missing"),
        pytest.param(
            Synfig, 'synfig(8241) [07:25:55] error: Unable to create output for "a.sif": No such', id="synfig"
        ),
        pytest.param(Ffmpeg, "/out/a.mp4: No such file or directory", id="ffmpeg"),
        pytest.param(Ffmpeg, "[libx264 @ 0x5] width not divisible by 2 (65x48)", id="ffmpeg, width"),
        pytest.param(Ffmpeg, "Unknown encoder 'nope'", id="ffmpeg, codec"),
    ],
)
def test_errors_are_found(kind: type[RenderLayer], line: str) -> None:
    reader = OutputReader(kind.output_rules)

    reader.feed(f"\x1b[31m{line}\x1b[0m\n".encode())

    assert reader.errors == [line]


def test_the_usual_words_of_synfig_are_no_errors() -> None:
    reader = OutputReader(Synfig.output_rules)

    reader.feed(b"No LADSPA plugins were found!\n\nCheck your LADSPA_PATH environment variable.\n")

    assert reader.errors == []
