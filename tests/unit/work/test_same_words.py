# SPDX-License-Identifier: Apache-2.0
"""The words that failed frames of several items have in common."""

from __future__ import annotations

import pytest

from outline.frame_end import FrameEnd
from outline.work.results import same_words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("cp sh1 /w/.part-12-sh1.txt ended with exit status 3", "exit status 3: cp %{KEY} /w/%{KEY}.txt"),
        ("command failed with exit status 3: cp sh1 b", "exit status 3: cp %{KEY} b"),
        ("command was ended by SIGKILL: cp sh1", "ended by SIGKILL: cp %{KEY}"),
        ("ValueError: no 'sh1'", "ValueError: no 'sh1'"),
        ("layer 'a': Python failed with exit status 1; Python said: TypeError: no", "Python said: TypeError: no"),
        ("", "exit status 3"),
    ],
    ids=["of a worker", "of a farm", "signal", "Python", "application", "nothing"],
)
def test_a_command_is_the_same_for_each_item(reason: str, words: str) -> None:
    assert same_words("sh1", FrameEnd(3, reason=reason)) == words


def test_a_key_that_is_a_number_changes_no_exit_status() -> None:
    assert same_words("1", FrameEnd(1, reason="cp 1 11 ended with exit status 1")) == "exit status 1: cp %{KEY} 11"
