# SPDX-License-Identifier: Apache-2.0
"""What ``outline check`` finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outline import config
from outline.cli.check.outline import check_outline
from outline.cli.check.report import Finding, report_json, report_text
from outline.exception import OutlineException
from tests.support import outline_file

HEAD = """
from outline import Composite, Frame, Layer, LayerPreProcess, Outline, OutlinePostCommand, cuerun
from outline.modules.shell import PyEval, Shell, ShellCommand, ShellSequence
"""
FIRST_LINE = HEAD.count("\n") + 1


@pytest.fixture(autouse=True)
def _stays_here() -> None:
    config.set("outline", "backend", "local")


def check(folder: Path, text: str, frames: str | None = "1-10") -> list[Finding]:
    """Return what is found in a script of these lines, whose first is FIRST_LINE."""
    path = folder / "shot.outline"
    path.write_text(f"{HEAD}{text}\n")
    return list(check_outline(str(path), frames).findings)


def brief(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.level, finding.rule, finding.line - FIRST_LINE) for finding in findings]


CLEAN = [
    "Shell('a', ['ls'])",
    "Shell('a', ['ls'], chunk=5, memory='4g', require=[]); Shell('b', ['ls'], require='a:all')",
    "ShellSequence('s', [['a'], ['b']])",
    "OutlinePostCommand('tell', command=['x'], cores=0.1, memory='100m')",
    "Composite('c').add_child(Shell('p', ['ls']))",
    "r = Shell('r', ['ls'])\nclass P(LayerPreProcess):\n    def _execute(self, frames): pass\nP(r)",
    "class M(Layer):\n    def _execute(self, frames): self.get_arg('colour')\nM('m', colour='red')",
    "def look(layer): layer.get_arg('hue')\nclass M(Layer):\n    def _execute(self, frames): look(self)\nM('m', hue=1)",
    "class M(Shell):\n    def execute(self, frame): super().execute(frame)\nM('m', ['ls'])",
    "class M(Layer):\n    def _execute(self, *f): self._execute_frame()\n    def _execute_frame(self): pass\nM('m')",
    "for n in range(19): ShellCommand('c%d' % n, ['ls'])",
    "for n in range(7): ShellCommand('c%d' % n, ['ls'], require=['c%d' % (n - 1)] if n else [])",
    "for n in range(20): Shell('c%d' % n, ['ls'])",
]


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_outline_has_no_findings(text: str, tmp_path: Path) -> None:
    assert check(tmp_path, text) == []


ONE_PROBLEM = [
    ("Shell('a b', ['ls'])", "error", "layer", "illegal character ' '"),
    ("Shell('a', ['ls'], memmory='4g')", "error", "layer", "'memmory'; did you mean 'memory'"),
    ("Shell('a', ['ls'], frame_range='4')", "error", "layer", "did you mean 'range'"),
    ("Shell('a', ['ls'], type='Rendr')", "error", "layer", "no type 'Rendr'"),
    ("Shell('a', ['ls'], colour='red')", "note", "unread", "argument 'colour'"),
    ("PyEval('a', 'pass', colour='red')", "note", "unread", "argument 'colour'"),
    ("Shell('a', ['ls'], range='1-x')", "error", "range", "column 3"),
    ("Shell('a', ['ls'], chunk=0)", "error", "range", "chunk must be 1 or more"),
    ("Shell('a', ['ls'], memory='lots')", "error", "resources", "'lots'"),
    ("Shell('a', ['ls'], cores='many')", "error", "resources", "'many'"),
    ("Shell('a', ['ls'], timeout='soon')", "error", "resources", "timeout: 'soon' is not a number of minutes"),
    ("Shell('a', ['ls'], timeout_retry=0.5)", "error", "resources", "timeout_retry: 0.5 is not a number from 1 to 99"),
    ("Shell('a', ['ls'], require='nosuch')", "error", "depends", "no layer 'nosuch'"),
    ("Shell('a', ['ls'], require='a:foo')", "error", "depends", "no dependency type 'foo'"),
    ("Shell('a')", "error", "arguments", "needs the argument 'command'"),
    ("PyEval('a', 'pass', x=lambda: 1)", "error", "save", "_before_execute"),
    ("Layer('a')", "warning", "class", "does nothing"),
    ("1/0", "error", "script", "ZeroDivisionError"),
    ("import sys; sys.exit(3)", "error", "script", "sys.exit(3)"),
    ("def f(:", "error", "script", "SyntaxError"),
]


@pytest.mark.parametrize(("text", "level", "rule", "message"), ONE_PROBLEM, ids=[case[0] for case in ONE_PROBLEM])
def test_a_problem_is_found_with_its_line(text: str, level: str, rule: str, message: str, tmp_path: Path) -> None:
    found = check(tmp_path, text)

    assert [(one.level, one.rule) for one in found][:1] == [(level, rule)]
    assert message in found[0].message
    assert (found[0].file, found[0].line) == (str(tmp_path / "shot.outline"), FIRST_LINE)


def test_all_problems_are_found_at_once(tmp_path: Path) -> None:
    text = """Shell('a b', ['ls'], memmory=1, chunks=2, require=['nosuch', 'c:foo'])
