# SPDX-License-Identifier: Apache-2.0
"""What a farm's numbers for an exit status mean in words."""

from __future__ import annotations

import pytest

from outline.backend.cue.status import exit_reason


@pytest.mark.parametrize(
    ("status", "words"),
    [(7, "exit status 7"), (256, "its host could not start it"), (301, "its host went away"), (506, "stopped by hand")],
)
def test_reason_of_a_dead_frame_is_in_words(status: int, words: str) -> None:
    assert exit_reason(status) == words
