# SPDX-License-Identifier: Apache-2.0
"""A layer over groups of items reads what was made of its members, and of no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import outline_file

SCRIPT = """
    from outline import Layer
    from outline.items import files, group
    from outline.modules.shell import Shell

    plates = files("plates/{shot}/{plate}.txt")
    clean = Shell("clean", items=plates, outputs="clean/%{KEY}.txt",
                  command=["sh", "-c", 'echo clean-$2 >> ran; tr a-z A-Z < "$0" > "$1"',
                           "%{INPUT}", "%{OUTPUT}", "%{KEY}"])
    Shell("movie", items=group(plates, "shot"), inputs=clean, outputs="movies/%{KEY}.mov",
          command=["sh", "-c", 'echo movie-$2 >> ran; xargs -d "\\\\n" cat < "$0" > "$1"',
                   "%{INPUTLIST}", "%{OUTPUT}", "%{KEY}"])

    class Names(Layer):
        def _execute(self, frames):
            for frame in frames:
                with open(self.output_path(frame), "w") as stream:
                    print(self.item(frame)["members"], len(self.input_paths(frame)), file=stream)

    Names("names", items=group(plates, "shot"), inputs=clean, outputs="names/%{KEY}.txt", chunk=2)
    """


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    for name, text in {"sh 10/a": "a", "sh 10/b": "b", "ü20/a": "c", "sh 10/c": "d"}.items():
        path = tmp_path / "plates" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    outline_file(tmp_path, SCRIPT)
    return tmp_path


def _launch(folder: Path, run: RunPycuerun, *options: str) -> list[str]:
    (folder / "ran").write_text("")
    done = run("shot.outline", "--backend", "local", "--work", "made", *options, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "ran").read_text().splitlines())


def test_each_group_reads_its_members_in_their_order(plates: Path, run_pycuerun: RunPycuerun):
    _launch(plates, run_pycuerun)

    made = plates / "made"
    assert [(made / "movies" / f"{shot}.mov").read_text() for shot in ("sh 10", "ü20")] == ["ABD", "C"]
    assert (made / "names" / "sh 10.txt").read_text() == "['sh 10/a', 'sh 10/b', 'sh 10/c'] 3\n"


def test_a_changed_member_runs_its_group_only(plates: Path, run_pycuerun: RunPycuerun):
    _launch(plates, run_pycuerun)
    (plates / "plates" / "ü20" / "a.txt").write_text("changed")

    assert _launch(plates, run_pycuerun) == ["clean-ü20/a", "movie-ü20"]
    assert _launch(plates, run_pycuerun) == []


def test_a_member_more_runs_its_group_only(plates: Path, run_pycuerun: RunPycuerun):
    _launch(plates, run_pycuerun)
    (plates / "plates" / "sh 10" / "aa.txt").write_text("n")

    assert _launch(plates, run_pycuerun) == ["clean-sh 10/aa", "movie-sh 10"]
    assert (plates / "made" / "movies" / "sh 10.mov").read_text() == "ANBD"


def test_groups_can_be_chosen_with_their_members(plates: Path, run_pycuerun: RunPycuerun):
    assert _launch(plates, run_pycuerun, "--only", "ü20*") == ["clean-ü20/a", "movie-ü20"]


def test_items_whose_range_is_too_long_for_a_variable_run_here_as_well(tmp_path: Path, run_pycuerun: RunPycuerun):
    (tmp_path / "keys.txt").write_text("".join(f"{number * number % 10007:x}.{number}\n" for number in range(4000)))
    script = """
        from outline import Layer
        from outline.items import lines

        class Write(Layer):
            def _execute(self, frames):
                with open("ran", "a") as stream:
                    print(len(frames), file=stream)

        Write("write", items=lines("keys.txt"), chunk=4000)
        """
    outline_file(tmp_path, script)

    assert _launch(tmp_path, run_pycuerun, "--only", "*[a-c]*.*") == ["1727"]
