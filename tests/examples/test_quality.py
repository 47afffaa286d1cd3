# SPDX-License-Identifier: Apache-2.0
"""The example ``quality``: scripts that know nothing of the library, and what make and the library run again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.markdown import table_rows
from tests.examples.conftest import CopyExample, Example
from tests.support import environ_with, needs

pytestmark = [pytest.mark.realtool, pytest.mark.slow, needs("make")]

PAGE = REPOSITORY / "examples" / "quality" / "README.md"


class Quality:
    """The example in a folder, whose scripts write down that they ran; make and the library each have their outputs.

    Attributes:
        example: The copy.
        by_make: Where the outputs of make are.
    """

    def __init__(self, example: Example, python: str, variables: dict[str, str]) -> None:
        self.example = example
        self.by_make = example.folder / "by-make"
        self.__python = python
        self.__variables = variables
        self.__ran = example.folder / "ran"

    def pictures(self, first: int, last: int) -> None:
        """Make pictures a1.jpg and so on."""
        words = [self.__python, "pictures.py", "pictures", str(first), str(last)]
        subprocess.run(words, cwd=self.example.folder, check=True)

    def picture(self, number: int) -> Path:
        """The path of a picture."""
        return self.example.folder / "pictures" / f"a{number}.jpg"

    def run(self) -> tuple[str, str]:
        """Run both, see that their bytes are the same, and give what ran by make and by the library, in words."""
        words = ["make", "-j2", f"OUT={self.by_make.name}"]
        environ = environ_with(**self.__variables)
        done = subprocess.run(words, cwd=self.example.folder, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        make = self.__take()
        self.example.launch("quality.outline")
        library = self.__take()
        assert {path.name: path.read_bytes() for path in self.by_make.iterdir()} == self.example.made("*.*")
        return make, library

    def __take(self) -> str:
        """What has run, such as ``3 vol, 3 cls``, and forget it."""
        lines = self.__ran.read_text().split() if self.__ran.exists() else []
        self.__ran.unlink(missing_ok=True)
        return ", ".join(f"{lines.count(f'{name}.py')} {name}" for name in _NAMES if f"{name}.py" in lines) or "nothing"


_NAMES = ("vol", "sob", "fft", "cls")


@pytest.fixture
def quality(copy_example: CopyExample, pictures_python: str, tmp_path: Path) -> Quality:
    """The example, with three pictures and an interpreter that writes down which scripts it runs."""
    counting = tmp_path / "counting-python"
    counting.write_text(f'#!/bin/sh\nbasename "$1" >> "$RAN"\nexec {pictures_python} "$@"\n')
    counting.chmod(0o755)
    variables = {"PICTURES_PYTHON": str(counting), "RAN": str(tmp_path / "the quality" / "ran")}
    quality = Quality(copy_example("quality", **variables), pictures_python, variables)
    quality.pictures(1, 3)
    return quality


def test_the_page_says_what_make_and_the_library_run_again(quality: Quality) -> None:
    measured = {"the first run": quality.run()}
    answers = [path.read_text().strip() for path in sorted(quality.by_make.glob("*.cls"))]
    measured["the same again"] = quality.run()
    later = quality.picture(2).stat().st_mtime + 60
    os.utime(quality.picture(2), (later, later))
    measured["`touch` of a picture"] = quality.run()
    quality.picture(2).write_bytes(quality.picture(3).read_bytes())
    measured["a picture is another one"] = quality.run()
    code = quality.example.folder / "vol.py"
    code.write_text(code.read_text() + "# a comment\n")
    measured["a comment in `vol.py`"] = quality.run()
    code.write_text(code.read_text().replace(".3f", ".2f"))
    measured["`vol.py` writes other numbers"] = quality.run()
    quality.pictures(4, 4)
    measured["a picture more"] = quality.run()
    quality.picture(1).unlink()
    measured["a picture less"] = quality.run()

    orphans = quality.example.outline("prune", quality.example.work)
    traced = quality.example.outline("trace", quality.example.work, "a2.cls")

    page = {row[0]: (row[1], row[2]) for row in table_rows(PAGE, "What runs again")}
    assert answers == ["blurred", "moire", "good"]
    assert [name in traced for name in ("a2.vol", "cls.py", "vol.py", "labels.csv", "pictures/a2.jpg", "a3")] == [
        True
    ] * 5 + [False]
    assert [f"a1.{name} " in orphans for name in _NAMES] == [True] * 4
    assert "4 files that no frame makes any more" in orphans
    assert {done: page.get(done) for done in measured} == measured
