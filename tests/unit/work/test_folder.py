# SPDX-License-Identifier: Apache-2.0
"""A work folder belongs to one launch at a time and survives what happens to its files."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from outline.exception import WorkException
from outline.frame_end import FrameEnd
from outline.process import process_birth
from outline.work.decide import Record
from outline.work.folder import WorkFolder, number_of
from outline.work.records import FOLDED, RecordWriter, end_line


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "it's a folder")


def _edit(folder: WorkFolder, number: int, **facts: object) -> None:
    path = Path(folder.folder, ".outline", "launches", f"{number}.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def test_a_folder_begins_with_its_first_launch(folder: WorkFolder):
    before = folder.exists(), folder.last_launch(), folder.numbers()

    launch = folder.begin_launch({"argv": ["pycuerun"]})

    assert before == (False, 0, {})
    assert (folder.exists(), folder.last_launch(), launch.number) == (True, 1, 1)
    assert folder.launch(1)["argv"] == ["pycuerun"]


def test_keys_keep_their_numbers(folder: WorkFolder):
    folder.begin_launch({})
    folder.keep_numbers({"a": 1, "b\udcff": 2})

    folder.keep_numbers({"a": 1, "b\udcff": 2, "ä/1": 3})

    assert folder.numbers() == {"a": 1, "b\udcff": 2, "ä/1": 3}


def test_a_damaged_number_costs_its_key_only(folder: WorkFolder):
    folder.begin_launch({})
    folder.keep_numbers({"a": 1})
    with open(Path(folder.folder, ".outline", "items.jsonl"), "a") as stream:
        stream.write('nonsense\n7\n[2, "b"]\n[3, "')

    assert folder.numbers() == {"a": 1, "b": 2}


def test_damaged_numbers_are_told_until_new_ones_are_kept(folder: WorkFolder, caplog: pytest.LogCaptureFixture):
    folder.begin_launch({})
    folder.keep_numbers({"a": 1})
    items = Path(folder.folder, ".outline", "items.jsonl")
    items.write_text(items.read_text() + 'nonsense\n[2, "')

    folder.numbers()
    assert caplog.messages == [f"{items}:2 is damaged; the item of that line gets another number"]
    folder.keep_numbers({"a": 1, "b": 2})
    caplog.clear()

    assert folder.numbers() == {"a": 1, "b": 2}
    assert caplog.messages == []


def test_a_number_whose_line_lost_its_end_keeps_its_key(folder: WorkFolder):
    folder.begin_launch({})
    folder.keep_numbers({"a": 1})
    items = Path(folder.folder, ".outline", "items.jsonl")
    items.write_text(items.read_text().rstrip("\n"))

    folder.keep_numbers({"a": 1, "b": 2})

    assert folder.numbers() == {"a": 1, "b": 2}


def test_a_folder_in_use_is_refused_with_who_and_since_when(folder: WorkFolder):
    folder.begin_launch({"user": "jo"})
    _edit(folder, 1, started=0)

    with pytest.raises(WorkException) as told:
        folder.begin_launch({})

    who = f"is in use by jo, process {os.getpid()} on {platform.node()} since 19"
    assert who in str(told.value)
    assert "(launch 1); wait for it" in str(told.value)


@pytest.mark.parametrize(
    "facts",
    [{"over": True}, {"pid": 2**22 + 7, "born": 1.0}, {"born": 0.0}],
    ids=["it said so", "its process is gone", "another process has its number"],
)
def test_a_launch_that_is_over_is_no_hindrance(folder: WorkFolder, facts: dict[str, object]):
    folder.begin_launch({})
    _edit(folder, 1, **facts)

    assert folder.begin_launch({}).number == 2


def test_a_launch_of_another_machine_can_be_taken_over(folder: WorkFolder):
    folder.begin_launch({})
    _edit(folder, 1, host="elsewhere")

    with pytest.raises(WorkException, match="on elsewhere since .*use --take-over"):
        folder.begin_launch({})

    assert folder.begin_launch({}, take_over=True).number == 2


def test_a_launch_file_that_is_damaged_is_no_hindrance(folder: WorkFolder):
    folder.begin_launch({})
    Path(folder.folder, ".outline", "launches", "1.json").write_text("{")

    assert folder.launch(1) == {}
    assert folder.begin_launch({}).number == 2


def test_of_several_that_begin_at_once_one_succeeds(folder: WorkFolder):
    script = (
        "import sys; from outline.work.folder import WorkFolder, number_of\n"
        "folder = WorkFolder(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "folder.begin_launch({}); print('mine', flush=True); sys.stdin.readline()\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, folder.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(3)
    ]
    lines = [child.stdout.readline() for child in children if child.stdout]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()

    got = [child.stdout.readline() for child in children if child.stdout]
    for child in children:
        child.communicate("\n")

    assert lines == ["ready\n"] * 3
    assert sorted(got) == ["", "", "mine\n"]


def test_a_launch_of_nothing_leaves_no_trace(folder: WorkFolder):
    launch = folder.begin_launch({})

    launch.forget()
    launch.forget()

    assert folder.last_launch() == 0


def test_records_of_older_launches_are_folded(folder: WorkFolder):
    folder.begin_launch({}).note(over=True)
    for launch in (1, 2):
        writer = RecordWriter(folder.records, launch)
        writer.write(end_line(Record("sim", f"k{launch}", launch, 1, FrameEnd())))
        writer.close()

    folder.fold_records(folder.read_records(), before=2)

    assert sorted(name.partition("-")[0] for name in os.listdir(folder.records)) == ["2", FOLDED]
    assert set(folder.read_records()) == {("sim", "k1"), ("sim", "k2")}


@pytest.mark.parametrize(
    ("key", "number"), [("a", 7), ("12", 3), ("-5", -5), ("--0", 0), ("sh010", 0), ("9" * 5000, 0)]
)
def test_a_key_stands_for_a_frame(key: str, number: int):
    assert number_of(key, {"a": 7, "12": 3}) == number


def test_an_edited_file_is_moved_away(folder: WorkFolder):
    edited = Path(folder.folder, "up", "a b.txt")
    edited.parent.mkdir(parents=True)
    edited.write_text("mine")

    folder.move_edited("up/a b.txt")

    assert not edited.exists()
    (moved,) = Path(folder.folder, ".outline", "edited").glob("*/up/a b.txt")
    assert moved.read_text() == "mine"
    with pytest.raises(WorkException, match="cannot move the edited"):
        folder.move_edited("up/a b.txt")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(WorkException, match="cannot write the work folder .*: Not a directory"):
        WorkFolder(tmp_path / "file" / "w").begin_launch({})
    with pytest.raises(WorkException, match="cannot write .*items.jsonl"):
        WorkFolder(tmp_path / "none").keep_numbers({"a": 1})


def test_this_process_has_a_birth():
    assert process_birth(os.getpid()) > 0
