# SPDX-License-Identifier: Apache-2.0
"""Which outline of a script is the job, and what a script finds around it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from outline import Outline, OutlineException, current_outline, load_outline
from tests.support import outline_file

OWN = """
from outline import Outline, cuerun, load_outline
from outline.modules.shell import Shell
"""


@pytest.mark.parametrize(
    ("text", "name", "layers"),
    [
        ("ol = Outline('mine'); ol.add_layer(Shell('a', ['ls']))", "mine", ["a"]),
        (
            "ol = Outline(); ol.add_layer(Shell('a', ['ls'], register=False)); ol.add_layer(Shell('b', ['ls']))",
            "shot",
            ["b"],
        ),
        ("ol = Outline('mine', current=True)\nShell('a', ['ls']); Shell('b', ['ls'])", "mine", ["a", "b"]),
        ("Shell('a', ['ls'])\nOutline('empty')", "shot", ["a"]),
        (
            "def main():\n    ol = Outline('mine', current=True); Shell('a', ['ls'])\n"
            "if __name__ == '__main__':\n    main()",
            "mine",
            ["a"],
        ),
        ("if '__main__' == __name__:\n    Shell('a', ['ls'])", "shot", ["a"]),
        ("Shell('a', ['ls'])\nif __name__ == \"__main__\": Shell('test', ['ls'])", "shot", ["a"]),
    ],
    ids=["own", "without name", "current", "empty one beside", "main", "main only", "main for tests"],
)
def test_outline_that_a_script_makes_and_does_not_launch_is_the_job(
    text: str, name: str, layers: list[str], tmp_path: Path
) -> None:
    script = outline_file(tmp_path, f"{OWN}{text}\n", "shot.outline")

    ol = load_outline(str(script))

    assert (ol.get_name(), list(map(str, ol.get_layers()))) == (name, layers)
    assert ol.get_path() == str(script)
    assert current_outline() is ol


def test_main_block_sees_its_script_as_argv(tmp_path: Path) -> None:
    text = "import sys\nif __name__ == '__main__':\n    Shell('a', sys.argv)\n"
    script = outline_file(tmp_path, OWN + text)

    ol = load_outline(str(script))

    assert ol.get_layer("a").get_arg("command") == [str(script)]


def test_several_outlines_that_are_not_launched_are_an_error(tmp_path: Path) -> None:
    text = "for name in 'xy': Outline(name).add_layer(Shell(name, ['ls']))"

    with pytest.raises(OutlineException, match="makes the outlines 'x', 'y' and launches none of them"):
        load_outline(str(outline_file(tmp_path, OWN + text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Shell('a', ['ls']); Outline('x').add_layer(Shell('b', ['ls']))", "'x' does not run"),
        (
            "Shell('a', ['ls']); Outline.current = None; Shell('lost', ['ls'])",
            "layer 'lost' (shot.outline:4) is in no outline",
        ),
        ("Shell('a', ['ls']); Shell('lost', ['ls'], register=False)", "layer 'lost' (shot.outline:4) is in no outline"),
    ],
    ids=["outline", "layer", "layer that waits to be added"],
)
def test_what_a_script_makes_for_nothing_is_told(
    text: str, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_outline(str(outline_file(tmp_path, OWN + text, "shot.outline")))

    assert words in caplog.text


def test_layer_made_after_loading_joins_the_loaded_outline(tmp_path: Path) -> None:
    part = outline_file(tmp_path, f"{OWN}Shell('a', ['ls'])", "part.outline")
    text = f"ol = load_outline({str(part)!r})\nShell('extra', ['ls'])"

    ol = load_outline(str(outline_file(tmp_path, OWN + text, "shot.outline")))

    assert (ol.get_name(), list(map(str, ol.get_layers()))) == ("part", ["a", "extra"])


def test_what_lies_beside_a_script_can_be_imported(tmp_path: Path, unmeasured: dict[str, str]) -> None:
    folder = tmp_path / "jobs of 'today'"
    folder.mkdir()
    (folder / "beside.py").write_text("WORDS = ['ls']\n")
    text = "import beside\nfrom outline import Layer\nclass My(Layer):\n    words = beside.WORDS\nMy('a')\n"
    ol = load_outline(str(outline_file(folder, text)))
    ol.set_frame_range("1")
    ol.setup()

    assert _read_again(ol, "words", unmeasured) == ["['ls']"] * 2


def test_arguments_of_a_script_are_there_when_frames_read_it_again(
    tmp_path: Path, unmeasured: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
    import argparse
    from outline import Layer
    parser = argparse.ArgumentParser()
    parser.add_argument("--quality", required=True)
    options = parser.parse_args()
    class My(Layer):
        quality = options.quality
    My("a")
    """
    script = outline_file(tmp_path, text)
    monkeypatch.setattr(sys, "argv", [str(script), "--quality", "very high"])
    ol = load_outline(str(script))
    ol.set_frame_range("1")
    ol.setup()

    assert _read_again(ol, "quality", unmeasured) == ["very high"] * 2


def _read_again(ol: Outline, name: str, environ: dict[str, str]) -> list[str]:
    """Return an attribute of the layer ``a`` as frames of the job see it, and those of a job that is launched of it."""
    again = "import sys, outline\nol = outline.load_outline(sys.argv[1]); ol.setup(); print(ol.get_path())"
    look = f"import sys, outline; print(outline.load_outline(sys.argv[1]).get_layer('a').{name})"

    def run(code: str, path: str) -> str:
        words = [sys.executable, "-c", code, path]
        return subprocess.run(words, check=True, capture_output=True, text=True, env=environ).stdout.strip()

    path = str(ol.get_path())
    return [run(look, path), run(look, run(again, path))]
