# SPDX-License-Identifier: Apache-2.0
"""A table saves what is changed by it, and finds things by their fields."""

from __future__ import annotations

from typing import Any

from cuebot_stub.farm.saving import Changes, Table, Unsaved
from cuebot_stub.farm.things import Facility, Group


class Kept:
    """A store that keeps what it is given."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Any] = {}

    def write(self, changes: Changes) -> None:
        """Keep changes."""
        self.things |= changes.things


def test_what_is_added_changed_and_removed_is_saved_once_with_its_last_values():
    store = Kept()
    unsaved = Unsaved(store)
    groups = Table("group", Group, unsaved)
    seq = groups.add(Group("1", "seq", "show"))
    groups.remove(groups.add(Group("2", "gone", "show")))

    groups.change(seq, name="lights", max_cores=300)
    unsaved.save()

    assert {key: thing and thing.name for key, thing in store.things.items()} == {
        ("group", "1"): "lights",
        ("group", "2"): None,
    }
    assert list(groups) == ["1"]


def test_things_that_a_table_creates_have_ids_of_their_own_and_are_saved():
    store = Kept()
    unsaved = Unsaved(store)
    groups = Table("group", Group, unsaved)

    made = [groups.create("seq", "show"), groups.create("seq", "show", max_cores=300)]
    unsaved.save()

    assert len({one.id for one in made}) == 2
    assert [(one.name, one.show, one.max_cores) for one in made] == [("seq", "show", -1), ("seq", "show", 300)]
    assert store.things == {("group", one.id): one for one in made}


def test_things_are_found_by_one_field_or_by_several():
    groups = Table("group", Group, Unsaved(None))
    for id, name, show in (("1", "a", "x"), ("2", "b", "x"), ("3", "a", "y")):
        groups.add(Group(id, name, show))

    assert [one.id for one in groups.where(show="x")] == ["1", "2"]
    assert [one.id for one in groups.where(name="a", show="y")] == ["3"]
    assert groups.first(name="b", show="y") is None


def test_names_are_spelled_as_the_table_says():
    exact, alike = Table("group", Group, Unsaved(None)), Table("facility", Facility, Unsaved(None), str.lower)
    exact.add(Group("1", "Seq", "x"))
    facility = alike.add(Facility("1", "Local"))

    assert exact.named("seq") is None
    assert alike.named("LOCAL") is facility
