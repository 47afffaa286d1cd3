# SPDX-License-Identifier: Apache-2.0
"""What a later layer, a person and the summary get of what frames returned and counted; mistakes about files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunPycuerun
from tests.support import log_of, outline_file

pytestmark = pytest.mark.measured

STATS = """
    import os
    from outline import Frame, Layer
    from outline.modules.shell import Shell

    class Gen(Layer):
        def _execute(self, frames):
            for frame in frames:
                if os.path.exists(f"bad-{self.item_key(frame)}"):
                    raise RuntimeError("bad")
                self.emit(frame, size=len(self.item(frame)), tags=["x", None], ok=True)
                self.count("drawn", 2)
                self.done(frame)

    class Stats(Frame):
        def _execute(self, frames):
            rows = self.results("gen")
            with open(self.output_path(frames[0]), "w") as stream:
                print([(row["key"], row["size"]) for row in rows], file=stream)

    Gen("gen", items=["a", "b b", "ü%"], chunk=2)
    Stats("stats", require=["gen:all"], outputs="stats.txt", rerun="always")
    """


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Any:
    """Launch a job in a work folder."""

    def run(text: str, *options: str, code: int = 0) -> Any:
        script = outline_file(tmp_path, text)
        words = ["--backend", "local", "--max-retries", "0", "--work", "made", *options]
        done = run_pycuerun(script, *words, cwd=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_a_later_layer_reads_what_frames_returned(launch: Any, tmp_path: Path):
    launch(STATS)

    assert (tmp_path / "made" / "stats.txt").read_text() == "[('a', 1), ('b b', 3), ('ü%', 2)]\n"


def test_a_layer_over_a_part_is_told_so(launch: Any, tmp_path: Path, session_root: Path):
    done = launch(STATS, "--only", "b*")

    assert done.stdout.count("stats covers 1 of 3 items of gen") == 2  # in the plan, and after the summary
    assert "outline: stats covers 1 of 3 items of gen" in log_of(session_root, "1000-stats")
    assert (tmp_path / "made" / "stats.txt").read_text() == "[('b b', 3)]\n"
    assert "covers" not in launch(STATS).stdout


def test_counters_are_summed_up_in_the_summary(launch: Any):
    lines = launch(STATS).stdout.splitlines()

    assert lines[-2:] == ["layer  counter  sum", "gen    drawn      6"]


def test_results_can_be_a_table(launch: Any, tmp_path: Path):
    from outline.cli import outline_main

    launch(STATS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert outline_main(["results", "made", "gen", "--format", "table", "-o", "t"]) == 0

    assert (tmp_path / "t-00000-of-00001").read_text().splitlines() == [
        "key  size  tags         ok",
        'a    1     ["x", null]  true',
        'b b  3     ["x", null]  true',
        'ü%   2     ["x", null]  true',
    ]


def test_results_without_a_work_folder_are_an_error(tmp_path: Path, run_pycuerun: RunPycuerun, session_root: Path):
    script = outline_file(tmp_path, STATS)

    done = run_pycuerun(script, "--backend", "local", "--max-retries", "0", cwd=tmp_path)

    assert done.returncode == 1
    assert "results are kept only in a work folder; launch with --work DIR" in log_of(session_root, "1000-stats")


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        (
            'Shell("a", ["true"], items=["Eins", "EINS"], outputs="%{KEY}.txt")',
            "Eins.txt and EINS.txt, of frame 2 of layer 'a', are one file where a file system ignores case",
        ),
        (
            'Shell("a", ["true"], items=["\\u00fc", "u\\u0308"], outputs="%{KEY}.txt")',
            "of frame 2 of layer 'a', are one file where a file system ignores case",
        ),
        (
            'Shell("a", ["true"], items=["x"], outputs="p.%{KEY}.txt")\n'
            'Shell("b", ["true"], items=["x"], outputs="p.x.txt")',
            "p.x.txt is written by frame 1 of layer 'a' and by frame 1 of layer 'b'",
        ),
        (
            'Shell("a", ["true"], items=["x"], inputs="made/%{KEY}.txt", outputs="%{KEY}.txt")',
            "reads what it writes",
        ),
        ('Shell("a", ["true"], items=["a/../b"], outputs="%{KEY}.txt")', "the key 'a/../b' has the part '..'"),
        ('Shell("a", ["true"], items=["a\\nb"], outputs="%{KEY}.txt")', "the key 'a\\nb' has a control character"),
        ('Shell("a", ["true"], items=["/a"], outputs="%{KEY}.txt")', "the key '/a' has the part ''"),
        ('Shell("a", ["true"], items=["x" * 201], outputs="%{KEY}.txt")', "has a part of more than 200 bytes"),
        ('Shell("a", ["true"], range="1-2", outputs="link.####.txt")', "link.0001.txt, an output of frame 1"),
        ('Shell("a", ["true"], items=["x"], inputs="no %{KEY}.txt")', "no layer makes its input 'main', and it does"),
    ],
    ids=["case", "umlauts", "two layers", "own input", "dots", "newline", "root", "long", "link", "no input"],
)
def test_mistakes_about_files_name_both_culprits(launch: Any, tmp_path: Path, layers: str, problem: str):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "link.0001.txt").symlink_to("elsewhere")

    done = launch(f"from outline.modules.shell import Shell\n{layers}", code=2)

    assert problem in done.stderr


PATHS = """
    from outline.modules.shell import Shell, ShellCommand
    ShellCommand("train", ["sh", "-c", "sleep 0.5; echo train >> ran; echo model > $0", "%{OUTPUT}"],
                 outputs="model.pkl")
    Shell("render", ["sh", "-c", "echo $1 > $0", "%{OUTPUT}", "%{FRAME}"], outputs="r.####.txt", range="1-3")
    Shell("comp", ["sh", "-c", 'echo $0 >> ran; cat "$1" "$2" > "$3"', "%{FRAME}", "%{INPUT:model}", "%{INPUT:plate}",
                   "%{OUTPUT}"],
          inputs={"model": "model.pkl", "plate": "r.####.txt"}, outputs="c.####.txt", range="1-3")
    """


def test_a_path_that_another_layer_writes_is_its_output(launch: Any, tmp_path: Path):
    launch(PATHS)
    first = (tmp_path / "ran").read_text().split()
    again = launch(PATHS)
    (tmp_path / "made" / "r.0002.txt").write_text("by hand")
    launch(PATHS)

    assert first[0] == "train"
    assert sorted(first[1:]) == ["1", "2", "3"]
    assert "nothing to do" in again.stdout
    assert (tmp_path / "made" / "c.0002.txt").read_text() == "model\n2\n"
    assert (tmp_path / "ran").read_text().split() == first
