# SPDX-License-Identifier: Apache-2.0
"""Classes as studios may write them, and outlines that are copied or have odd names."""

from __future__ import annotations

import copy
from typing import Any

from outline import Layer, Outline, load_outline


class Slots:
    """Classes that keep attributes in slots, and answer to every other name."""

    class Layer(Layer):
        __slots__ = ("__mine", "unset")

        def __init__(self, name: str, **args: Any) -> None:
            super().__init__(name, **args)
            self.__mine = "mine"

        def __getattr__(self, name: str) -> Any:
            return self.get_arg(name)

        def private(self) -> Any:
            return self.__mine

    class Outline(Outline):
        __slots__ = ("__mine",)

        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.__mine = "mine"

        def private(self) -> Any:
            return self.__mine


def test_attributes_in_slots_survive_saving_and_copying() -> None:
    ol = Slots.Outline("job")
    ol.add_layer(Slots.Layer("a", unset=7))

    ol.setup()
    saved: Any = load_outline(str(ol.get_path()))

    for found in (copy.copy(ol), copy.copy(saved)):
        assert (type(found), found.get_name(), found.private()) == (Slots.Outline, "job", "mine")
        layer: Any = copy.copy(found.get_layer("a"))
        assert (layer.get_name(), layer.private(), layer.unset) == ("a", "mine", 7)


class Answers(Layer):
    """Answers to every name, with None where it has no argument of that name."""

    def __getattr__(self, name: str) -> Any:
        return self.get_arg(name)

    def _execute(self, frames: Any) -> None:
        self.seen = self.gain, self.loss


def test_class_that_answers_to_every_name_has_no_hooks_of_the_tutorial() -> None:
    ol = Outline("job", "1", current=True)
    Answers("a", gain=2)
    ol.setup()
    loaded: Any = load_outline(str(ol.get_path())).get_layer("a")
    loaded.put_data("args_override", {"gain": 4})

    loaded.execute(1)

    assert loaded.seen == (4, None)


def test_copy_of_an_outline_has_settings_and_layers_of_its_own() -> None:
    ol = Outline("n")
    ol.add_layer(Layer("a"))

    other = copy.copy(ol)
    other.set_name("m")
    other.add_layer(Layer("b"))

    assert (ol.get_name(), other.get_name()) == ("n", "m")
    assert (len(ol.get_layers()), len(other.get_layers())) == (1, 2)


def test_numbers_are_names_as_of_layers() -> None:
    ol = Outline(1, show=2, shot=3, user=4)  # type: ignore[arg-type]

    names = ol.get_full_name()
    ol.set_name(5)  # type: ignore[arg-type]
    ol.set_show(6)  # type: ignore[arg-type]
    ol.set_shot(7)  # type: ignore[arg-type]
    ol.set_user(8)  # type: ignore[arg-type]

    assert names == "2-3-4_1"
    assert [ol.get_name(), ol.get_show(), ol.get_shot(), ol.get_user()] == ["5", "6", "7", "8"]
