# SPDX-License-Identifier: Apache-2.0
"""A range of the files that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline import Layer, Outline, OutlineException
from outline.io import frames_on_disk


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with plates and what is none in it."""
    folder = tmp_path / "it's 100% #1 ü"
    folder.mkdir()
    for name in (
        "p.0001.exr",
        "p.0003.exr",
        "p.0004.exr",
        "p.5.exr",
        "p.00006.exr",
        "p.0007.jpg",
        "q.0008.exr",
        "p.-009.exr",
    ):
        (folder / name).touch()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PLATES", str(folder))
    return folder


@pytest.mark.parametrize(
    "path", ["p.####.exr", "p.%04d.exr", "$PLATES/p.@@@@.exr", "./p.$F4.exr", "p.<frame>.exr", "p.1-10####.exr"]
)
def test_frames_with_a_file_are_the_range(path: str):
    assert list(frames_on_disk(path)) == [-9, 1, 3, 4]


def test_padding_counts(folder: Path):
    assert [str(frames_on_disk(folder / name)) for name in ("p.@.exr", "p.#####.exr")] == ["5", "6"]


def test_a_layer_takes_it_as_its_range():
    ol = Outline("job", current=True)

    assert Layer("a", range=frames_on_disk("p.####.exr")).get_frame_range() == "-9,1,3-4"
    assert ol.get_layers()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("p.exr", "is a single file, without frames on disk; put a token such as ####"),
        ("p.1001.exr", "is a single file, without frames on disk"),
        ("n.####.exr", r"no frames of n.####.exr on disk: none of its files exists"),
        ("none/n.####.exr", r"no frames of none/n.####.exr on disk: the folder none does not exist"),
    ],
)
def test_nothing_there_is_an_error(path: str, problem: str):
    with pytest.raises(OutlineException, match=problem):
        frames_on_disk(path)
