# SPDX-License-Identifier: Apache-2.0
"""Items that a layer of the job makes: they are read when it is through, in a second job of the same launch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import outline_file

pytestmark = pytest.mark.measured

SCRIPT = """
    import os
    from outline.items import files, group
    from outline.modules.shell import Shell, ShellCommand

    extract = ShellCommand(
        "extract", inputs={"movie": "movie.mov"},
        command=["sh", "-c", 'echo extract >> ran; test ! -s bad || exit 3; mkdir -p "$2/cut"; rm -f "$2"/cut/*; '
                 'for i in $(cat "$1"); do echo $i > "$2/cut/a f$i.png"; done',
                 "sh", "%{INPUT:movie}", os.environ["WORK"]])
    cuts = files("cut/a {frame}.png", after=extract)
    edges = Shell("edges", items=cuts, outputs="edges/%{KEY}.png",
                  command=["sh", "-c", 'echo edges-$2 >> ran; cat "$0" > "$1"', "%{INPUT}", "%{OUTPUT}", "%{KEY}"])
    ShellCommand("sheet", inputs={"all": edges}, outputs="sheet.txt",
                 command=["sh", "-c", 'echo sheet >> ran; out=$0; cat "$@" > "$out"', "%{OUTPUT}", "%{INPUT:all}"])
    ShellCommand("always", ["sh", "-c", "echo always >> ran"])
    """


class Movie:
    """A folder with a movie, and a job that cuts it into frames."""

    def __init__(self, folder: Path, run: RunPycuerun) -> None:
        self.folder, self.work = folder, folder / "it's made"
        self.__run = run
        self.script = outline_file(folder, SCRIPT)
        (folder / "movie.mov").write_text("1 2 3")

    def launch(self, *options: object, code: int = 0) -> list[str]:
        """Launch the job and give what ran."""
        (self.folder / "ran").write_text("")
        words = [self.script, "--backend", "local", "--max-retries", "0", *options]
        self.done = self.__run(*words, cwd=self.folder, env={"WORK": str(self.work)})
        assert self.done.returncode == code, self.done.stdout + self.done.stderr
        return sorted((self.folder / "ran").read_text().split())


@pytest.fixture
def movie(tmp_path: Path, run_pycuerun: RunPycuerun) -> Movie:
    return Movie(tmp_path, run_pycuerun)


def test_frames_that_a_layer_makes_are_items_of_a_second_job(movie: Movie, session_root: Path):
    first = movie.launch("--work", movie.work)
    sessions = list(session_root.rglob("outline.yaml"))
    second = movie.launch("--work", movie.work)

    assert first == ["always", "edges-f1", "edges-f2", "edges-f3", "extract", "sheet"]
    assert (movie.work / "sheet.txt").read_text() == "1\n2\n3\n"
    assert len(sessions) == 2
    assert second == ["always"]


def test_only_what_the_second_pass_finds_changed_runs(movie: Movie):
    movie.launch("--work", movie.work)
    (movie.folder / "movie.mov").write_text("1 2 4")

    again = movie.launch("--work", movie.work)

    assert again == ["always", "edges-f4", "extract", "sheet"]
    assert (movie.work / "sheet.txt").read_text() == "1\n2\n4\n"


def test_a_forced_layer_runs_once_in_all_passes(movie: Movie):
    movie.launch("--work", movie.work)

    assert movie.launch("--work", movie.work, "--force", "extract", "--force", "sheet") == [
        "always",
        "extract",
        "sheet",
    ]


def test_a_folder_that_was_moved_is_as_done_as_before(movie: Movie):
    movie.launch("--work", movie.work)
    movie.work = movie.work.rename(movie.folder / "moved")

    movie.script.write_text(
        movie.script.read_text().replace('os.environ["WORK"]', repr(str(movie.folder / "it's made")))
    )
    assert movie.launch("--work", movie.work) == ["always"]


def test_frames_wait_while_the_layer_that_makes_them_fails(movie: Movie):
    (movie.folder / "bad").write_text("bad")

    failed = movie.launch("--work", movie.work, code=1)
    told = movie.done.stdout
    os.unlink(movie.folder / "bad")

    assert failed == ["always", "extract"]
    assert told.splitlines()[-1] == "1 source waits for extract; run the same command again"
    assert "sheet" in movie.launch("--work", movie.work)


def test_a_paused_job_is_not_followed_by_another(movie: Movie):
    assert movie.launch("--work", movie.work, "--pause") == []
    assert movie.done.stdout.splitlines()[-1] == "1 source waits for extract; run the same command again"


def test_a_dry_run_says_what_waits(movie: Movie):
    movie.launch("--work", movie.work, "--dry-run")

    assert "1 source waits for extract" in movie.done.stdout.splitlines()
    assert not movie.work.exists()


@pytest.mark.parametrize(
    ("options", "change", "problem"),
    [
        (
            [],
            ("", ""),
            "items of layer 'edges' are made first; launch with --work DIR",
        ),
        (["--work", "w"], ("after=extract", "after='cut'"), "no layer 'cut' in this outline; there are extract, edges"),
        (
            ["--work", "w"],
            ("items=cuts", "items=group(cuts, 'frame'), require=['sheet']"),
            "layers wait for one another in a cycle: edges",
        ),
    ],
    ids=["no work folder", "unknown layer", "a ring"],
)
def test_what_cannot_be_is_told_before_anything_runs(
    movie: Movie, options: list[str], change: tuple[str, str], problem: str
):
    movie.script.write_text(movie.script.read_text().replace(*change) if change[0] else movie.script.read_text())

    assert movie.launch(*options, code=2) == []
    assert problem in movie.done.stderr


def test_no_file_at_all_is_told(movie: Movie):
    (movie.folder / "movie.mov").write_text(" ")

    movie.launch("--work", movie.work, code=2)

    assert movie.done.stderr == ("pycuerun: files('cut/a {frame}.png') has no items, so there is nothing to run\n")
