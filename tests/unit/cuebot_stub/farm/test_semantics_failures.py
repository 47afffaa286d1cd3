# SPDX-License-Identifier: Apache-2.0
"""What goes wrong inside the server: memory, file and hosts agree afterwards, and others are served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.errors import CannotSave
from cuebot_stub.farm.farm import Farm, FarmSettings
from cuebot_stub.farm.saving import Changes
from cuebot_stub.store import SqliteStore
from tests.fakes.farm import FakeClock, FakeFarm
from tests.specs import layer

SMALL = "<memory>256m</memory>"


class FullStore:
    """A store that cannot write while it is full."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.is_full = False
        self.writes = 0

    def write(self, changes: Changes) -> None:
        """Write, or say that the disk is full."""
        self.writes += 1
        if self.is_full:
            raise CannotSave("cannot write to the state file farm.db: database or disk is full")
        self.store.write(changes)


@pytest.fixture
def disk(kept_farm: FakeFarm) -> FullStore:
    """Return the store of ``kept_farm``, which can be made full."""
    assert kept_farm._store is not None
    store = FullStore(kept_farm._store)
    kept_farm.farm.unsaved._store = store
    return store


# -- what cannot be saved --------------------------------------------------------------------------------------


def test_whoever_changes_something_that_cannot_be_saved_hears_of_it(kept_farm: FakeFarm, disk: FullStore):
    disk.is_full = True

    with pytest.raises(CannotSave, match="disk is full"):
        kept_farm.launch(layer())


def test_whoever_only_looks_does_not_hear_of_a_full_disk(kept_farm: FakeFarm, disk: FullStore):
    disk.is_full = True
    with pytest.raises(CannotSave):
        kept_farm.launch(layer())

    with kept_farm.farm.work() as farm:
        names = list(farm.jobs.pending)

    assert names == ["testing-test_shot-tester_test"]


def test_no_frame_starts_before_its_start_can_be_saved(kept_farm: FakeFarm, disk: FullStore):
    kept_farm.add_host()
    disk.is_full = True
    with pytest.raises(CannotSave):
        kept_farm.launch(layer(frames="1"))
    kept_farm.pass_time(0.1)
    while_full = list(kept_farm.rqd.launched)

    disk.is_full = False
    kept_farm.pass_time(1.0)
    kept_farm.pass_time(1.0)

    assert while_full == []
    assert kept_farm.rqd.launched == ["0001-beauty"]


def test_what_could_not_be_saved_is_saved_later(kept_farm: FakeFarm, disk: FullStore):
    disk.is_full = True
    with pytest.raises(CannotSave):
        kept_farm.launch(layer(frames="1-3"))
    with pytest.raises(CannotSave), kept_farm.farm.work() as farm:
        steering.eat_frames(farm, kept_farm.job(), [0])

    disk.is_full = False
    kept_farm.pass_time(1.0)
    kept_farm.restart()

    assert kept_farm.states("beauty") == "EWW"


def test_launch_that_was_held_back_is_not_sent_when_its_frame_was_given_up(kept_farm: FakeFarm, disk: FullStore):
    kept_farm.add_host()
    disk.is_full = True
    with pytest.raises(CannotSave):
        kept_farm.launch(layer(frames="1"))
    kept_farm.clock.advance(60)
    with pytest.raises(CannotSave):
        kept_farm.rqd.report(kept_farm.farm.hosts.named("node1").id)
    kept_farm.clock.advance(60)
    with pytest.raises(CannotSave):
        kept_farm.rqd.report(kept_farm.farm.hosts.named("node1").id)

    disk.is_full = False
    kept_farm.pass_time(1.0)
    kept_farm.pass_time(1.0)

    assert kept_farm.rqd.launched == ["0001-beauty"]
    assert len(kept_farm.farm.procs) == 1


def test_full_disk_is_logged_once_and_so_is_its_end(
    kept_farm: FakeFarm, disk: FullStore, caplog: pytest.LogCaptureFixture
):
    disk.is_full = True
    with caplog.at_level(logging.WARNING, logger="cuebot_stub"):
        for name in ("one", "two"):
            with pytest.raises(CannotSave):
                kept_farm.launch(layer(), name=name)
        disk.is_full = False
        kept_farm.pass_time(1.0)

    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.fixture
