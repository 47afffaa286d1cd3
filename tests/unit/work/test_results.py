# SPDX-License-Identifier: Apache-2.0
"""What frames returned, as text for other programs."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from outline.work.results import results_text

ROWS: list[dict[str, Any]] = [{"key": "é", "loss": math.nan, "all": [1.5, math.inf, {"least": -math.inf}]}]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_json_is_what_every_program_reads(format: str):
    text = results_text(ROWS, format)

    found = json.loads(text, parse_constant=pytest.fail)
    assert (found if format == "json" else [found]) == [{"key": "é", "loss": None, "all": [1.5, None, {"least": None}]}]


def test_a_table_says_what_is_no_number():
    text = results_text(ROWS, "csv")

    assert text == 'key,loss,all\né,nan,"[1.5, null, {""least"": null}]"\n'