Shell('c', require='d', memory='lots')
Shell('d', ['ls'], require='c', range='x')
Shell('d', ['ls'])
Shell('e', ['ls'], require='f'); Shell('f', ['ls'], require='e')
1/0"""

    found = check(tmp_path, text)

    assert brief(found) == [
        *[("error", "layer", 0)] * 3,
        *[("error", "depends", 0)] * 2,
        ("error", "depends", 1),
        ("error", "arguments", 1),
        ("error", "resources", 1),
        ("error", "range", 2),
        ("error", "layer", 3),
        ("error", "depends", 4),
        ("error", "script", 5),
    ]


def test_a_duplicate_name_names_both_lines(tmp_path: Path) -> None:
    (found,) = check(tmp_path, "Shell('a', ['ls'])\nShell('a', ['ls'])")

    assert f"shot.outline:{FIRST_LINE}" in found.message
    assert found.line == FIRST_LINE + 1


def test_a_layer_outside_of_the_range_is_a_warning(tmp_path: Path) -> None:
    (found,) = check(tmp_path, "Shell('a', ['ls']); Shell('far', ['ls'], range='900-910')", "1-10")

    assert (found.level, found.rule, found.layer) == ("warning", "range", "far")


def test_a_job_without_any_frame_is_an_error(tmp_path: Path) -> None:
    found = check(tmp_path, "Shell('far', ['ls'], range='900')", "1-10")

    assert [one.rule for one in found if one.level == "error"] == ["outline"]


def test_a_bad_range_of_the_job_is_an_error(tmp_path: Path) -> None:
    (found,) = check(tmp_path, "Shell('a', ['ls'])", "1-")

    assert (found.level, found.rule, found.line) == ("error", "range", 0)


def test_a_class_inside_of_a_function_cannot_be_saved(tmp_path: Path) -> None:
    text = "def make():\n    class M(Shell): pass\n    return M\nmake()('m', ['ls'])"

    (found,) = check(tmp_path, text)

    assert (found.level, found.rule) == ("error", "save")
    assert "inside of a function" in found.message


def test_every_unsaveable_attribute_is_named(tmp_path: Path) -> None:
    text = "a = Shell('a', ['ls'])\na.one = lambda: 1\na.two = object()"

    found = check(tmp_path, text)

    assert ["'one'" in found[0].message, "'two'" in found[1].message, len(found)] == [True, True, 2]


@pytest.mark.parametrize(
    ("method", "level", "message"),
    [
        ("def _execute(self): pass", "error", "_execute(self, frames)"),
        ("def _exceute(self, frames): pass", "warning", "did you mean the hook _execute"),
        ("def _set_up(self): pass", "warning", "did you mean the hook _setup"),
        ("def _before_exec(self): pass", "warning", "did you mean the hook _before_execute"),
        ("def execute(self, frames): pass", "warning", "M.execute replaces what calls the hooks"),
    ],
)
def test_a_hook_that_is_never_called_is_found(method: str, level: str, message: str, tmp_path: Path) -> None:
    found = check(tmp_path, f"class M(Shell):\n    {method}\nM('m', ['ls'])")

    assert [(one.level, one.rule, one.line) for one in found] == [(level, "class", FIRST_LINE + 1)]
    assert message in found[0].message


def test_the_line_of_a_module_is_where_its_layer_was_made(tmp_path: Path) -> None:
    text = "class M(Shell):\n    def __init__(self, name, **args):\n        Shell.__init__(self, name, **args)\nM('m')"

    (found,) = check(tmp_path, text)

    assert found.line == FIRST_LINE + 3


def test_a_script_that_launches_is_not_launched(tmp_path: Path, own_world: Path) -> None:
    text = "ol = Outline('o')\nol.add_layer(Shell('a', ['ls'], range='9'))\ncuerun.launch(ol, range='1-3')"

    found = check(tmp_path, text, None)

    assert [one.rule for one in found] == ["outline", "range"]
    assert not (own_world / "sessions").exists()


# -- the tutorial's rules --------------------------------------------------------------------------------------


def efficiency(folder: Path, text: str) -> list[str]:
    return [one.message for one in check(folder, text) if one.rule == "efficiency"]


def test_t11_many_layers_a_chain_and_a_mail_are_three_findings(tmp_path: Path) -> None:
    text = """for n in range(50): ShellCommand('shot%d' % n, ['ls'])
