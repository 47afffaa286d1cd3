# SPDX-License-Identifier: Apache-2.0
"""A damaged state file is refused with the row that is damaged, or repaired by leaving that row out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cuebot_stub.store import StoreError
from tests.fakes.farm import FakeFarm
from tests.specs import depend, layer

DAMAGES: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "another type": lambda text: "[1, 2]",
    "an unknown field": lambda text: '{"no such field": 1}',
    "nested too deeply": lambda text: "[" * 100_000,
}


@pytest.fixture
def busy_farm(kept_farm: FakeFarm) -> FakeFarm:
    waits = depend("FRAME_BY_FRAME", deplayer="comp", onlayer="model")
    kept_farm.launch(layer("model", "1-3"), layer("comp", "1-3"), depends=waits)
    kept_farm.add_host(cores=1)
    kept_farm.end("0001-model")
    return kept_farm


def _rows(farm: FakeFarm) -> list[tuple[str, str, str]]:
    with closing(_open(farm)) as db:
        return list(db.execute("SELECT kind, id, data FROM thing ORDER BY kind, id"))


def _open(farm: FakeFarm) -> sqlite3.Connection:
    assert farm._store is not None
    farm._store.close()
    return sqlite3.connect(Path(str(farm._state)), isolation_level=None)


def _damage(farm: FakeFarm, kind: str, id: str, data: str) -> None:
    with closing(_open(farm)) as db:
        db.execute("UPDATE thing SET data = ? WHERE kind = ? AND id = ?", (data, kind, id))


def _one_of_each_kind(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    yield from {kind: (kind, id, data) for kind, id, data in rows}.values()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_each_damaged_row_is_named_in_one_line_and_can_be_left_out(
    busy_farm: FakeFarm, damage: Callable[[str], str], caplog: pytest.LogCaptureFixture
):
    whole = _rows(busy_farm)

    for kind, id, data in _one_of_each_kind(whole):
        _damage(busy_farm, kind, id, damage(data))
        with pytest.raises(StoreError) as told:
            busy_farm.restart()
        assert f"the {kind} {id} is damaged" in str(told.value) or "the job " in str(told.value)
        assert "start with --repair to remove it" in str(told.value)
        assert len(str(told.value).splitlines()) == 1
        _damage(busy_farm, kind, id, data)

    kind, id, data = next(row for row in whole if row[0] == "job")
    _damage(busy_farm, kind, id, damage(data))
    busy_farm.restart(repair=True)
    assert busy_farm.farm.jobs == {}
    assert f"the job {id} was damaged and is left out" in caplog.text
    busy_farm.restart()
    assert busy_farm.farm.jobs == {}
