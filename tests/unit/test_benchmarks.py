# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the benchmarks: medians, extrapolation, verdicts, and what a run leaves behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import RunFailed, Usage, run, run_sampled
from benchmarks.rows import Medians, NotMeasured, Row, Verdict, at_most, rows
from benchmarks.table import Results, markdown, median
from benchmarks.tools import Case, Scale, expect_files


def nothing() -> None:
    """Reset nothing."""


def case(folder: Path) -> Case:
    return Case(["true"], folder, {}, nothing, lambda: "")


def test_the_median_is_taken_number_by_number():
    runs = [Usage(1.0, 30.0), Usage(3.0, 10.0), Usage(2.0, 20.0)]

    assert median(runs) == Usage(2.0, 20.0, 0.0)


@pytest.mark.parametrize(
    ("power", "seconds"),
    [pytest.param(1.0, 100.2, id="linear"), pytest.param(2.0, 4000.2, id="square")],
)
def test_the_start_of_a_tool_is_not_multiplied_when_a_run_is_scaled(tmp_path: Path, power: float, seconds: float):
    scale = Scale(case(tmp_path), 0, 25, 1000, power)

    full_seconds = scale.full_seconds(0.2, 0.2 + 2.5)

    assert full_seconds == pytest.approx(seconds)


def test_a_number_that_was_not_measured_is_not_made_up():
    with pytest.raises(NotMeasured, match="make was not measured"):
        Medians({"chain": {}}).get("chain", "make")


def test_the_verdict_shows_target_and_value():
    assert at_most("at most 2 x make", 2.5, 2.0) == Verdict("at most 2 x make (is 2.50)", False)


def test_the_report_shows_medians_ratios_targets_and_gaps():
    results = Results({"cores": "2"}, versions={"outline": "1", "make": "4.3"}, left_out={"doit": "no network"})
    results.usages["chain"] = {"outline": [Usage(2.0, 1.0)], "make": [Usage(3.0, 1.0)]}
    row = Row("chain", "a chain", lambda _medians: [Verdict("fast", True)])

    text = markdown(results, [row], title="Numbers", judged=True)

    assert "| a chain | 2.00 s | 3.00 s (1.50x) | fast | met |" in text
    assert "- doit is left out: no network" in text


@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
def test_every_row_judges_without_its_numbers_by_saying_so(quick: bool):
    results = Results({}, versions={"outline": "1"}, usages={row.work: {} for row in rows(quick)})

    text = markdown(results, rows(quick), title="Numbers", judged=True)

    assert "outline was not measured" in text


def test_a_run_is_timed_and_its_output_kept(tmp_path: Path):
    log = tmp_path / "log"

    usage = run([sys.executable, "-c", "print('done')"], cwd=tmp_path, env={}, log=log)

    assert log.read_text() == "done\n"
    assert usage.seconds > 0


def test_a_command_that_fails_has_no_number(tmp_path: Path):
    argv = [sys.executable, "-c", "raise SystemExit('out of paint')"]

    with pytest.raises(RunFailed, match="ended with 1: out of paint"):
        run(argv, cwd=tmp_path, env={}, log=tmp_path / "log")


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="sampling reads Linux's /proc")
def test_a_sampled_run_sees_the_memory_of_a_child(tmp_path: Path):
    code = "import time; block = bytearray(60 << 20); time.sleep(1)"
    # The parent holds some itself: of what it shares with other interpreters of the machine it has only a part.
    parent = f"import subprocess, sys; block = bytearray(30 << 20); subprocess.run([sys.executable, '-c', {code!r}])"
    argv = [sys.executable, "-c", parent]

    usage = run_sampled(argv, cwd=tmp_path, env={}, log=tmp_path / "log")

    assert usage.peak_mb > 60
    assert usage.tree_mb > usage.peak_mb


def test_work_that_was_not_done_is_named(tmp_path: Path):
    (tmp_path / "1.log").touch()

    missing = expect_files(tmp_path, "*.log", 2)()

    assert missing == "1 of 2 *.log were made"
