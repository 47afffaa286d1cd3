# SPDX-License-Identifier: Apache-2.0
"""What counts in the fingerprint of a layer."""

from __future__ import annotations

from typing import Any

import pytest

from outline.modules.python import Python
from outline.work.fingerprint import item_text, layer_parts


def test_where_an_interpreter_is_does_not_count():
    here, there = (Python("p", function="a:b", python=path, import_paths=path) for path in ("/a/python", "/b/python"))

    assert layer_parts(here) == layer_parts(there)


def test_what_a_function_gets_counts():
    small, big = (Python("p", function="a:b", kwargs={"size": size}) for size in (64, 128))

    assert layer_parts(small)["arg kwargs"] != layer_parts(big)["arg kwargs"]


def _around(*values: Any) -> dict[Any, Any]:
    """A dict that holds itself."""
    held: dict[Any, Any] = {"values": values}
    return {**held, "held": [held.setdefault("self", held)]}


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ({1: "a", "b": 2}, {"b": 2, 1: "a"}, {1: "a", "b": 3}),
        ({(0, 1): "a", (0, 2): "b"}, {(0, 2): "b", (0, 1): "a"}, {(0, 1): "a", (0, 3): "b"}),
        ({None: [b"x"], "b": {3, 1}}, {"b": {1, 3}, None: [b"x"]}, {None: [b"y"], "b": {1, 3}}),
        (_around(1, 2), _around(1, 2), _around(1, 3)),
    ],
    ids=["keys of two types", "keys of tuples", "a key that is None", "a value that holds itself"],
)
def test_values_that_json_does_not_know_are_compared_too(one: Any, same: Any, other: Any):
    assert item_text(one) == item_text(same)
    assert item_text(one) != item_text(other)
