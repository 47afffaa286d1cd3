# SPDX-License-Identifier: Apache-2.0
"""What the tokens of a command become."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.exception import OutlineException
from outline.tokens import (
    FrameTokens,
    expand_command,
    expand_word,
    fill_hashes,
    guard_tokens,
    names_chunk,
    split_command,
    wants_hashes,
)

CHUNK = FrameTokens(
    frame=7, chunk_frames="5-9x2", frame_start=5, frame_end=9, chunk_size=3, layer="beauty", job="show-shot-me_job"
)


def of_frame(frame: int) -> FrameTokens:
    return FrameTokens(frame, str(frame), frame, frame, 1, "beauty", "job")


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("%{FRAME}", "7"),
        ("%{ZFRAME}", "0007"),
        ("%{RANGE}", "5-9x2"),
        ("#IFRAME#", "7"),
        ("#ZFRAME#", "0007"),
        ("#FRAME_START#", "5"),
        ("#FRAME_END#", "9"),
        ("#FRAME_CHUNK#", "3"),
        ("#FRAMESPEC#", "5-9x2"),
        ("#LAYER#", "beauty"),
        ("#JOB#", "show-shot-me_job"),
        ("#FRAME#", "0005-beauty"),
    ],
)
def test_every_token_has_its_value(token: str, value: str) -> None:
    word = expand_word(f"a{token}b{token}", CHUNK)

    assert word == f"a{value}b{value}"


@pytest.mark.parametrize(
    ("frame", "plain", "padded"),
    [(0, "0", "0000"), (-1, "-1", "-001"), (-1234, "-1234", "-1234"), (12345, "12345", "12345")],
)
def test_frame_0_and_negative_frames_are_frames_like_others(frame: int, plain: str, padded: str) -> None:
    words = expand_command(
        ["%{FRAME}", "#IFRAME#", "%{ZFRAME}", "#ZFRAME#", "#FRAME_START#", "#FRAME_END#", "#FRAME#"],
        of_frame(frame),
    )

    assert words == [plain, plain, padded, padded, plain, plain, f"{padded}-beauty"]
    assert fill_hashes(["a.#.exr"], frame) == [f"a.{padded}.exr"]


def test_tokens_stay_as_they_are_without_a_frame() -> None:
    command = ["%{FRAME}", "%{ZFRAME}", "%{RANGE}", "#IFRAME#", "#FRAME#", "#FRAME_CHUNK#", "#LAYER#", "a.####.exr"]

    assert expand_command(command, FrameTokens()) == command


def test_known_tokens_are_replaced_although_the_frame_is_unknown() -> None:
    assert expand_word("#LAYER# #JOB# #FRAME#", FrameTokens(layer="a", job="b")) == "a b #FRAME#"


def test_a_value_is_taken_literally_and_not_expanded_again() -> None:
    tokens = FrameTokens(1, layer=r"\1$0\g<0>#IFRAME#", job="a.#.exr")

    assert expand_word("#LAYER# #JOB#", tokens) == r"\1$0\g<0>#IFRAME# a.#.exr"


def test_a_guarded_text_is_put_in_as_it_is() -> None:
    path = "%{FRAME}/%{OUTPUT}/100%/#IFRAME#/a####.exr"

    words = expand_command(["cp", f"%{{FRAME}}{guard_tokens(path)}", guard_tokens("%{"), "100%"], FrameTokens(7))

    assert words == ["cp", f"7{path}", "%{", "100%"]


@pytest.mark.parametrize("word", ["%{frame}", "#iframe#", "#FRAME", "%FRAME%", "{FRAME}", "#FRAMES#", "# IFRAME #"])
def test_what_only_looks_like_a_token_stays(word: str) -> None:
    assert expand_word(word, CHUNK) == word


@pytest.mark.parametrize(
    ("word", "expanded"),
    [
        ("blah.#.exr", "blah.0007.exr"),
        ("blah-small.#.exr", "blah-small.0007.exr"),
        ("blah.####.exr", "blah.0007.exr"),
        ("blah.##.exr", "blah.07.exr"),
        ("blah.########.exr", "blah.00000007.exr"),
        ("--out=/x/a.#.exr", "--out=/x/a.0007.exr"),
        ("dir/shot_##.png", "dir/shot_07.png"),
        ("dir/shot-#.png", "dir/shot-0007.png"),
        ("dir.v1/####.png", "dir.v1/0007.png"),
        ("dir/#.png", "dir/0007.png"),
        ("####.png", "0007.png"),
        ("-o=####.png", "-o=0007.png"),
        (r"C:\x\a.####.exr", r"C:\x\a.0007.exr"),
        ("render####.png", "render0007.png"),
        ("a.####.left.exr", "a.0007.left.exr"),
        ("a.####_left.exr", "a.0007_left.exr"),
        ("a.#.vdb.gz", "a.0007.vdb.gz"),
        ("a b/it's.#.exr", "a b/it's.0007.exr"),
        ("~/a.#.exr", "~/a.0007.exr"),
        ("$JOB/a.####.exr", "$JOB/a.0007.exr"),
        ("bild.ä.#.exr", "bild.ä.0007.exr"),
        ("movie=a.####.exr:loop=1", "movie=a.0007.exr:loop=1"),
        ("open('a.####.exr')", "open('a.0007.exr')"),
        ('{"out": "a.####.exr"}', '{"out": "a.0007.exr"}'),
        ("a.#.exr,b.#.exr", "a.0007.exr,b.0007.exr"),
        ("cp a.#.exr b.#.exr # copy the frame", "cp a.0007.exr b.0007.exr # copy the frame"),
        ("cat a.#.txt>b.#.txt", "cat a.0007.txt>b.0007.txt"),
        ("tile_##.####.exr", "tile_##.0007.exr"),
        ("#LAYER#.####.exr", "#LAYER#.0007.exr"),
        ("s3://bucket/a.####.exr", "s3://bucket/a.0007.exr"),
        ("cp http://x/y.html a.#.html", "cp http://x/y.html a.0007.html"),
    ],
)
def test_a_run_in_a_file_name_becomes_the_padded_frame(word: str, expanded: str) -> None:
    assert fill_hashes([word], 7) == [expanded]


@pytest.mark.parametrize(
    "word",
    [
        "#",
        "##",
        "####",
        "# comment",
        "#comment",
        "## heading",
        "#!/bin/sh",
        "#!/usr/bin/env python",
        "#include <a.h>",
        "#define A.h",
        "color=#ff0000",
        "#fff",
        "#ff0000.png",
        "C#",
        "F#.dll",
        "C#.txt",
        "/src/C#/main.cs",
        "me@home #1",
        "issue #12",
        "http://host/page#part",
        "http://host/page.html#part.two",
        "http://host/#/route",
        "http://host/#.html",
        "http://host/page-#.html",
        "a.#exr",
        "a.#",
        "a.####",
        "a_####_b",
        "a.#.0",
        "a.#.#",
        "#,##0.00",
        "#.##0",
        "0.###",
        ".#lock",
        ".#lock.txt",
        "file.txt#",
        "file.txt#.",
        "${name#.png}",
        "${name##.png}",
        "${name##*.}",
        "${#array[@]}",
        "$#",
        "s/####/0001/",
        "s/#.*//",
        "s/a.#.exr/b/",
        "/x/####/beauty.exr",
        "grep ^#.*",
        "a.#.exr/b",
        "a.#.e-x#",
        "jq .[#].x",
        "%#x",
        "%{NOPE}",
        "&#39;",
        "-#",
        "--#",
    ],
)
def test_a_run_outside_of_a_file_name_stays(word: str) -> None:
    assert fill_hashes([word], 7) == [word]
    assert expand_word(word, CHUNK) == word


@pytest.mark.parametrize(
    ("command", "wants"),
    [
        (["ginsu", "-filein", "blah.#.exr"], True),
        ("ginsu -filein blah.#.exr", True),
        (["convert", "#LAYER#.####.exr"], True),
        (["blender", "-o", "b_####.png", "-f", "#IFRAME#"], False),
        (["blender", "-o", "b_####.png", "-f", "#ZFRAME#"], False),
        ("blender -o b_####.png -f %{FRAME}", False),
        (["nuke", "-F", "%{ZFRAME}", "a.#.nk"], False),
        (["sh", "-c", "blender -o b_####.png -f $CUE_IFRAME"], False),
        (["render", "-t", "#FRAMESPEC#", "a.####.exr"], False),
        (["render", "-t", "%{RANGE}", "a.####.exr"], False),
        (["true"], False),
    ],
    ids=str,
)
def test_hashes_stand_for_the_frame_where_nothing_else_does(command: str | list[str], wants: bool) -> None:
    assert wants_hashes(command) is wants


def test_tokens_alone_are_replaced_in_a_command() -> None:
    assert expand_command(["#IFRAME#", "a.#.exr", "b.####.exr"], CHUNK) == ["7", "a.#.exr", "b.####.exr"]


def test_a_list_is_never_split_again() -> None:
    command = ["echo", "a b", "", '"', "$HOME; rm", pathlib.Path("x y"), 3, b"raw"]

    assert expand_command(command, CHUNK) == ["echo", "a b", "", '"', "$HOME; rm", "x y", "3", "raw"]


def test_a_text_is_split_once_before_its_tokens_are_replaced() -> None:
    words = expand_command("echo 'a b' #LAYER# c\\ d", FrameTokens(layer='two words "'))

    assert words == ["echo", "a b", 'two words "', "c d"]


def test_a_path_object_is_one_word() -> None:
    assert split_command(pathlib.Path("/a session/script")) == ["/a session/script"]


@pytest.mark.parametrize("command", [("a", "b"), ["a", "b"], {"a": 1, "b": 2}, (c for c in "ab"), "a b", b"a b"])
def test_any_list_of_words_is_a_command(command: object) -> None:
    assert split_command(command) == ["a", "b"]


def test_none_is_no_word() -> None:
    with pytest.raises(OutlineException, match=r"the command \['cp', None\] has None in the place of a word"):
        split_command(["cp", None])


def test_an_open_quote_is_an_error_that_shows_the_command() -> None:
    with pytest.raises(OutlineException, match=r"cannot split the command \"echo 'a\": no closing quotation"):
        split_command("echo 'a")


@pytest.mark.parametrize("token", ["#FRAME_START#", "#FRAME_END#", "#FRAMESPEC#", "#FRAME_CHUNK#", "%{RANGE}"])
def test_a_command_with_a_chunk_token_names_its_chunk(token: str) -> None:
    assert names_chunk(["render", f"--frames={token}"])
    assert names_chunk(f"render --frames={token}")


@pytest.mark.parametrize("command", [["render"], "a %{FRAME} #IFRAME# #ZFRAME# #FRAME# #LAYER# x.#.exr", []])
def test_a_command_without_chunk_tokens_names_no_chunk(command: object) -> None:
    assert not names_chunk(command)  # type: ignore[arg-type]


def test_the_environment_of_a_chunk_gives_all_tokens() -> None:
    environ = {"CUE_IFRAME": "5", "CUE_CHUNK": "3", "CUE_RANGE": "1-9x2", "CUE_LAYER": "beauty", "CUE_JOB": "job"}

    tokens = FrameTokens.from_environment(environ)

    assert tokens == FrameTokens(5, "5-9x2", 5, 9, 3, "beauty", "job")


def test_a_frame_of_a_chunk_keeps_the_frames_of_its_chunk() -> None:
    environ = {"CUE_IFRAME": "5", "CUE_CHUNK": "3", "CUE_RANGE": "1-9x2", "OL_LAYER_RANGE": "5-9x2"}

    tokens = FrameTokens.from_environment(environ, 7)

    assert tokens == FrameTokens(7, "5-9x2", 5, 9, 3)


def test_the_last_chunk_may_be_shorter() -> None:
    tokens = FrameTokens.from_environment({"CUE_IFRAME": "9", "CUE_CHUNK": "4", "CUE_RANGE": "1-10"})

    assert (tokens.frame_start, tokens.frame_end, tokens.chunk_size, tokens.chunk_frames) == (9, 10, 4, "9-10")


def test_a_given_frame_is_enough() -> None:
    assert FrameTokens.from_environment({}, 0) == FrameTokens(0, "0", 0, 0, 1)


def test_a_range_without_a_frame_is_known() -> None:
    tokens = FrameTokens.from_environment({"OL_LAYER_RANGE": "1-3"})

    assert expand_word("%{RANGE} %{FRAME}", tokens) == "1-3 %{FRAME}"


def test_nothing_is_known_in_an_empty_environment() -> None:
    assert FrameTokens.from_environment({"CUE_IFRAME": "", "OL_LAYER_RANGE": ""}) == FrameTokens()


def test_ol_frame_stands_in_for_the_farms_variable() -> None:
    assert FrameTokens.from_environment({"OL_FRAME": "-3"}).frame == -3


def test_a_frame_outside_of_the_range_is_a_chunk_of_its_own() -> None:
    tokens = FrameTokens.from_environment({"CUE_RANGE": "1-10", "CUE_CHUNK": "5"}, 99)

    assert (tokens.frame_start, tokens.frame_end, tokens.chunk_frames) == (99, 99, "99")


@pytest.mark.parametrize(
    "environ",
    [{"CUE_IFRAME": "x"}, {"CUE_CHUNK": "1.5"}, {"CUE_IFRAME": "1", "CUE_RANGE": "a-b"}, {"OL_LAYER_RANGE": "?"}],
)
def test_a_broken_environment_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(OutlineException, match="environment"):
        FrameTokens.from_environment(environ)


@given(
    stem=st.text(alphabet="aZ9_-.", max_size=8),
    mark=st.sampled_from("._-/"),
    count=st.integers(1, 9),
    ext=st.sampled_from([".exr", ".left.exr", "_l.tif"]),
    frame=st.integers(-99999, 99999),
)
def test_a_slot_of_any_length_is_padded_like_printf(stem: str, mark: str, count: int, ext: str, frame: int) -> None:
    words = fill_hashes([f"{stem}{mark}{'#' * count}{ext}"], frame)

    assert words == [f"{stem}{mark}{frame:0{4 if count == 1 else count}d}{ext}"]


@given(st.text(alphabet="ab#./ -_%{}FRAMEIJO:'=", max_size=30))
def test_text_without_a_known_value_is_never_changed(word: str) -> None:
    assert expand_word(word, FrameTokens()) == word
