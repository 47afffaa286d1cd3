# SPDX-License-Identifier: Apache-2.0
"""Files are read only where a signature says that they may have changed."""

from __future__ import annotations

import hashlib
import os
from itertools import islice
from pathlib import Path

import pytest

from outline.exception import WorkException
from outline.work import digests
from outline.work.digests import Disk, digest_file

LATER_NS = 10**18 * 4


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path), clock_ns=lambda: LATER_NS)


def test_a_digest_is_that_of_sha256sum(tmp_path: Path):
    data = os.urandom(3_000_001)
    (tmp_path / "it's a file").write_bytes(data)

    assert digest_file(str(tmp_path / "it's a file")) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_folder_is_known_by_names_and_contents_of_its_files(tmp_path: Path, disk: Disk):
    (tmp_path / "caches" / "sub").mkdir(parents=True)
    nothing = disk.signature("caches")
    (tmp_path / "caches" / "sub" / "a").touch()
    (tmp_path / "caches" / "link").symlink_to("sub")
    first = disk.state("out", "caches")
    (tmp_path / "caches" / "sub" / "a").rename(tmp_path / "caches" / "sub" / "b")
    renamed = disk.state("out", "caches")
    (tmp_path / "caches" / "link").unlink()
    fewer = disk.state("out", "caches")

    assert (nothing and nothing.size, first and first.signature.size != 0) == (0, True)
    digests = [state.digest for state in (first, renamed, fewer) if state is not None]
    assert len(set(digests)) == 3
    assert [digest.partition("+")[2] for digest in digests] == ["2", "2", "1"]


