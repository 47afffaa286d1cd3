# SPDX-License-Identifier: Apache-2.0
"""Where items come from, which keys they have, and how they are numbered and kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.exception import ItemException
from outline.items import (
    Item,
    ItemBook,
    Items,
    ItemTable,
    as_items,
    check_path_key,
    files,
    group,
    lines,
    read_items,
    rows,
    wedge,
)


def _pairs(source: Items, folder: Path) -> list[tuple[str, Any]]:
    return [(item.key, item.value) for item in read_items(source, str(folder))]


def test_each_line_is_an_item_but_blank_ones_and_comments(tmp_path: Path):
    (tmp_path / "seeds it's.txt").write_bytes("\ufeff7\n\n# not this\n  11 \r\nä b\n".encode())

    found = read_items(lines("seeds it's.txt"), str(tmp_path))

    assert found == [
        Item("7", "7", "seeds it's.txt:1"),
        Item("11", "11", "seeds it's.txt:4"),
        Item("ä b", "ä b", "seeds it's.txt:5"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "key", "expected"),
    [
        (
            "a.csv",
            'shot,n\ns1,4\n\n"s,2",5\n',
            "",
            [("s1", {"shot": "s1", "n": "4"}), ("s,2", {"shot": "s,2", "n": "5"})],
        ),
        ("a.CSV", "n,shot\n4,s1\n", "shot", [("s1", {"n": "4", "shot": "s1"})]),
        ("a.tsv", "shot\tn\ns1\t4\n", "", [("s1", {"shot": "s1", "n": "4"})]),
        (
            "a.jsonl",
            '{"shot": "s1", "n": 4}\n\n{"shot": 2}\n',
            "",
            [("s1", {"shot": "s1", "n": 4}), ("2", {"shot": 2})],
        ),
        ("a.json", '[{"shot": "s1"},\n {"shot": "s2"}]', "shot", [("s1", {"shot": "s1"}), ("s2", {"shot": "s2"})]),
        ("a.json", '{"s1": {"n": 4}}', "", [("s1", {"n": 4})]),
        ("a.json", '{"s1": {"n": 4}}', "n", [("4", {"n": 4})]),
    ],
    ids=["csv", "csv by key", "tsv", "jsonl", "json list", "json by key", "json by a column"],
)
def test_each_row_is_an_item(tmp_path: Path, name: str, text: str, key: str, expected: list[tuple[str, Any]]):
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert _pairs(rows(name, key), tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", b"", "a.csv is empty; its first row must name the columns"),
        ("a.csv", b"shot,n\n", "a.csv has no items, so there is nothing to run"),
        ("a.csv", b"shot,shot\n1,2\n", "a.csv:1: the columns need different names; they are ['shot', 'shot']"),
        ("a.csv", b"shot,n\ns1,4\ns2\n", "a.csv:3: 1 value for 2 columns (shot, n)"),
        ("a.csv", b"\n\nshot,n\ns1\n", "a.csv:4: 1 value for 2 columns (shot, n)"),
        ("a.csv", b"shot\ns\0\n", "a.csv:2: has a NUL character, as no text has"),
        ("a.csv", b'shot\n"s1', "a.csv:2: unexpected end of data"),
        ("a.csv", b"shot\ns1\n\xff\n", "a.csv:3: not UTF-8 (byte 0xff)"),
        (
            "a.csv",
            b"shot\ns1\ns2\ns1\n",
            "two items of a.csv have the key 's1': a.csv:2 and a.csv:4",
        ),
        ("a.csv", b"shot,n\n,4\n", "a.csv:2: the key column 'shot' holds '', which names nothing"),
        ("a.jsonl", b'{"shot": 1}\n{"shot" 2}\n', "a.jsonl:2: no JSON: Expecting ':' delimiter"),
        ("a.jsonl", b"[1]\n", "a.jsonl:1: each row must be an object, not [1]"),
        ("a.jsonl", b"{}\n", "a.jsonl:1: no column ''; there are none"),
        ("a.jsonl", b"[" * 200_000 + b"\n", "a.jsonl:1: JSON nested too deeply"),
        ("a.json", b" \n", "a.json is empty; it must hold a list of objects, or objects by key"),
        ("a.json", b"[\n{},\n!]", "a.json:3: no JSON: Expecting value"),
        ("a.json", b'{"s1": {}, "s1": {}}', "a.json:1: an object has two values named 's1'"),
        ("a.json", b"7", "a.json must hold a list of objects, or objects by key, not int"),
        ("a.json", b'{"s1": 4}', "a.json: 's1': each row must be an object, not 4"),
    ],
)
def test_a_broken_manifest_is_told_with_its_line(tmp_path: Path, name: str, text: bytes, message: str):
    (tmp_path / name).write_bytes(text)

    with pytest.raises(ItemException) as told:
        read_items(rows(name), str(tmp_path))

    assert str(told.value).removesuffix("; keys name the frames") == message


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path):
    (tmp_path / "a.csv").write_text("shot,n\ns1,4\n")

    with pytest.raises(ItemException, match=r"a.csv:2: no column 'sho'; there are 'shot', 'n'"):
        read_items(rows("a.csv", key="sho"), str(tmp_path))


def test_a_missing_manifest_is_told(tmp_path: Path):
    with pytest.raises(ItemException, match=r"cannot read no.txt: No such file or directory"):
        read_items(lines("no.txt"), str(tmp_path))


def test_rows_of_an_unknown_kind_are_refused_when_described():
    with pytest.raises(ItemException, match=r"rows\('a.xlsx'\): the name must end with .csv, .tsv, .jsonl, .json"):
        rows("a.xlsx")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("p/*.jpg", [("[b] c", {}, "p/[b] c.jpg"), ("a", {}, "p/a.jpg")]),
        ("p/?.jpg", [("a", {}, "p/a.jpg")]),
        ("p/[!a]*.jpg", [("[/b] c", {}, "p/[b] c.jpg")]),
        ("s/{shot}/{plate}.exr", [("s1/x", {"shot": "s1", "plate": "x"}, "s/s1/x.exr")]),
        ("s/{shot}/*.exr", [("s1", {"shot": "s1"}, "s/s1/x.exr")]),
        ("t/{shot}/{shot}_*.exr", [("s1", {"shot": "s1"}, "t/s1/s1_v2.exr")]),
        (
            "**/*.exr",
            [("s/s1/x", {}, "s/s1/x.exr"), ("t/s1/s1_v2", {}, "t/s1/s1_v2.exr"), ("t/s1/s2_v2", {}, "t/s1/s2_v2.exr")],
        ),
        ("**/t/**/*.exr", [("s1/s1_v2", {}, "t/s1/s1_v2.exr"), ("s1/s2_v2", {}, "t/s1/s2_v2.exr")]),
        ("p/**/?.jpg", [("a", {}, "p/a.jpg")]),
        ("p/a.jpg", [("p/a.jpg", {}, "p/a.jpg")]),
    ],
)
def test_each_file_is_an_item(tmp_path: Path, pattern: str, expected: list[tuple[str, dict[str, str], str]]):
    for name in ("p/a.jpg", "p/[b] c.jpg", "p/.hidden.jpg", "s/s1/x.exr", "t/s1/s1_v2.exr", "t/s1/s2_v2.exr"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "p" / "folder.jpg").mkdir()

    found = _pairs(files(pattern), tmp_path)

    assert found == [(key, {**parts, "path": path}) for key, parts, path in expected]


def test_a_group_remembers_its_members(tmp_path: Path):
    plates = {"s1/a": {"shot": "s1"}, "s2/a": {"shot": "s2"}, "s1/b": {"shot": "s1"}}

    found = _pairs(group(plates, "shot"), tmp_path)

    assert found == [
        ("s1", {"shot": "s1", "members": ["s1/a", "s1/b"]}),
        ("s2", {"shot": "s2", "members": ["s2/a"]}),
    ]


@pytest.mark.parametrize(
    ("items", "has"), [({"a": {"plate": 1}}, "it has 'plate'"), (["a"], "it has no parts")], ids=["dict", "text"]
)
def test_a_group_by_a_part_that_is_not_there_is_refused(items: Any, has: str, tmp_path: Path):
    with pytest.raises(ItemException, match=f"the item 'a' has no part 'shot'; {has}"):
        read_items(group(items, "shot"), str(tmp_path))


def test_a_wedge_has_all_combinations(tmp_path: Path):
    found = _pairs(wedge(res=[64, 128], visc=[0.1, 0.5]), tmp_path)

    assert [key for key, _ in found] == ["res64-visc0.1", "res64-visc0.5", "res128-visc0.1", "res128-visc0.5"]
    assert found[1][1] == {"res": 64, "visc": 0.5}


@pytest.mark.parametrize("axes", [{}, {"res": []}, {"res": "abc"}, {"res": 4}])
def test_a_wedge_without_values_is_refused(axes: dict[str, Any]):
    with pytest.raises(ItemException, match="wedge"):
        wedge(**axes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", 7], [("a", "a"), ("7", 7)]),
        ([{"n": 1}, {"n": 2}], [("1", {"n": 1}), ("2", {"n": 2})]),
        ({"x": 1, 2: "y"}, [("x", 1), ("2", "y")]),
        (range(2), [("0", 0), ("1", 1)]),
        (lines("a.txt"), [("q", "q")]),
    ],
    ids=["scalars", "dicts", "a dict", "range", "source"],
)
def test_plain_values_are_items(value: Any, expected: list[tuple[str, Any]], tmp_path: Path):
    (tmp_path / "a.txt").write_text("q\n")

    assert _pairs(as_items(value), tmp_path) == expected


@pytest.mark.parametrize("value", ["seeds.txt", 7, None, b"x"])
def test_what_holds_no_items_is_refused(value: Any):
    with pytest.raises(
        ItemException, match=r"must be a source such as lines\('seeds.txt'\), a list, a dict or a layer"
    ):
        as_items(value)


def test_equal_sources_are_one():
    dicts = [as_items([{"a": 1}]), as_items([{"a": 1}])]
    wedges = [wedge(a=[[1], {"b": 2}]), wedge(a=[[1], {"b": 2}])]

    assert len({lines("a"), lines("a"), files("*"), files("*"), *dicts, *wedges}) == 4


@pytest.mark.parametrize("key", ["a", "s1/a b", "it's", "ä" * 100, "..a", "%{FRAME}"])
def test_keys_that_can_be_part_of_a_path(key: str):
    check_path_key(Item(key, key))


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("/etc/passwd", "has the part ''"),
        ("a/../b", "has the part '..'"),
        ("a//b", "has the part ''"),
        (".", "has the part '.'"),
        ("a\nb", "has a control character"),
        ("ä" * 101, "has a part of more than 200 bytes"),
    ],
)
def test_keys_that_cannot_be_part_of_a_path(key: str, problem: str):
    with pytest.raises(ItemException) as told:
        check_path_key(Item(key, key, "seeds.txt:3"))

    assert str(told.value).startswith("seeds.txt:3: the key ")
    assert problem in str(told.value)


def test_a_key_that_no_file_can_hold_is_refused(tmp_path: Path):
    with pytest.raises(ItemException, match=r"the key '\\ud800' is no text that a file can hold"):
        ItemBook(str(tmp_path)).of(as_items(["\ud800"]))


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plates, of which those of shot s2 cannot be read; patched, since root may read everything."""
    for shot in ("s1", "s2"):
        (tmp_path / "plates" / shot).mkdir(parents=True)
        (tmp_path / "plates" / shot / "a.exr").touch()
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: "s2" not in str(path) and access(path, mode))
    return tmp_path


