# SPDX-License-Identifier: Apache-2.0
"""Outline scripts run in a namespace of their own, and say where they failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from outline import (
    FrameSet,
    OutlineException,
    ScriptException,
    SerializeException,
    current_outline,
    load_outline,
    parse_outline_script,
)
from outline.loader import Outline
from outline.script import find_script, run_script
from tests.support import environ_with, outline_file

SHELL = "from outline.modules.shell import Shell\n"


def test_fault_02_functions_and_classes_of_a_script_see_its_names(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        from outline.modules.shell import Shell

        NAMES = ["a", "b"]

        def make(name):
            return Shell(name, ["echo", os.sep, str(len(NAMES))])

        class My(Layer):
            def _execute(self, frames):
                return [os.path.join(name, NAMES[0]) for name in NAMES]

        layers = [make(name) for name in NAMES if name in NAMES]
        My("mine")
        """,
    )

    ol = load_outline(str(script))

    assert list(map(str, ol.get_layers())) == ["a", "b", "mine"]
    assert ol.get_layer("a").get_arg("command") == ["echo", "/", "2"]
    assert ol.get_layer("mine")._execute(FrameSet("1")) == ["a/a", "b/a"]  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\nprint(json)\n", "2: NameError: name 'json' is not defined"),
        (SHELL + 'Shell("a b", ["true"])\n', r"2: layer name 'a b'.*illegal character"),
        ("x = 1\ny = = 2\n", r"2: SyntaxError: .*\n    y = = 2"),
        ("import sys\nsys.exit(3)\n", r"2: the script called sys\.exit\(3\)"),
        ("import os\nif __name__ == '__main__': 1 / 0\n", "2: ZeroDivisionError"),
    ],
    ids=["fault 02: a name of the library", "error of the library", "syntax", "exit with a status", "in a main block"],
)
def test_error_shows_the_line_of_the_script(tmp_path: Path, text: str, error: str) -> None:
    script = outline_file(tmp_path, text)

    with pytest.raises(ScriptException, match=rf"shot\.outline:{error}"):
        load_outline(str(script))


def test_fault_03_class_of_a_script_runs_where_the_script_is_gone(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer

        class My(Layer):
            class Inner(Layer):
                pass

            def _execute(self, frames):
                helper(self, frames)

        def helper(layer, frames):
            layer.put_data("seen", list(frames))

        def listen(event):
            event.layer.put_data("heard", event.type)

        My("mine").add_event_listener("AFTER_EXECUTE", listen)
        My.Inner("inner")
        """,
    )
    ol = load_outline(str(script))
    ol.set_frame_range("1-3")
    ol.setup()
    script.unlink()
    for name in [name for name in sys.modules if name.startswith("outline_scripts.")]:
        del sys.modules[name]

    layer = load_outline(str(ol.get_path())).get_layer("mine")
    layer.execute(2)

    assert (layer.get_data("seen"), layer.get_data("heard")) == ([2], "AFTER_EXECUTE")


def test_error_shows_file_line_and_source_of_the_script(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "x = 1\n\ndef f():\n    return 1 / 0\n\nf()\n")

    with pytest.raises(ScriptException) as caught:
        load_outline(str(script))

    assert str(caught.value) == f"{script}:4: ZeroDivisionError: division by zero\n    return 1 / 0"
    assert (caught.value.path, caught.value.line, caught.value.source) == (str(script), 4, "return 1 / 0")


def test_error_of_a_layer_names_its_line_once(tmp_path: Path) -> None:
    script = outline_file(tmp_path, SHELL + 'Shell("a", ["true"], chunks=2)\n')

    with pytest.raises(ScriptException) as caught:
        load_outline(str(script))

    line = SHELL.count("\n") + 1
    assert str(caught.value).splitlines()[0] == (
        f"{script}:{line}: layer 'a': unknown argument 'chunks'; did you mean 'chunk'?"
    )


def test_script_may_end_itself(tmp_path: Path) -> None:
    script = outline_file(tmp_path, SHELL + 'import sys\nShell("a", ["true"])\nsys.exit()\n1 / 0\n')

    assert list(map(str, load_outline(str(script)).get_layers())) == ["a"]


def test_current_outline_comes_back_also_after_an_error(tmp_path: Path) -> None:
    outer = Outline("outer", current=True)
    inside = outline_file(tmp_path, "import outline\nassert outline.current_outline().get_name() == 'shot'\n1 / 0\n")

    with pytest.raises(ScriptException, match="ZeroDivisionError"):
        load_outline(str(inside))

    assert current_outline() is outer


def test_script_that_failed_leaves_no_module(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "1 / 0\n", name="broken.outline")

    with pytest.raises(ScriptException):
        load_outline(str(script))

    assert "outline_scripts.broken" not in sys.modules


def test_scripts_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    code = "from outline import Layer\nclass My(Layer):\n    WHO = {!r}\nMy('a')\n"
    first = outline_file(tmp_path / "one", code.format("one"))
    second = outline_file(tmp_path / "two", code.format("two"))

    classes = [type(load_outline(str(path)).get_layer("a")) for path in (first, second, first)]

    assert [cls.WHO for cls in classes] == ["one", "two", "one"]  # type: ignore[attr-defined]
    assert classes[0].__module__ == classes[2].__module__ != classes[1].__module__


def test_script_knows_its_file(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "WHERE = __file__\nNAME = __name__\n")

    module = run_script(str(script))

    assert str(script) == module.WHERE
    assert module.__name__ == module.NAME
    found = find_script(module.__name__)
    assert found is not None
    assert found.path == str(script)


def test_versions_are_served_to_scripts_only(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "import versions\nversions.require('outline', 'latest')\n")

    load_outline(str(script))

    assert "versions" not in sys.modules


def test_script_may_read_another_script(tmp_path: Path) -> None:
    other = outline_file(tmp_path, SHELL + 'Shell("b", ["true"])\n', name="other.outline")
    text = f"import outline\n{SHELL}Shell('a', ['true'])\noutline.parse_outline_script({str(other)!r})\n"
    script = outline_file(tmp_path, text)

    assert list(map(str, load_outline(str(script)).get_layers())) == ["a", "b"]


def test_python_file_with_an_encoding_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shot.py"
    path.write_bytes(b"# -*- coding: latin-1 -*-\nfrom outline import Layer\nLayer('a', scene='\xe9')\n")

    assert load_outline(str(path)).get_layer("a").get_arg("scene") == "\u00e9"


def test_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shot.outline"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(OutlineException, match="cannot read the outline file"):
        load_outline(str(path))


def test_missing_file_is_an_error() -> None:
    with pytest.raises(OutlineException, match=r"cannot read the outline file /no/such: No such file"):
        parse_outline_script("/no/such")


def test_fault_03_class_that_is_made_in_a_function_is_named_before_the_launch(
    tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer

        def make():
            class Local(Layer):
                pass
            return Local("a")

        make()
        """,
    )
    ol = load_outline(str(script))

    with pytest.raises(OutlineException, match=r"layer 'a' \(shot\.outline:\d\): its class make\.<locals>\.Local"):
        ol.setup()

    assert list(session_root.glob("*/*")) == []