def test_a_file_with_the_same_signature_is_not_read(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")
    known = disk.state("in", "a")
    another = Disk(str(tmp_path))

    digest = another.digest("a", known)

    assert digest == hashlib.sha256(b"plate").hexdigest()
    assert another.read_bytes == 0


def test_a_file_is_read_once_by_a_process(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")

    disk.state("in", "a")
    disk.digest("a", None)

    assert disk.read_bytes == 5


def test_what_somebody_else_has_read_is_read_only_when_it_is_another_file(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")
    known = disk.state("in", "a")
    assert known is not None
    here, elsewhere = Disk(str(tmp_path)), Disk(str(tmp_path))

    here.take([known])
    elsewhere.take([known._replace(signature=known.signature._replace(inode=1))])

    assert (here.state("model", "a"), here.read_bytes) == (known._replace(name="model"), 0)
    assert (elsewhere.digest("a", None), elsewhere.read_bytes) == (known.digest, 5)


def test_a_digest_by_time_is_none_of_the_content(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")
    by_time = disk.by_time().state("in", "a")
    assert by_time is not None

    disk.take([by_time])
    state = disk.state("in", "a", by_time)

    assert state is not None
    assert state.digest == hashlib.sha256(b"plate").hexdigest()


def test_files_that_seem_to_be_others_are_read_before_somebody_asks_for_them(tmp_path: Path, disk: Disk):
    for name in "abc":
        (tmp_path / name).write_text("plate")
    states = [state for name in "abc" if (state := disk.state("in", name)) is not None]
    os.utime(tmp_path / "a", (1, 1))
    os.utime(tmp_path / "b", (1, 1))
    later = Disk(str(tmp_path), looks_once=True)

    later.read_ahead([*states, states[0]._replace(path="gone")])
    read = later.read_bytes
    found = [later.digest(state.path, state) for state in states]

    assert found == [hashlib.sha256(b"plate").hexdigest()] * 3
    assert (read, later.read_bytes) == (10, 10)
    assert [*later.renewed] == ["a", "b"]


def test_who_waits_for_many_bytes_is_told_once(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(digests, "_LONG_READ", 10)  # what is long takes seconds
    for name in "abc":
        (tmp_path / name).write_text("plate")
    states = [state for name in "abc" if (state := disk.state("in", name)) is not None]
    later = Disk(str(tmp_path))

    later.read_ahead(states)
    os.utime(tmp_path / "a", (1, 1))
    later.read_ahead(states)
    quiet = list(caplog.messages)
    for name in "bc":
        os.utime(tmp_path / name, (1, 1))
    later.read_ahead(states)
    os.utime(tmp_path / "b", (2, 2))
    os.utime(tmp_path / "c", (2, 2))
    later.read_ahead(states)

    assert quiet == []
    told = f"{tmp_path}: reading 0.0 GB of files that have another time or place, to see what they hold"
    assert caplog.messages == [told]


def test_by_time_a_file_is_known_by_size_and_time_and_never_read(tmp_path: Path, disk: Disk):
    seen = disk.by_time()
    digests = []

    for text, when in (("plate", 1), ("PLATE", 1), ("plate", 2), ("a plate", 2)):
        (tmp_path / "a").write_text(text)
        os.utime(tmp_path / "a", (when, when))
        digests.append(seen.digest("a", None))

    assert digests == ["time 5 1000000000", "time 5 1000000000", "time 5 2000000000", "time 7 2000000000"]
    assert (seen.read_bytes, disk.read_bytes) == (0, 0)


def test_a_file_that_was_read_is_the_same_by_time(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")
    os.utime(tmp_path / "a", (1, 1))
    known = disk.state("in", "a")

    assert known is not None
    assert disk.by_time().digest("a", known) == known.digest


def test_a_touched_file_is_read_and_has_the_same_digest(tmp_path: Path, disk: Disk):
    (tmp_path / "a").write_text("plate")
    known = disk.state("in", "a")
    os.utime(tmp_path / "a", (1, 1))

    assert known is not None
    assert disk.digest("a", known) == known.digest
    assert disk.read_bytes == 10


@pytest.mark.parametrize(
    ("age_ns", "mtime_ns", "is_trusted"),
    [(5_000_000, 1_500_000_000, False), (50_000_000, 1_500_000_000, True), (1_500_000_000, 3_000_000_000, False)],
    ids=["young", "old enough", "young for a file system that counts seconds"],
)
def test_a_young_signature_is_not_trusted(tmp_path: Path, age_ns: int, mtime_ns: int, is_trusted: bool):
    (tmp_path / "a").write_text("plate")
    os.utime(tmp_path / "a", ns=(mtime_ns, mtime_ns))
    disk = Disk(str(tmp_path), clock_ns=lambda: mtime_ns + age_ns)

    state = disk.state("in", "a")

    assert state is not None
    assert (state.signature == disk.signature("a")) is is_trusted


def test_a_file_that_was_young_when_it_was_read_is_read_again(tmp_path: Path):
    (tmp_path / "a").write_text("plate")
    os.utime(tmp_path / "a", ns=(1_500_000_000, 1_500_000_000))
    clock = iter([1_505_000_000, 1_550_000_000])
    disk = Disk(str(tmp_path), clock_ns=lambda: next(clock))
    disk.state("in", "a")
    (tmp_path / "a").write_text("PLATE")
    os.utime(tmp_path / "a", ns=(1_500_000_000, 1_500_000_000))

    state = disk.state("in", "a")

    assert state is not None
    assert state.signature == disk.signature("a")
    assert state.digest == hashlib.sha256(b"PLATE").hexdigest()


@pytest.mark.parametrize(("changes", "is_trusted"), [(2, True), (3, False)], ids=["settles", "goes on changing"])
def test_a_file_that_changes_while_it_is_read_is_read_up_to_three_times(tmp_path: Path, changes: int, is_trusted: bool):
    (tmp_path / "a").write_text("plate")
    texts = iter(["plates", "more plates", "most plates of all"][:changes])

    def clock_ns() -> int:  # it is asked before each read
        for text in islice(texts, 1):
            (tmp_path / "a").write_text(text)
        return LATER_NS

    disk = Disk(str(tmp_path), clock_ns=clock_ns)

    state = disk.state("in", "a")

    now = (tmp_path / "a").read_bytes()
    assert state is not None
    assert state.digest == hashlib.sha256(now).hexdigest()
    assert (state.signature == disk.signature("a")) is is_trusted


def test_a_file_that_cannot_be_read_is_named(disk: Disk):
    with pytest.raises(WorkException, match="cannot read /proc/self/mem: Input/output error"):
        disk.state("in", "/proc/self/mem")


def test_a_folder_has_the_digest_of_its_names_and_contents(tmp_path: Path, disk: Disk):
    (tmp_path / "v1" / "sub").mkdir(parents=True)
    (tmp_path / "v1" / "b").write_text("1")
    (tmp_path / "v1" / "sub" / "a").write_text("2")
    first = disk.digest("v1/", None)
    (tmp_path / "v1" / "b").rename(tmp_path / "v1" / "c")
    os.utime(tmp_path / "v1", (1, 1))

    second = disk.digest("v1/", None)

    assert first != second
    assert disk.read_bytes == 4


def test_what_is_not_there_has_no_state(disk: Disk):
    assert (disk.state("in", "none"), disk.digest("none", None), disk.signature("none")) == (None, None, None)


def test_a_plan_looks_at_each_file_once(tmp_path: Path):
    (tmp_path / "a").write_text("plate")
    disk = Disk(str(tmp_path), looks_once=True)
    before = disk.signature("a"), disk.signature("b")
    (tmp_path / "a").write_text("another plate")
    (tmp_path / "b").write_text("plate")

    after = disk.signature("a"), disk.signature("b")

    assert after == before


def test_a_plan_takes_the_digest_of_an_input_from_whoever_made_it(tmp_path: Path):
    (tmp_path / "a").write_text("plate")
    frames = Disk(str(tmp_path), clock_ns=lambda: (tmp_path / "a").stat().st_mtime_ns)
    made, read = frames.written("main", "a"), frames.state("in", "a")  # so young that the signature is not trusted
    assert made is not None
    disk = Disk(str(tmp_path), looks_once=True)

    digests = disk.digest("a", made), disk.digest("a", read)

    assert digests == (made.digest, made.digest)
    assert disk.read_bytes == 0
