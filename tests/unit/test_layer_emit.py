# SPDX-License-Identifier: Apache-2.0
"""What frames return and count."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from outline import Layer, LayerException


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({1, 2}, "frame 1 emits is not plain data", id="a set"),
        pytest.param(["/w/.part-4711-a.png"], r"frame 1 emits .part-4711-…, a hidden name", id="a hidden name"),
    ],
)
def test_results_that_cannot_be_meant_are_refused(value: object, message: str):
    with pytest.raises(LayerException, match=message):
        Layer("a", items=["one"]).emit(1, value=value)


def test_a_counter_adds_up_what_counts_as_a_number():
    layer = Layer("a", items=["one"])

    for number in (1, True, Fraction(1, 2)):
        layer.count("drawn", number, frame=1)

    assert json.dumps(layer._ol_state.counts) == '{"1": {"drawn": 2.5}}'


@pytest.mark.parametrize("number", [math.nan, math.inf, "many", None], ids=str)
def test_what_no_counter_can_add_up_is_refused(number: Any):
    with pytest.raises(LayerException, match=f"the counter 'drawn' adds up numbers, not {number!r}"):
        Layer("a", items=["one"]).count("drawn", number, frame=1)