def small_store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Return a store whose file can hardly grow, as on a disk that is almost full."""
    store = SqliteStore(tmp_path / "small.db")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages + 4}")
    yield store
    store.close()


def test_store_that_was_full_writes_again_when_there_is_room(small_store: SqliteStore):
    big = Changes({("show", str(number)): {"name": "x" * 1000} for number in range(100)}, {})
    with pytest.raises(CannotSave, match=r"cannot write to the state file .*small\.db: database or disk is full"):
        small_store.write(big)
    small_store._db.execute("PRAGMA max_page_count=100000")

    small_store.write(big)

    assert small_store._db.execute("SELECT count(*) FROM thing").fetchone() == (100,)


def test_store_saves_nothing_of_what_does_not_fit(small_store: SqliteStore):
    small_store.write(Changes({("show", "a"): {"name": "a"}}, {}))

    with pytest.raises(CannotSave):
        small_store.write(Changes({("show", str(number)): {"name": "x" * 1000} for number in range(100)}, {}))

    assert [row[0] for row in small_store._db.execute("SELECT id FROM thing")] == ["a"]


def test_store_that_was_closed_says_so(tmp_path: Path):
    store = SqliteStore(tmp_path / "farm.db")
    store.close()

    with pytest.raises(CannotSave, match="closed"):
        store.write(Changes({("show", "a"): {"name": "a"}}, {}))


# -- what raises -----------------------------------------------------------------------------------------------


def test_what_was_done_before_an_error_is_saved_and_its_frames_start(kept_farm: FakeFarm):
    kept_farm.launch(layer(frames="1-2"), before="<paused>True</paused>")
    kept_farm.add_host()

    def fail_halfway() -> None:
        with kept_farm.farm.work() as farm:
            steering.resume(farm, kept_farm.job())
            farm.jobs.pop("no job")

    with pytest.raises(KeyError):
        fail_halfway()

    started = list(kept_farm.rqd.launched)
    kept_farm.restart()
    assert started == ["0001-beauty", "0002-beauty"]
    assert not kept_farm.job().facts.paused


def test_fault_of_the_dispatcher_keeps_nothing_from_being_saved(kept_farm: FakeFarm, caplog: pytest.LogCaptureFixture):
    kept_farm.add_host()
    kept_farm.farm.deeds = None  # type: ignore[assignment]

    kept_farm.launch(layer(frames="1"))

    before = kept_farm.states("beauty")
    kept_farm.restart()
    assert (before, kept_farm.states("beauty")) == ("W", "R")
    assert "the dispatcher failed; it goes on" in caplog.text


def test_work_of_other_threads_waits_its_turn(farm: FakeFarm):
    farm.launch(layer(frames="1-40"))
    job = farm.job()

    def eat(refs: range) -> None:
        for ref in refs:
            with farm.farm.work():
                steering.eat_frames(farm.farm, job, [ref])

    threads = [threading.Thread(target=eat, args=(range(start, 40, 4),)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert farm.states("beauty") == "E" * 40
    assert job.facts.state == "FINISHED"


def test_orders_are_sent_when_the_lock_is_free(farm: FakeFarm):
    looks = []
    send = farm.farm.send

    def work_elsewhere() -> None:
        with farm.farm.work():
            looks.append(farm.states("beauty"))

    def look(orders: list) -> None:
        thread = threading.Thread(target=work_elsewhere)
        thread.start()
        thread.join(timeout=100)
        send(orders)

    farm.farm.send = look
    farm.add_host()

    farm.launch(layer(frames="1", after=SMALL))

    assert looks == ["R"]


def test_inner_work_sends_nothing_before_the_outer_one_ends():
    farm = Farm(FarmSettings(), FakeClock())
    sent: list[list] = []
    farm.send = sent.append
    with farm.work():
        with farm.work():
            farm.orders.append("order")  # type: ignore[arg-type]
        inner = list(sent)

    assert (inner, sent) == ([], [["order"]])
