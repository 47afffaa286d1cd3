# SPDX-License-Identifier: Apache-2.0
"""POV-Ray: its command line, and the digits of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline import FrameSet, Outline
from outline.console import OutputReader
from outline.exception import LayerException
from outline.modules.povray import PovRay


def commands_of(frames: str, **args: object) -> list[list[str]]:
    """Return the words of each command, without the program."""
    args = {"scene": "/a b/ball.pov", "outputs": "/out/a.####.png", "range": "1-24", **args}
    return [command.argv[1:] for command in PovRay("ball", **args).list_commands(FrameSet(frames))]


def test_the_whole_animation_and_the_part_are_told(programs: Path) -> None:
    (words,) = commands_of("3-5", width=64, height=48, quality=9, antialias=0.3, declare={"Size": 2}, extra_args=["-V"])

    settings = ["+FN", "+W64", "+H48", "+Q9", "+A0.3", "Declare=Size=2", "+WT2"]
    frames = ["+KFI1", "+KFF24", "+SF3", "+EF5"]
    assert words == ["-D", '+I"/a b/ball.pov"', '+O"/out/a..png"', *settings, *frames, "-V"]


def test_frames_with_gaps_take_a_process_for_each_row(programs: Path) -> None:
    parts = [words[-2:] for words in commands_of("1-3,7-8,10-14x2")]

    rows = [(1, 3), (7, 8), (10, 10), (12, 12), (14, 14)]
    assert parts == [[f"+SF{first}", f"+EF{last}"] for first, last in rows]


@pytest.mark.parametrize(
    ("frames", "args", "last"),
    [
        pytest.param("3-5", {"animation": "1-100"}, ["+KFI1", "+KFF100", "+SF3", "+EF5"], id="a longer animation"),
        # Alone, a frame may be no animation: it is the first of two.
        *(
            pytest.param(
                f, {"range": f}, [f"+KFI{f}", f"+KFF{int(f) + 1}", f"+SF{f}", f"+EF{f}"], id=f"frame {f} alone"
            )
            for f in "019"
        ),
        pytest.param("3", {"range": "3", "animation": "1-2"}, ["+K2"], id="outside of the animation"),
    ],
)
def test_the_clock_runs_over_the_animation(programs: Path, frames: str, args: dict[str, str], last: list[str]) -> None:
    (words,) = commands_of(frames, **args)

    assert words[-len(last) :] == last


def test_negative_frames_are_stills_with_their_clock(programs: Path) -> None:
    first, second = commands_of("-2,3", range="-2-3")

    assert first[1:3] == ['+I"/a b/ball.pov"', '+O"/out/a.-002.png"']
    assert (first[-1], second[-1]) == ("+K0", "+K1")


def test_a_single_picture_has_the_name_that_was_given(programs: Path) -> None:
    (words,) = commands_of("7", range="7", outputs="/out/a.png")

    assert words[2] == '+O"/out/a.png"'
    assert words[-1] == "+K0"


def test_the_clock_runs_over_the_frames_that_items_name(programs: Path) -> None:
    items = {"a": {"frame": 3}, "b": {"frame": 9}, "c": {"frame": "7"}}
    layer = PovRay("ball", scene="/ball.pov", outputs="/out/%{KEY}.####.png", items=items)
    Outline("job").add_layer(layer)

    parts = [command.argv[-4:] for command in layer.list_commands(FrameSet("1-3"))]

    assert parts == [["+KFI3", "+KFF9", f"+SF{frame}", f"+EF{frame}"] for frame in (3, 9, 7)]


def test_each_item_may_have_an_animation_of_its_own(programs: Path) -> None:
    items = {"a": {"frame": 3, "last": 4}, "b": {"frame": 9, "last": 12}}
    args = {"outputs": "/out/%{KEY}.####.png", "items": items, "animation": "1-%{ITEM:last}"}
    layer = PovRay("ball", scene="/ball.pov", **args)
    Outline("job").add_layer(layer)

    parts = [command.argv[-4:] for command in layer.list_commands(FrameSet("1-2"))]

    assert parts == [["+KFI1", "+KFF4", "+SF3", "+EF3"], ["+KFI1", "+KFF12", "+SF9", "+EF9"]]


def test_scenes_of_their_own_take_a_process_each(programs: Path) -> None:
    first, second = commands_of("1-2", scene="/a.####.pov")

    assert (first[1], second[1]) == ('+I"/a.0001.pov"', '+I"/a.0002.pov"')


def test_libraries_are_one_folder_or_many(programs: Path) -> None:
    (one,), (many,) = commands_of("1", library="/lib a"), commands_of("1", library=["/l1", "/l2"])

    assert [word for word in one if word.startswith("+L")] == ['+L"/lib a"']
    assert [word for word in many if word.startswith("+L")] == ['+L"/l1"', '+L"/l2"']


def test_quotes_in_a_path_are_put_into_the_other_quotes(programs: Path) -> None:
    (words,) = commands_of("1", scene='/a"b.pov')

    assert words[1] == "+I'/a\"b.pov'"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"scene": "/b\u00e4ll.pov"}, "POV-Ray cannot read a path that is not ASCII: /b\u00e4ll"),
        ({"scene": "/a\"'b.pov"}, "cannot read a path with both quotes"),
        ({"outputs": "a.####.tif"}, r"POV-Ray writes \.png .*, but the output is 'a\.####\.tif'"),
    ],
    ids=["not ASCII", "both quotes", "extension"],
)
def test_paths_that_povray_cannot_read_or_write_are_refused(programs: Path, args: dict[str, str], message: str) -> None:
    with pytest.raises(LayerException, match=message):
        commands_of("1", **args)


@pytest.mark.parametrize(
    ("output", "written", "wanted"),
    [
        pytest.param("a.####.png", "a.03.png", "a.0003.png", id="more digits"),
        pytest.param("a.##.png", "a.03.png", "a.03.png", id="the same digits"),
        pytest.param("####.left.png", ".left03.png", "0003.left.png", id="the number stands elsewhere"),
    ],
)
def test_files_get_the_names_that_were_asked_for(
    programs: Path, tmp_path: Path, output: str, written: str, wanted: str
) -> None:
    layer = PovRay("ball", scene="a.pov", outputs=str(tmp_path / output), range="1-24")
    (command,) = layer.list_commands(FrameSet("3"))
    (tmp_path / written).write_text("picture")

    layer.collect_outputs(command)

    assert (tmp_path / wanted).read_text() == "picture"


LOG = (
    b"Rendering frame 1 of 2\r\nRendered 1024 of 19200 pixels (5%)\rRendered 9600 of 19200 pixels (50%)\r"
    b"Rendering frame 2 of 2\nRendered 9600 of 19200 pixels (50%)\r"
)


def test_progress_is_read_from_its_log() -> None:
    reader = OutputReader(PovRay.output_rules, FrameSet("7-8"))
    reader.begin(FrameSet("7-8"))

    reader.feed(LOG)
    reader.close()

    assert (reader.progress.frame, reader.progress.percent) == (8, 75)


def test_errors_are_found_and_the_missing_user_file_is_none() -> None:
    reader = OutputReader(PovRay.output_rules)

    reader.feed(b"povray: cannot open the user configuration file /home/td/.povray/3.7/povray.conf: No such file\n")
    reader.feed(b"File 'a.pov' line 1: Parse Error: Expected 'object or directive'\nFatal error in parser: x\n")

    assert reader.errors == [
        "File 'a.pov' line 1: Parse Error: Expected 'object or directive'",
        "Fatal error in parser: x",
    ]
