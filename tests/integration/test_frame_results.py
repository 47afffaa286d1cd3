# SPDX-License-Identifier: Apache-2.0
"""What frames return and draw, from commands and from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline.work.folder import WorkFolder
from outline.work.results import layer_records, results_of
from tests.conftest import RunPycuerun
from tests.support import outline_file

pytestmark = pytest.mark.measured

SEEDS = """
    import os, random
    from outline import Layer, current_outline
    from outline.modules.shell import Shell

    if os.environ.get("JOB_SEED"):
        current_outline().set_arg("seed", int(os.environ["JOB_SEED"]))

    class Draw(Layer):
        def _execute(self, frames):
            place = f"seed of {frames[0]}"  # another chunk may run at the same time
            self.system(["sh", "-c", "echo %{SEED} > \\"$0\\"", place], frame=frames[-1])
            for frame in frames:
                drawn = self.random(frame).random()
                last = int(open(place).read())
                self.emit(frame, drawn=drawn, last=random.Random(last).random(), first=int(os.environ["OL_SEED"]))

    Draw("py", items=["a'b", "ü", "c%"], chunk=2)
    Shell("sh", ["sh", "-c", "echo '{\\"seed\\": %{SEED}, \\"first\\": '$OL_SEED'}' > \\"$0\\"", "%{RESULT}"],
          items=["a'b", "ü", "c%"], chunk=2)
    """


@pytest.fixture
def results(tmp_path: Path, run_pycuerun: RunPycuerun) -> Any:
    """Run a job in a work folder and give what the frames of a layer returned, by key."""

    def run(text: str, layer: str, *options: str, work: str = "it's made", **env: str) -> dict[str, dict[str, Any]]:
        script = outline_file(tmp_path, text)
        words = ["--backend", "local", "--max-retries", "0", "--work", work, *options]
        run.done = run_pycuerun(script, *words, cwd=tmp_path, env=env)  # type: ignore[attr-defined]
        rows = results_of(layer_records(WorkFolder(tmp_path / work), layer))
        return {
            row["key"]: {name: value for name, value in row.items() if name not in ("key", "outputs")} for row in rows
        }

    return run


def test_random_numbers_token_and_variable_agree(results: Any):
    drawn = results(SEEDS, "py")

    assert list(drawn) == ["a'b", "ü", "c%"]
    assert drawn["ü"]["drawn"] == drawn["ü"]["last"]
    assert drawn["c%"]["drawn"] == drawn["c%"]["last"]
    assert drawn["a'b"]["first"] == drawn["ü"]["first"] != drawn["c%"]["first"]
    assert len({row["drawn"] for row in drawn.values()}) == 3


def test_each_command_of_a_chunk_gets_the_seed_of_its_frame(results: Any):
    drawn = results(SEEDS, "sh")

    assert drawn["a'b"]["first"] == drawn["ü"]["first"] == drawn["a'b"]["seed"]
    assert len({row["seed"] for row in drawn.values()}) == 3


def test_a_frame_draws_the_same_when_others_ran_before_it(results: Any):
    whole = results(SEEDS, "py")
    results(SEEDS, "py", "3", work="parts")
    results(SEEDS, "py", "--only", "a*", work="parts")
    parts = results(SEEDS, "py", work="parts")

    assert {key: row["drawn"] for key, row in parts.items()} == {key: row["drawn"] for key, row in whole.items()}


def test_another_seed_of_the_job_draws_anew(results: Any):
    first = results(SEEDS, "sh")
    again = results(SEEDS, "sh", JOB_SEED="8")
    told = results.done.stdout
    same = results(SEEDS, "sh", JOB_SEED="8")

    assert {row["seed"] for row in first.values()}.isdisjoint(row["seed"] for row in again.values())
    assert "3 stale" in told
    assert same == again
    assert "nothing to do" in results.done.stdout


@pytest.mark.parametrize("hook", ["", "def _before_execute(self): pass"], ids=["by the worker", "by Python"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the command of frame 1 wrote no %{RESULT}"),
        ("[1]", "the %{RESULT} of frame 1 must be one JSON object, not [1]"),
        ("{", "the %{RESULT} of frame 1 is not JSON: Expecting property name"),
        ("\\377", "the %{RESULT} of frame 1 is not JSON: 'utf-8' codec can't decode byte 0xff"),
    ],
    ids=["none", "a list", "no JSON", "not UTF-8"],
)
def test_a_command_that_returns_something_else_fails_its_frame(results: Any, hook: str, text: str, problem: str):
    job = f"""
    from outline.modules.shell import Shell
    class Mine(Shell):
        {hook or "pass"}
    Mine("sh", ["sh", "-c", 'test -z "$0" || printf "$0" > "$1"', {text!r}, "%{{RESULT}}"], items=["a"])
    """
    results(job, "sh")

    assert results.done.returncode == 1
    assert problem in results.done.stdout + results.done.stderr


def test_a_result_leaves_no_file_in_the_session(results: Any, session_root: Path):
    results(SEEDS, "sh")

    assert list(session_root.rglob("*result*")) == []


def test_a_result_without_a_work_folder_is_no_error(tmp_path: Path, run_pycuerun: RunPycuerun):
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("sh", ["sh", "-c", "echo {} > $0", "%{RESULT}"], range="1")
        """,
    )

    done = run_pycuerun(script, "--backend", "local", cwd=tmp_path)
    dry = run_pycuerun(script, "--dry-run", "--backend", "local", cwd=tmp_path)

    assert done.returncode == 0
    assert "sh -c 'echo {} > $0' '<session>/result-1'" in dry.stdout


def test_a_chunk_returns_once_for_its_first_frame(results: Any):
    job = """
    from outline.modules.shell import Shell
    Shell("sh", ["sh", "-c", 'echo "{\\\\"range\\\\": \\\\"$0\\\\"}" > "$1"', "%{RANGE}", "%{RESULT}"],
          items=["a", "b", "c"], chunk=2)
    """

    assert results(job, "sh") == {"a": {"range": "1-2"}, "b": {}, "c": {"range": "3"}}
