# SPDX-License-Identifier: Apache-2.0
"""The state file of a server: for its user alone, and there again when somebody has removed it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.errors import CannotSave
from cuebot_stub.server import FarmServer
from cuebot_stub.store import SqliteStore, StoreError
from tests.fakes.farm import FakeFarm
from tests.specs import layer
from tests.support import until


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Name the state file."""
    return tmp_path / "farm's state.sqlite"


@pytest.fixture
def saved(state: Path) -> Iterator[FakeFarm]:
    """Return a farm in that file, with a job."""
    farm = FakeFarm(state)
    farm.launch(layer(frames="1-3"), name="before")
    yield farm
    farm.close()


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_file_and_what_stands_beside_it_are_for_its_user_alone(saved: FakeFarm, tmp_path: Path):
    found = modes(tmp_path)

    assert len(found) > 1  # SQLite has a second one for what was written last
    assert set(found.values()) == {0o600}


def test_file_of_an_earlier_server_is_closed_to_others(state: Path):
    SqliteStore(state).close()
    state.chmod(0o644)

    SqliteStore(state).close()

    assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_file_that_was_removed_is_there_again_before_a_launch_is_answered(saved: FakeFarm, tmp_path: Path):
    for path in tmp_path.iterdir():
        path.unlink()

    saved.launch(layer(frames="1-3"), name="after")
    saved.launch(layer(frames="1-3"), name="later")

    saved.restart()
    assert [job.name.rpartition("_")[2] for job in saved.farm.jobs.values()] == ["before", "after", "later"]
    assert set(modes(tmp_path).values()) == {0o600}


def test_file_that_was_removed_is_there_again_though_nothing_happens(state: Path):
    server = FarmServer(state=state)
    server.start()
    state.unlink()

    until(state.exists)

    server.stop()


def test_another_file_in_its_place_is_left_alone(saved: FakeFarm, state: Path):
    other = state.with_name("other")
    other.write_text("of somebody else")
    os.replace(other, state)

    with pytest.raises(CannotSave, match="another file is in its place"):
        saved.launch(layer(frames="1-3"), name="after")

    assert state.read_text() == "of somebody else"


def test_farm_goes_on_when_its_file_can_be_made_again(saved: FakeFarm, state: Path, tmp_path: Path):
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    with pytest.raises(CannotSave, match="cannot write to the state file"):
        saved.launch(layer(frames="1-3"), name="after")

    away.rename(tmp_path)
    saved.pass_time(1.0)

    saved.restart()
    assert [job.name.rpartition("_")[2] for job in saved.farm.jobs.values()] == ["before", "after"]


def test_file_that_cannot_be_made_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot use the state file"):
        SqliteStore(tmp_path / "nowhere" / "farm.sqlite")