_TWO_OF_ONE_NAME = """
    from outline import Layer

    class Render(Layer):
        def _execute(self, frames):
            print("first")

    Render("a")

    class Render(Layer):
        def _execute(self, frames):
            print("second")

    Render("b")
"""


def test_two_classes_of_one_name_are_refused_with_the_layer_of_the_first(tmp_path: Path, session_root: Path) -> None:
    ol = load_outline(str(outline_file(tmp_path, _TWO_OF_ONE_NAME)))

    with pytest.raises(
        SerializeException,
        match=r"layer 'a' \(shot\.outline:8\): its class Render is not the one that frames would find: shot"
        r"\.outline has defined another Render since; rename one of them",
    ):
        ol.setup()

    assert list(session_root.glob("*/*")) == []


def test_class_under_another_name_than_its_own_is_refused(tmp_path: Path) -> None:
    ol = load_outline(
        str(outline_file(tmp_path, 'from outline import Layer\nMine = type(Layer)("Other", (Layer,), {})\nMine("a")\n'))
    )

    with pytest.raises(SerializeException, match=r"its class Other is not in shot\.outline under that name"):
        ol.setup()


def test_class_that_type_makes_is_kept_under_its_own_name(tmp_path: Path) -> None:
    ol = load_outline(
        str(outline_file(tmp_path, 'from outline import Layer\nMine = type(Layer)("Mine", (Layer,), {})\nMine("a")\n'))
    )

    ol.setup()

    assert load_outline(str(ol.get_path())).get_layer("a").get_name() == "a"


@pytest.mark.parametrize("text", ["parse_outline_script({path!r})", "Mine('a')"], ids=["by another", "itself"])
def test_outline_of_a_script_that_has_been_run_again_is_launched(tmp_path: Path, text: str) -> None:
    inner = outline_file(tmp_path, "from outline import Layer\nclass Mine(Layer): pass\n", name="inner.outline")
    head = f"{inner.read_text()}from outline import parse_outline_script\n"
    inner.write_text(f"{inner.read_text()}Mine('a')\n")
    script = str(outline_file(tmp_path, head + text.format(path=str(inner))))
    first = load_outline(script)
    load_outline(script)

    first.setup()

    assert load_outline(str(first.get_path())).get_layer("a").get_name() == "a"


def test_class_that_a_script_defines_after_a_launch_is_named_with_the_line_of_the_launch(tmp_path: Path) -> None:
    program = outline_file(
        tmp_path,
        """
        from outline import Layer, Outline, cuerun
        from outline.modules.shell import Shell

        first = Outline("first", "1")
        first.add_layer(Shell("a", command=["true"]))
        cuerun.launch(first, backend="local", pause=True)

        class Late(Layer):
            pass

        second = Outline("second", "1")
        second.add_layer(Late("b"))
        (job,) = cuerun.launch(second, backend="local", pause=True)
        print(job.path)
        """,
        name="program.py",
    )
    launched = subprocess.run([sys.executable, program], env=environ_with(), capture_output=True, text=True)

    with pytest.raises(
        SerializeException,
        match=r"its script defines the class Late after it has launched another job in line 7, and frames read it"
        r" only up to there; define the class above that line",
    ):
        load_outline(f"{launched.stdout.strip()}/outline.yaml")
