# SPDX-License-Identifier: Apache-2.0
"""Memory and cores as people write them."""

from __future__ import annotations

import pytest

from outline.resources import parse_cores, parse_memory_kb


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("512m", 524288),
        ("4g", 4194304),
        ("1.5g", 1572864),
        ("4", 4194304),
        (4, 4194304),
        (0.5, 524288),
        (" 2 GB ", 2097152),
        ("512k", 512),
        ("1t", 1073741824),
        ("0", 0),
    ],
    ids=repr,
)
def test_memory_is_counted_in_kb(value: object, expected: int) -> None:
    assert parse_memory_kb(value) == expected


@pytest.mark.parametrize("value", ["", "-1g", "nan", "inf", "4 gigs", "g", True, None, "1e3", "9" * 400], ids=repr)
def test_other_memory_is_refused_by_its_text(value: object) -> None:
    with pytest.raises(ValueError, match=f"{value!r} is not an amount of memory; write it like"):
        parse_memory_kb(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), ("2", 2.0), (0.1, 0.1), ("0.25", 0.25), (0, 0.0), (-1, -1.0), ("-0.5", -0.5)],
    ids=repr,
)
def test_cores_may_be_fractions_and_a_machine_less_some(value: object, expected: float) -> None:
    assert parse_cores(value) == expected


@pytest.mark.parametrize("value", ["", "many", "nan", "inf", "-inf", True, None], ids=repr)
def test_other_cores_are_refused_by_their_text(value: object) -> None:
    with pytest.raises(ValueError, match=f"{value!r} is not a number of cores"):
        parse_cores(value)


def test_cores_that_are_too_few_to_count_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.05 cores are too few; give 0\.1 or more"):
        parse_cores(0.05)
