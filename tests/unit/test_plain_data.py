# SPDX-License-Identifier: Apache-2.0
"""Data that somebody else wrote is read in bounded time, or refused in one line."""

from __future__ import annotations

import time

import pytest

from outline.exception import SerializeException
from outline.layer.args import short
from outline.serialize.data import load


def nested(tag: str, depth: int = 60) -> str:
    """A list whose items hold the one before twice."""
    lines = [f"- &a{step} {tag} [*a{step - 1}, *a{step - 1}]" for step in range(1, depth)]
    return "\n".join([f"- &a0 {tag} [1]", *lines])


MERGES = [f"a{step}: &a{step} {{<<: [{', '.join([f'*a{step - 1}'] * 9)}]}}" for step in range(1, 12)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (nested("!tuple"), "tuples that are nested too deeply"),
        (nested("!!python/tuple") + "\n- {? *a59 : 1}", "tuples that are nested too deeply"),
        (nested("!tuple", 18) + "\n- !tuple [*a17, !!set {*a17 : null}, *a17, *a17, *a17]", "nested too deeply"),
        ("\n".join(["a0: &a0 {x: 1}", *MERGES]), "found <<, which is not plain data"),
        ("!logger " + "a." * 100_000, "the name of a logger is 200000 characters long"),
        ("1" + ":59" * 300_000, "found a number that is too long"),
        ("1" + ":59" * 300_000 + ".5", "too large"),
        ("9" * 1_000_000, "found a number that is too long"),
        ("[" * 200_000, "exceeded maximum nesting depth"),
        ("!!binary A", "base64"),
        ("!file {path: a, kind: Popen}", "Popen"),
        ("\x00", "control characters"),
    ],
    ids=lambda value: value[:20],
)
def test_what_takes_beyond_measure_is_refused_in_one_line(text: str, reason: str) -> None:
    started = time.process_time()

    with pytest.raises(SerializeException, match=reason) as caught:
        load(text, "settings")

    assert str(caught.value).startswith("settings: refused, it does not hold plain data: ")
    assert "\n" not in str(caught.value)
    assert time.process_time() - started < 5


def test_value_that_is_large_or_repeats_itself_is_short_in_a_message() -> None:
    repeated = load(nested(""), "settings")[-1]

    texts = [short(repeated), short("x" * 10_000_000), short({"size": (1, "a")})]

    assert [len(text) < 2000 for text in texts] == [True, True, True]
    assert texts[2] == "{'size': (1, 'a')}"
