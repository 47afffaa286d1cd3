# SPDX-License-Identifier: Apache-2.0
"""The tables of the documentation leave nothing out, and hold nothing that is not there."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from pathlib import Path

import pytest

from outline import Outline, Shell, tokens
from outline.config.places import built_in_text
from outline.constants import BACKUP
from outline.depend import DependType
from outline.environment import FrameFacts, frame_environment, layer_environment
from outline.event import EVENT_TYPES
from outline.layer.args import KNOWN
from outline.scheduler import FrameState
from tests.conftest import REPOSITORY, RunPycuerun
from tests.docs.markdown import first_cells, table_rows
from tests.unit.test_floors import FLOORS

DOCS = REPOSITORY / "docs"
_OWN_VARIABLE = re.compile(r"""["']((?:OL|CUE)_[A-Z_]+|OUTLINE_(?:CONFIG_FILE|MODULES_PATHS)|CUE3)["']""")
_FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")


def test_every_layer_argument_is_listed() -> None:
    assert first_cells(DOCS / "layer-arguments.md") == set(KNOWN) | {"commands", "code", "script"}


def test_every_variable_of_a_frame_is_listed() -> None:
    ol = Outline("shot", frame_range="1-10")
    layer = Shell("beauty", command=["true"])
    ol.add_layer(layer)
    ol.setup()
    variables = frame_environment(layer_environment(ol, layer), FrameFacts(1))

    listed = first_cells(DOCS / "variables.md", "Variables of a frame")

    assert listed == set(variables) | {"OL_LAYER_SESSION_PATH", "OL_LAYER_RANGE", "OL_LAYER_FRAMES", BACKUP}


def test_every_variable_that_the_code_names_is_listed() -> None:
    named = {
        variable
        for path in (REPOSITORY / "outline").rglob("*.py")
        for variable in _OWN_VARIABLE.findall(path.read_text(encoding="utf-8"))
        if not variable.endswith("_")
    }

    assert named - first_cells(DOCS / "variables.md") == set()


def test_every_rule_of_outline_check_is_listed() -> None:
    texts = [path.read_text() for path in (REPOSITORY / "outline/cli/check").glob("*.py")]
    code = "\n".join([*texts, (REPOSITORY / "outline/layer/doubts.py").read_text()])
    calls = r'(?:_add|_about\(layer,|_about\(layer\.layer,|Finding)\(?\s*(?:"(?:error|warning|note)"|level), "(\w+)"'
    named = {*re.findall(calls, code), *re.findall(r'(?:_collect\(|_take\(problems, |Doubt\()"(\w+)"', code)}

    listed = {row[0].strip("`") for row in table_rows(DOCS / "command-line.md", "outline check") if len(row) == 3}

    assert listed - {"rule"} == named


def test_every_token_is_listed() -> None:
    listed = first_cells(DOCS / "variables.md", "Tokens")

    assert listed == {*tokens._FRAME_TOKENS, "%{OUTPUT}", "%{RESULT}", "%{SEED}"}  # the layer fills in these
    assert {row[0].strip("`") for row in table_rows(DOCS / "variables.md", "Tokens") if row[3] == "chunk"} >= set(
        tokens._CHUNK_TOKENS
    )


def _defaults() -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(built_in_text())
    return parser


@pytest.mark.parametrize("section", _defaults().sections())
def test_every_option_of_the_configuration_is_listed_with_its_default(section: str) -> None:
    rows = table_rows(DOCS / "configuration.md", section)

    listed = {row[0].strip("`"): row[1].strip("`") for row in rows}

    assert {name: "" if value.startswith("*") else value for name, value in listed.items()} == dict(
        _defaults()[section]
    )


_PYCUERUN_GROUPS = (
    "Instead of launching",
    "Standard options",
    "Options of the job",
    "With the backends local and dask",
    "With the backend dask",
    "With a work folder",
    "Development options",
    "Options of plug-ins",
)


def test_every_option_of_pycuerun_is_listed(run_pycuerun: RunPycuerun) -> None:
    help_text = run_pycuerun("--help").stdout

    groups = [first_cells(DOCS / "command-line.md", title) for title in _PYCUERUN_GROUPS]
    listed = {flag for cells in groups for flag in cells}

    assert listed == set(_FLAG.findall(help_text))


def test_every_option_of_outline_run_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    from outline.cli import outline_main

    code = outline_main(["run", "--help"])

    own = capsys.readouterr().out.partition("The layer:")[2].partition("Standard options:")[0]
    assert code == 0
    assert first_cells(DOCS / "command-line.md", "outline run") == set(_FLAG.findall(own))


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "clean",
        "completion",
        "config",
        "export",
        "import",
        "list",
        "log",
        "report",
        "results",
        "retry",
        "status",
    ],
)
def test_every_option_of_outline_is_listed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from outline.cli import outline_main

    code = outline_main([command, "--help"])

    rows = table_rows(DOCS / "command-line.md", f"outline {command}")
    listed = {flag for row in rows for flag in re.findall(r"`(--?[a-z][\w-]*)`", row[0])}
    options = capsys.readouterr().out.partition("Options:")[2]
    flags = {flag for line in options.splitlines() if line.startswith("  -") for flag in _FLAG.findall(line[:30])}
    assert code == 0
    assert listed == flags - {"-h", "--help"}


def test_every_command_of_outline_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    from outline.cli import outline_main

    outline_main(["--help"])

    commands = capsys.readouterr().out.partition("Commands:")[2].partition("\n\n")[0]
    listed = {cell.removeprefix("outline ") for cell in first_cells(DOCS / "command-line.md", "outline")}
    assert listed == set(re.findall(r"^  (\w+) ", commands, re.MULTILINE))


def test_every_state_is_listed() -> None:
    assert first_cells(DOCS / "concepts.md", "States") == {state.value for state in FrameState}


def test_every_type_of_dependency_is_listed() -> None:
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")

    types = {value for name, value in vars(DependType).items() if name[0] != "_"}

    assert {name for name in types if f"`{name}`" not in text} == {DependType.LayerOnAny}


def test_every_event_of_a_layer_is_listed() -> None:
    text = (DOCS / "writing-modules.md").read_text(encoding="utf-8")

    assert {name for name in EVENT_TYPES if f"`{name}`" not in text} == {"BEFORE_LAUNCH", "AFTER_LAUNCH"}


def test_contributors_are_told_the_floors_that_are_tested() -> None:
    rows = table_rows(REPOSITORY / "CONTRIBUTING.md", "Find your way")

    told = {name.rstrip("/"): int(row[0]) for row in rows for name in re.findall(r"`([^`]+)`", row[1])}

    tested = {name.removeprefix("outline."): floor for name, floor in FLOORS.items() if floor < 10}
    assert told == tested


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    pages = [path.name for path in sorted(DOCS.glob("*.md")) if path.name != "README.md"]

    assert [name for name in pages if f"({name})" not in index] == []


def test_every_change_has_a_name_that_says_its_kind() -> None:
    names = [path.name for path in Path(DOCS / "changes").iterdir() if path.name != "README.md"]

    assert [name for name in names if not re.fullmatch(r"[\w-]+\.(added|changed|fixed|removed)\.md", name)] == []
