# SPDX-License-Identifier: Apache-2.0
"""A chunk keeps the frames that are through when a later one fails, in every layer that runs commands."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from tests.conftest import RunPycuerun
from tests.support import outline_file

BOTH = """
    import os
    from outline.modules.render import RenderCommand, RenderLayer
    from outline.modules.shell import Shell, ShellSequence
    from outline.frames import FrameSet

    class Python(Shell):
        def _before_execute(self):
            pass

    class After(Shell):
        def _after_execute(self):
            for frame in self.get_local_frame_set(self._ol_state.frame):
                with open(self.output_path(frame), "a") as stream:
                    print("signed", file=stream)

    class Renders(RenderLayer):
        application, executable, writes_beside = "sh", "sh", True
        def render_commands(self, frames, targets):
            words = [*self.get_program(), "-c", RENDER, self.get_target().hashes()]
            return [RenderCommand([*words, *map(str, frames)], frames)] if os.environ.get("AT_ONCE") else [
                RenderCommand([*words, str(frame)], FrameSet([frame])) for frame in frames]

    RENDER = 'for f in "$@"; do echo $f >> ran; test ! -e bad-$f || exit 3; ' \\
             'echo $f > "${0%####.txt}000$f.txt"; sleep $SLOW; done'
    RUN = 'echo $0 >> ran; test ! -e bad-$0 || exit 3; echo $0 > "$1"'
    """

KINDS = {
    "worker": 'Shell("a", ["sh", "-c", RUN, "%{FRAME}", "%{OUTPUT}"], outputs="a.####.txt", range="1-4", chunk=4)',
    "python": 'Python("a", ["sh", "-c", RUN, "%{FRAME}", "%{OUTPUT}"], outputs="a.####.txt", range="1-4", chunk=4)',
    "items": 'Shell("a", ["sh", "-c", RUN, "%{KEY}", "%{OUTPUT}"], items=["1", "2", "3", "4"], outputs="a.%{KEY}.txt",'
    " chunk=4)",
    "progress": 'Shell("a", ["sh", "-c", RUN, "%{FRAME}", "%{OUTPUT}"], outputs="a.####.txt", range="1-4", chunk=4,'
    ' progress="percent")',
    "sequence": 'ShellSequence("a", [["sh", "-c", RUN, n, "%{OUTPUT}"] for n in "1234"], outputs="a.####.txt",'
    " chunk=4)",
    "render": 'Renders("a", outputs="a.####.txt", range="1-4", chunk=4)',
}


class Made:
    """A folder with a job, and what ran in it."""

    def __init__(self, folder: Path, run: RunPycuerun) -> None:
        self.folder, self.work = folder, folder / "made"
        self.__run = run

    def launch(self, layer: str, *options: str, code: int = 0, **env: str) -> list[str]:
        """Launch a layer and give the frames that ran, in their order."""
        (self.folder / "ran").write_text("")
        script = outline_file(self.folder, textwrap.dedent(BOTH) + textwrap.dedent(layer))
        words = ["--backend", "local", "--max-retries", "0", "--work", self.work, *options]
        self.done = self.__run(script, *words, cwd=self.folder, env={"SLOW": "0", **env})
        assert self.done.returncode == code, self.done.stdout + self.done.stderr
        return (self.folder / "ran").read_text().split()

    def states(self) -> dict[str, int]:
        """The exit status of each frame."""
        book = WorkFolder(self.work).read_records()
        return {key: end.status for layer, key in book if (end := book[layer, key].end) is not None}


@pytest.fixture
def made(tmp_path: Path, run_pycuerun: RunPycuerun) -> Made:
    return Made(tmp_path, run_pycuerun)


@pytest.mark.parametrize("layer", KINDS.values(), ids=KINDS)
def test_frames_before_a_failure_are_kept(made: Made, layer: str):
    (made.folder / "bad-3").touch()
    first = made.launch(layer, code=1)
    states, there = made.states(), sorted(path.name for path in made.work.glob("a*"))
    (made.folder / "bad-3").unlink()
    second = made.launch(layer)

    assert first == ["1", "2", "3"]
    assert states == {"1": 0, "2": 0, "3": 3, "4": 3}
    assert len(there) == 2
    assert second == ["3", "4"]
    assert made.launch(layer) == []


def test_an_attempt_does_not_repeat_what_the_one_before_has_done(made: Made):
    layer = KINDS["worker"].replace("RUN,", 'RUN.replace("exit 3", "{ rm bad-$0; exit 3; }"),')
    (made.folder / "bad-3").touch()

    assert made.launch(layer, "--max-retries", "1") == ["1", "2", "3", "3", "4"]


def test_code_of_a_user_that_comes_after_the_commands_works_on_the_outputs_first(made: Made):
    layer = KINDS["worker"].replace("Shell", "After")
    made.launch(layer)

    assert (made.work / "a.0001.txt").read_text() == "1\nsigned\n"
    assert made.launch(layer) == []


def test_a_renderer_that_is_killed_in_a_chunk_has_kept_what_it_had_finished(made: Made):
    (made.folder / "bad-4").touch()
    first = made.launch(KINDS["render"], code=1, AT_ONCE="1", SLOW="0.7")
    states = made.states()
    (made.folder / "bad-4").unlink()

    assert first == ["1", "2", "3", "4"]
    assert [states["1"], states["2"], states["4"]] == [0, 0, 3]
    assert made.launch(KINDS["render"])[-1] == "4"
    assert "1" not in (made.folder / "ran").read_text()


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        ("#FRAME_START# #FRAME_END# %{RANGE}", ["1 3 1,3", "7 9 7,9"]),
        ("#FRAMESPEC#", ["1,3,7,9"]),
        ("%{FRAME}", ["1", "3", "7", "9"]),
    ],
    ids=["ends", "spec", "frame"],
)
def test_a_command_that_names_its_ends_runs_for_each_group_of_frames(made: Made, words: str, ran: list[str]):
    layer = f"""
    Shell("a", ["sh", "-c", 'echo "$*" >> ran; for f in 1 3 5 7 9; do echo $f > "${{0%####.txt}}000$f.txt"; done',
          "%{{OUTPUT}}", *"{words}".split()], outputs="a.####.txt", range="1-9x2", chunk=5)
    """
    if words == "%{FRAME}":
        layer = layer.replace("${0%####.txt}000$f.txt", "$0")
    made.launch(layer)
    for frame in (1, 3, 7, 9):
        (made.work / f"a.000{frame}.txt").unlink()
    made.launch(layer)

    lines = (made.folder / "ran").read_text().splitlines()
    assert lines == ran