@pytest.mark.parametrize("pattern", ["plates/s2/*.exr", "plates/s2/a.exr", "plates/s2/*/a.exr", "plates/s2/**"])
def test_a_folder_that_cannot_be_read_is_no_folder_without_files(locked: Path, pattern: str):
    with pytest.raises(ItemException, match=r"files\(.*\): the folder plates/s2/ cannot be read"):
        list(files(pattern).read(str(locked)))


@pytest.mark.parametrize("pattern", ["plates/*/*.exr", "plates/**/*.exr", "plates/*/a.exr", "plates/**"])
def test_folders_of_others_that_cannot_be_read_are_told(locked: Path, caplog: pytest.LogCaptureFixture, pattern: str):
    list(files(pattern).read(str(locked)))

    assert caplog.messages == [f"files({pattern!r}): the folder plates/s2/ cannot be read, so what is in it is no item"]


def test_a_path_with_odd_characters_is_told_in_quotes(tmp_path: Path):
    (tmp_path / "a\x1b[31m.txt").touch()

    (item,) = files("*.txt").read(str(tmp_path))

    assert (item.key, item.origin) == ("a\x1b[31m", "'a\\x1b[31m.txt'")


def test_sources_of_a_job_share_their_numbers(tmp_path: Path):
    book = ItemBook(str(tmp_path))

    first = book.of(as_items(["b", "c"]))
    second = book.of(as_items({"c": 1, "d": 2}))

    assert first == {1: Item("b", "b"), 2: Item("c", "c")}
    assert second == {2: Item("c", 1), 3: Item("d", 2)}
    assert book.numbers == {"b": 1, "c": 2, "d": 3}