for n in range(20): Shell('step%d' % n, ['ls'], range=1, require=['step%d' % (n - 1)] if n else [])
Shell('mail', ['mailx'], cores=1, range=1)"""

    many, chain, mail = efficiency(tmp_path, text)

    assert many.startswith("layers shot0, shot1, shot2, …, shot49 are 50 layers of one frame each")
    assert chain.startswith("layers step0, step1, step2, …, step19 are a chain of 20 one-frame layers")
    assert mail.startswith("layer 'mail' is a utility")


@pytest.mark.parametrize(
    ("arguments", "wishes"),
    [
        ("", ["cores=0.1", "memory='256m'"]),
        ("cores=1", ["cores=0.1", "memory='256m'"]),
        ("threads=2, memory='1g'", ["cores=0.1"]),
        ("cores=0.5", ["memory='256m'"]),
        ("cores=0.5, memory='1g'", []),
    ],
)
def test_a_utility_layer_shall_ask_for_little(arguments: str, wishes: list[str], tmp_path: Path) -> None:
    text = " ".join(efficiency(tmp_path, f"Shell('x', ['job'], type='Util', {arguments})"))

    assert [wish for wish in ("cores=0.1", "memory='256m'") if wish in text] == wishes


@pytest.mark.parametrize(
    "layer", ["'send_mail', ['x']", "'x', ['/bin/rm', 'y']", "'x', 'chmod 1 y'", "'cleanup', ['x']"]
)
def test_a_utility_layer_is_known_by_name_or_program(layer: str, tmp_path: Path) -> None:
    assert len(efficiency(tmp_path, f"Shell({layer})")) == 1


def test_a_long_job_range_does_not_hide_one_frame_layers(tmp_path: Path) -> None:
    assert len(efficiency(tmp_path, "for n in range(30): Shell('x%d' % n, ['ls'], range=n + 1)")) == 1


def test_a_chain_that_branches_is_no_chain(tmp_path: Path) -> None:
    text = "for n in range(12): ShellCommand('x%d' % n, ['ls'], require=['x0'] if n else [])"

    assert efficiency(tmp_path, text) == []


# -- reports ---------------------------------------------------------------------------------------------------


def test_the_report_quotes_the_line(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('a', ['ls'], memmory=1)\n")

    text = report_text(check_outline(str(script), "1-4"))

    assert text.splitlines() == [
        f"{script}:2: error: layer 'a': unknown argument 'memmory'; did you mean 'memory'? [layer]",
        "    Shell('a', ['ls'], memmory=1)",
        f"{script}: 1 layer, 4 frames: 1 error",
    ]


def test_the_report_as_json(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('mail', ['ls'])\n")

    data = json.loads(report_json(check_outline(str(script), "1-4")))

    assert (data["errors"], data["warnings"], data["layers"], data["frames"]) == (0, 1, 1, 4)
    assert data["findings"][0] | {"message": ""} == {
        "level": "warning",
        "rule": "efficiency",
        "message": "",
        "layer": "mail",
        "file": str(script),
        "line": 2,
    }


def test_json_descriptions_are_checked(tmp_path: Path) -> None:
    layer = {"name": "cmd", "module": "outline.modules.shell.Shell", "comand": ["ls"]}
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"layers": [layer]}))

    found = check_outline(str(path)).findings

    assert ["did you mean 'command'" in found[0].message, found[0].level] == [True, "error"]


@pytest.mark.parametrize("name", ["nosuch.outline", "."])
def test_what_is_no_file_is_no_report(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutlineException):
        check_outline(str(tmp_path / name))


def test_words_that_a_shell_takes_apart_are_told(tmp_path: Path) -> None:
    words = "'echo', '&&', 'two words', 'a;b', '', '$HOME', \"'quoted by hand'\", \"it's\", 'http://host/#top'"
    text = f"""ol = Outline('o'); ol.add_layer(Shell('a', [{words}])); ol.add_layer(Shell('b', ['a b'], quote=True))
cuerun.launch(ol, range='1-2', use_pycuerun=False)"""

    found = check(tmp_path, text, None)

    assert {(one.level, one.rule, one.layer) for one in found} == {("note", "quote", "a")}
    assert [one.message.split("takes ")[1].split(" apart")[0] for one in found] == [
        "'two words'",
        "'a;b'",
        "''",
        '"it\'s"',
    ]


def test_what_a_farm_refuses_or_changes_is_told(tmp_path: Path) -> None:
    config.set("outline", "backend", "cue")
    text = """Shell('ab', ['ls'], env={'A': 'x' * 3000})
Shell('sim.a', ['ls'], chunk=4)
Shell('comp', ['ls'], chunk=3, cores=30, require=['sim.a'])"""

    found = check(tmp_path, text)

    assert [(one.level, one.rule, one.line - FIRST_LINE) for one in found] == [
        ("warning", "farm", 0),
        ("warning", "farm", 0),
        ("warning", "farm", 2),
        ("warning", "farm", 2),
    ]
    assert found[0].message == "layer 'ab': a farm refuses it: the farm takes only layer names of 3 or more characters"
