# SPDX-License-Identifier: Apache-2.0
"""Blender: its command line, the names of its engines, its logs, and the script that runs inside of it."""

from __future__ import annotations

import json
import runpy
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from outline import FrameSet
from outline.console import OutputReader, Progress
from outline.exception import LayerException
from outline.modules.blender import SCRIPT, Blender, engine_name


def words_of(frames: str, **args: object) -> list[str]:
    """Return the words of the one command, without the program."""
    args = {"scene": "/a b/shot.blend", "outputs": "/out/a.####.png", **args}
    (command,) = Blender("beauty", **args).list_commands(FrameSet(frames))
    assert command.frames == FrameSet(frames)
    return command.argv[1:]


def after(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_everything_stands_before_the_frames(programs: Path) -> None:
    words = words_of(
        "1,3-9", engine="cycles", scene_name="Shot 1", factory_startup=True, extra_args=["--verbose", "2"], cores=2
    )

    scene = ["-S", "Shot 1", "--python-exit-code", "3", "--python-expr", "import bpy; bpy.data.scenes['Shot 1']"]
    settings = ["-E", "CYCLES", "-F", "PNG", "-t", "2", "--verbose", "2"]
    assert words[:4] == ["-b", "--factory-startup", "-noaudio", "/a b/shot.blend"]
    assert words[4:] == [*scene, *settings, "-o", "/out/a.####.png", "-f", "1,3..9"]


def test_little_is_said_when_little_was_asked_for(programs: Path) -> None:
    settings = ["-F", "PNG", "-t", "2"]
    assert words_of("7") == ["-b", "-noaudio", "/a b/shot.blend", *settings, "-o", "/out/a.####.png", "-f", "7"]


@pytest.mark.parametrize(
    ("frames", "output", "expected"),
    [
        pytest.param("-2-0x2", "/out/a.####.png", {"-2": "/out/a.-002.png", "0": "/out/a.0000.png"}, id="negative"),
        pytest.param("5", "/out/a.png", {"5": "/out/a.png"}, id="a single file"),
        pytest.param("5", "/out/a#b.####.png", {"5": "/out/a#b.0005.png"}, id="another # in the name"),
    ],
)
def test_frames_that_the_command_line_cannot_name_are_rendered_by_a_script(
    programs: Path, frames: str, output: str, expected: dict[str, str]
) -> None:
    words = words_of(frames, outputs=output)

    assert words[-6:-1] == ["--python-exit-code", "3", "-P", SCRIPT, "--"]
    assert json.loads(words[-1]) == expected


@pytest.mark.parametrize(
    ("output", "args", "name"),
    [
        ("a.#.exr", {}, "OPEN_EXR"),
        ("a.#.JPG", {}, "JPEG"),
        ("a.#.tif", {}, "TIFF"),
        ("a.#.webp", {}, "WEBP"),
        ("a.#.left.png", {}, "PNG"),
        ("a.#.exr", {"format": "OPEN_EXR_MULTILAYER"}, "OPEN_EXR_MULTILAYER"),
    ],
)
def test_the_format_is_given_or_that_of_the_extension(
    programs: Path, output: str, args: dict[str, str], name: str
) -> None:
    words = words_of("1", outputs=output, **args)

    assert after(words, "-F") == name


def test_an_extension_that_is_no_picture_is_refused(programs: Path) -> None:
    with pytest.raises(LayerException, match=r"layer 'beauty': unknown picture format of 'a\.#\.mp4'; give format="):
        words_of("1", outputs="a.#.mp4")


@pytest.mark.parametrize(
    ("engine", "version", "name"),
    [
        ("eevee", (3, 4), "BLENDER_EEVEE"),
        ("eevee", (4, 1), "BLENDER_EEVEE"),
        ("eevee", (4, 2), "BLENDER_EEVEE_NEXT"),
        ("BLENDER_EEVEE", (4, 5), "BLENDER_EEVEE_NEXT"),
        ("eevee", (5, 0), "BLENDER_EEVEE"),
        ("BLENDER_EEVEE_NEXT", (5, 2), "BLENDER_EEVEE"),
        ("Cycles", (5, 0), "CYCLES"),
        ("workbench", (3, 4), "BLENDER_WORKBENCH"),
        ("LUXCORE", (3, 4), "LUXCORE"),
    ],
)
def test_an_engine_has_another_name_in_other_versions(engine: str, version: tuple[int, int], name: str) -> None:
    assert engine_name(engine, version) == name


@pytest.mark.parametrize(
    ("said", "args", "name"),
    [
        ("", {"version": "4.2", "executable": "blender"}, "BLENDER_EEVEE_NEXT"),
        ("Blender 4.5.1 LTS", {}, "BLENDER_EEVEE_NEXT"),
        ("", {}, "BLENDER_EEVEE"),
        (None, {}, "BLENDER_EEVEE"),
    ],
    ids=["of the layer", "of blender", "says nothing", "cannot be asked"],
)
def test_the_version_of_the_layer_or_of_blender_says_what_eevee_is_called(
    programs: Path, said: str | None, args: dict[str, str], name: str
) -> None:
    (programs / "blender").unlink()
    if said is not None:
        (programs / "blender").write_text(f'#!/bin/sh\necho "{said}"\n')
        (programs / "blender").chmod(0o755)

    words = words_of("1", engine="eevee", **args)

    assert after(words, "-E") == name


def test_a_device_comes_last(programs: Path) -> None:
    assert (
        words_of("7", device="OPTIX")[-6:] == ["-o", "/out/a.####.png", "-f", "7", "--", "--cycles-device", "OPTIX"][1:]
    )
    assert words_of("-2", device="OPTIX")[-4:-1] == ["--", "--cycles-device", "OPTIX"]


def test_words_that_would_hide_the_frames_are_refused() -> None:
    layer = Blender("beauty", scene="a.blend", outputs="a.#.png", extra_args=["--", "--cycles-device", "OPTIX"])

    with pytest.raises(LayerException, match="extra_args may not hold '--'.*; give device="):
        layer.check_required_args()


def test_two_slashes_are_no_folder_of_the_scene(programs: Path) -> None:
    words = words_of("7", scene="//shots/a.blend", outputs="//tmp/o/a.####.png")

    assert ("/shots/a.blend" in words, "/tmp/o/a.####.png" in words) == (True, True)


@pytest.mark.parametrize(("version", "refused"), [("5.0", True), ("4.5", False)])
def test_a_path_that_is_a_template_is_refused(programs: Path, tmp_path: Path, version: str, refused: bool) -> None:
    (tmp_path / "a.blend").write_text("scene")
    layer = Blender("b", scene=f"{tmp_path}/a.blend", outputs="/o/{a}.#.png", version=version, executable="blender")

    with pytest.raises(LayerException, match="for a template: /o/{a}") if refused else nullcontext():
        layer.check_before_commands(FrameSet("1"))


# -- logs -------------------------------------------------------------------------------------------------------


def read(log: str, frames: str = "1-4") -> tuple[OutputReader, list[Progress]]:
    """Read a log line by line and return what was seen at each."""
    reader = OutputReader(Blender.output_rules, FrameSet(frames))
    reader.begin(FrameSet(frames))
    seen = []
    for line in log.splitlines(keepends=True):
        reader.feed(line.encode())
        seen.append(reader.progress)
    reader.close()
    return reader, seen


CYCLES_3_4 = """Blender 3.4.1
Read blend: /shots/cycles.blend
Fra:2 Mem:9.05M (Peak 10.83M) | Time:00:00.02 | Mem:0.00M, Peak:0.00M | Scene, ViewLayer | Synchronizing object | Cube
Fra:2 Mem:10.57M (Peak 10.83M) | Time:00:00.76 | Remaining:00:00.56 | Mem:1.42M, Peak:1.42M | ViewLayer | Sample 4/8
Fra:2 Mem:10.87M (Peak 11.46M) | Time:00:01.27 | Mem:1.42M, Peak:1.42M | Scene, ViewLayer | Sample 8/8
Fra:2 Mem:10.87M (Peak 11.46M) | Time:00:01.27 | Mem:1.42M, Peak:1.42M | Scene, ViewLayer | Finished
Saved: '/shots/out/a.0002.png'
 Time: 00:02.84 (Saving: 00:01.54)
"""

EEVEE_3_4 = "Fra:2 Mem:11.04M (Peak 12.16M) | Time:00:06.45 | Rendering 32 / 64 samples\nSaved: '/shots/a.0002.png'\n"

WORKBENCH_4_5 = "Saved: '/shots/out/a.0002.png'\nTime: 00:00.60 (Saving: 00:00.41)\n"

CYCLES_5 = """00:01.618  blend            | Read blend: "/shots/a.blend"
00:00.110  render           | Rendering frame 2
01:45.191  render           | Fra: 2 | Remaining: 00:14.53 | Mem: 1699M | Sample 64/128
02:19.700  render           | Saved: '/shots/out/a.0002.png'
02:19.739  render           | Time: 02:19.28 (Saving: 00:00.31)
"""


@pytest.mark.parametrize(
    ("log", "halfway", "peak_kb"),
    [
        pytest.param(CYCLES_3_4, 4, int(11.46 * 1024), id="3.4 cycles"),
        pytest.param(EEVEE_3_4, 1, int(12.16 * 1024), id="3.4 eevee"),
        pytest.param(CYCLES_5, 3, 1699 * 1024, id="5.x cycles"),
    ],
)
def test_progress_is_read_from_the_logs_of_each_version(log: str, halfway: int, peak_kb: int) -> None:
    reader, seen = read(log, frames="2")

    assert seen[halfway - 1].frame == 2
    assert seen[halfway - 1].percent == pytest.approx(50)
    assert (reader.progress.frames_done, reader.progress.percent) == (1, 100)
    assert reader.progress.peak_memory_kb == peak_kb
    assert (reader.errors, reader.warnings) == ([], [])


def test_a_version_that_tells_only_of_saved_files_still_counts_frames() -> None:
    reader, _ = read(WORKBENCH_4_5)

    assert (reader.progress.frames_done, reader.progress.percent) == (1, 25)


@pytest.mark.parametrize(
    ("line", "is_error", "is_fatal"),
    [
        ("Error: Cannot read file '/nope/missing.blend': No such file or directory", True, True),
        ("Error: Cannot render, no camera", True, True),
        ("Error: Render error (No such file or directory) cannot save: '/proc/nope/x_0001.png'", True, True),
        ("imb_savepng: Cannot open file for writing: '/proc/nope/x.png'", True, False),
        ("Error: not a number '-f / --render-frame 1-3'.", True, True),
        ("RuntimeError: Error: Cannot render, no camera", True, False),
        ("00:01.925  render           | ERROR Cannot save", True, False),
        ("System is out of GPU and shared host memory", True, True),
        ("Illegal address in CUDA queue copy_from_device (integrator_shade_surface)", True, True),
        ("Refer to the Cycles GPU rendering documentation for possible solutions:", True, True),
        ("EGL Error (0x3009): EGL_BAD_MATCH", False, False),
        ("Managed to successfully fallback to surfaceless EGL rendering!", False, False),
        ("Error: Not freed memory blocks: 12, total unfreed memory 0.000702 MB", False, False),
        ('Error: region type 4 missing in space type "Info" (id: 7) - removing region', False, False),
    ],
)
def test_errors_are_found_and_those_about_half_a_picture_are_fatal(line: str, is_error: bool, is_fatal: bool) -> None:
    reader, _ = read(f"{line}\n")

    assert (reader.errors == [line], reader.fatal == [line]) == (is_error, is_fatal)


# -- the script -------------------------------------------------------------------------------------------------


class FakeBpy:
    """Stands for the module of Blender, and notes what is rendered."""

    def __init__(self) -> None:
        self.rendered: list[tuple[int, str, bool]] = []
        self.frame = 0
        self.settings = SimpleNamespace(filepath="", use_file_extension=True)
        self.context = SimpleNamespace(scene=SimpleNamespace(render=self.settings, frame_set=self.frame_set))
        self.ops = SimpleNamespace(render=SimpleNamespace(render=self.render))

    def frame_set(self, frame: int) -> None:
        self.frame = frame

    def render(self, write_still: bool) -> None:
        assert write_still
        self.rendered.append((self.frame, self.settings.filepath, self.settings.use_file_extension))


def test_the_script_renders_each_frame_to_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    bpy = FakeBpy()
    monkeypatch.setitem(sys.modules, "bpy", bpy)  # type: ignore[arg-type]  # stands for a module
    monkeypatch.setattr(sys, "argv", ["blender", "-b", "-P", SCRIPT, "--", '{"-5": "/a b/-5.png", "3": "/a/3.png"}'])

    runpy.run_path(SCRIPT, run_name="__main__")

    assert bpy.rendered == [(-5, "/a b/-5.png", False), (3, "/a/3.png", False)]
