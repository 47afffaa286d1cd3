# SPDX-License-Identifier: Apache-2.0
"""How long a job still takes, by what its frames have taken."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.web.data import LayerWork, seconds_left


@pytest.mark.parametrize(
    ("layers", "seconds"),
    [
        ([LayerWork(4, [0, 0], 10.0)], 30),  # six times ten seconds, two at once
        ([LayerWork(0, [4, 6], 10.0)], 5),
        ([LayerWork(0, [25], 10.0)], 0),
        ([LayerWork(2, [0], 10.0), LayerWork(3, [], 20.0)], 90),
        ([LayerWork(2, [0], 10.0), LayerWork(3, [], None)], 60),
        ([LayerWork(2, [], 10.0)], None),
        ([LayerWork(2, [5], None)], None),
        ([], None),
    ],
    ids=["waiting", "running", "overdue", "two layers", "one not yet known", "nothing runs", "none done", "no layers"],
)
def test_time_left_goes_by_what_frames_took_and_how_many_run(layers: list[LayerWork], seconds: int | None):
    assert seconds_left(layers) == seconds