def test_keys_keep_the_numbers_that_they_have(tmp_path: Path):
    book = ItemBook(str(tmp_path), {"b": 1, "c": 7})

    items = book.of(as_items(["a", "c"]))

    assert list(items) == [8, 7]
    assert book.numbers == {"b": 1, "c": 7, "a": 8}


def test_equal_sources_are_read_once(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1\n")
    book = ItemBook(str(tmp_path))

    first = book.of(lines("a.txt"))
    (tmp_path / "a.txt").unlink()

    assert book.of(lines("a.txt")) is first


_VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)


@given(st.dictionaries(st.integers(-99, 99), st.builds(Item, st.text(), _VALUES, st.text()), max_size=6))
def test_a_table_gives_each_item_back(tmp_path_factory: pytest.TempPathFactory, items: dict[int, Item]):
    table = _written(tmp_path_factory.mktemp("table"), items)

    found = {number: table.item(number) for number in table.numbers()}

    assert found == items
    assert list(table.read("")) == [items[number] for number in sorted(items)]


def test_a_file_name_that_is_no_text_survives_the_table(tmp_path: Path):
    item = Item("b\udcff", {"path": "b\udcff"})

    assert _written(tmp_path, {1: item}).item(1) == item


def test_tables_are_one_source_where_they_are_one_file():
    assert {ItemTable("a"), ItemTable("a"), ItemTable("b")} == {ItemTable("b"), ItemTable("a")}


def test_what_is_not_plain_data_is_refused():
    with pytest.raises(ItemException, match="the value of the item 'a' is not plain data"):
        ItemTable.contents({1: Item("a", object())})


def test_a_frame_without_an_item_and_a_damaged_table_are_told(tmp_path: Path):
    table = _written(tmp_path, {1: Item("a", 1), 3: Item("b", 2)})

    with pytest.raises(ItemException, match="no item has the frame 2"):
        table.item(2)
    with pytest.raises(ItemException, match=r"cannot read the items .*: No such file"):
        ItemTable(str(tmp_path / "none")).item(1)
    Path(table.path).write_bytes(b"[1, ")
    with pytest.raises(ItemException, match="is damaged at the item of frame 1; launch the job again"):
        table.item(1)
    Path(table.path).write_bytes(b'[3, "b", 2, ""]\n')
    with pytest.raises(ItemException, match="do not belong together: frame 1 is 3 there"):
        table.item(1)


def _written(folder: Path, items: dict[int, Item]) -> ItemTable:
    path = folder / "it's a table"
    text, index = ItemTable.contents(items)
    path.write_bytes(text)
    Path(f"{path}.index").write_bytes(index)
    return ItemTable(str(path))
