# SPDX-License-Identifier: Apache-2.0
"""Folders that are one output take their place as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outline.io import folders
from outline.io.folders import files_below, put_in_place, remove


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def _contents(path: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in path.iterdir()}


@pytest.mark.parametrize("exchanges", [True, False], ids=["names are exchanged", "as on a network file system"])
def test_a_folder_takes_the_place_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    if not exchanges:  # no file system of a test machine is one that cannot
        monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    place = _folder(tmp_path / "it's ü", old="1", both="1")
    new = _folder(tmp_path / ".part-1-it's ü", both="2", new="2")

    put_in_place(str(new), str(place))

    assert _contents(place) == {"both": "2", "new": "2"}
    assert os.listdir(tmp_path) == ["it's ü"]


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "a file"])
def test_a_folder_takes_any_place(tmp_path: Path, before: str) -> None:
    place = tmp_path / "place"
    {"nothing": lambda: None, "an empty folder": place.mkdir, "a file": place.touch}[before]()

    put_in_place(str(_folder(tmp_path / "new", a="1")), str(place))

    assert _contents(place) == {"a": "1"}
    assert os.listdir(tmp_path) == ["place"]


def test_links_are_files_of_a_folder_and_not_followed(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", z="")
    _folder(folder / "sub", one="")
    _folder(tmp_path / "other", more="")
    (folder / "link").symlink_to(tmp_path / "other")
    (folder / "broken").symlink_to("nowhere")

    found = [os.path.relpath(path, folder) for path in files_below(str(folder))]
    remove(str(folder))

    assert found == ["broken", "link", "z", "sub/one"]
    assert [path.name for path in tmp_path.rglob("*")] == ["other", "more"]
