# SPDX-License-Identifier: Apache-2.0
"""What the log of a frame tells of its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cuebot_stub.farm.hosts import LogEnd
from cuebot_stub.logs import open_log, parse_log, read_log
from tests.fakes.rqlog import footer, header

RUN = "4e7c7b62-1d43-4b0e-9d0a-111111111111"
OTHER = "4e7c7b62-1d43-4b0e-9d0a-222222222222"


@pytest.mark.parametrize(("status", "signal"), [(0, 0), (1, 9), (33, 0)])
def test_log_tells_how_its_run_has_ended(tmp_path: Path, status: int, signal: int):
    log = tmp_path / "job 'one'.0001-beauty.rqlog"
    log.write_text(header(RUN) + "rendering\n" + footer(status, signal, seconds=7, max_rss=4321))

    end = read_log(str(log), RUN)

    assert end == LogEnd(exit_status=status, exit_signal=signal, run_seconds=7, max_rss=4321)


def test_log_of_many_megabytes_is_read_at_both_ends(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text(header(RUN) + "rendering\n" * 1_000_000 + footer(5))

    assert read_log(str(log), RUN) == LogEnd(5, 0, 5, 1234)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(header(RUN), id="just begun"),
        pytest.param(header(RUN) + "rendering\n", id="without footer"),
        pytest.param(header(RUN) + footer()[:-20], id="half a footer"),
        pytest.param(header(RUN) + footer() + "and goes on\n", id="footer within"),
        pytest.param(header(RUN) + header(OTHER, 1_700_000_100) + footer(began=1_700_000_100), id="prints another log"),
        pytest.param(header(OTHER) + footer(), id="of another run"),
        pytest.param(footer(), id="without header"),
        pytest.param(header(RUN) + footer().replace("exitStatus          0", "exitStatus          ?"), id="no number"),
        pytest.param(header(RUN) + footer().replace("maxrss  ", "minrss  "), id="a fact is missing"),
    ],
)
def test_log_that_is_not_whole_or_of_another_run_tells_nothing(text: str):
    assert parse_log(text, text, RUN) is None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: None, id="nothing"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: os.mkfifo(path), id="pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="link"),
    ],
)
def test_what_is_no_log_tells_nothing_and_is_not_waited_for(tmp_path: Path, make: Callable[[Path], object]):
    path = tmp_path / "log"
    make(path)

    assert read_log(str(path), RUN) is None


def test_file_descriptor_of_what_is_no_log_is_closed(tmp_path: Path):
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(OSError, match="not a regular file"):
        open_log(str(tmp_path))

    assert len(os.listdir("/proc/self/fd")) == before
