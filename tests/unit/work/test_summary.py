# SPDX-License-Identifier: Apache-2.0
"""What a work folder says of frames that have begun and not ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline.work.decide import Record
from outline.work.folder import WorkFolder
from outline.work.records import RecordWriter, begin_line
from outline.work.results import Summary


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        pytest.param({}, "running", id="its process lives"),
        pytest.param({"over": True}, "interrupted", id="the launch is over"),
        pytest.param({"job": "id-of-a-job"}, "begun", id="a farm has the job"),
        pytest.param({"job": "id-of-a-job", "over": True}, "interrupted", id="copied from another folder"),
    ],
)
def test_frame_that_has_begun_is_what_its_launch_tells(tmp_path: Path, facts: dict[str, Any], state: str):
    folder = WorkFolder(tmp_path)
    launch = folder.begin_launch({"layers": {"beauty": None}})
    launch.note(**facts)
    writer = RecordWriter(folder.records, launch.number)
    writer.write(begin_line(Record("beauty", "0012", launch.number)))
    writer.close()

    summary = Summary(folder)

    assert summary.layers == {"beauty": {state: ["0012"]}}
