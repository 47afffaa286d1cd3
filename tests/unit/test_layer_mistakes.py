# SPDX-License-Identifier: Apache-2.0
"""Words that were meant to be tokens, sections that were meant to be of a class, and items that cannot be meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from outline import Outline, config
from outline.cli.check.outline import check_outline
from outline.exception import ItemException
from outline.layer import Layer
from outline.layer.doubts import doubts
from outline.layer.mistakes import misspelt_sections
from outline.modules.shell import Shell, ShellSequence
from outline.tokens import TOKENS
from tests.support import outline_file


def test_tokens_are_looked_at_in_text_and_in_all_commands_of_a_sequence():
    text = Shell("a", command="echo '%{FRAM}' %{FRAM}")
    many = ShellSequence("b", commands=[["echo", "one"], "echo #LAYR#"])

    assert [len(list(doubts(layer))) for layer in (text, many)] == [1, 1]


@pytest.mark.parametrize("section", ["Shel", "shell", "SHELL"])
def test_a_section_that_is_nearly_that_of_a_class_is_found(section: str):
    config.add_section(section)

    found = misspelt_sections([Shell("a", command=["true"])])

    assert found == [f"no layer reads the section [{section}] of the configuration; did you mean [Shell]?"]


class Shel(Layer):
    """A layer class of a studio."""


def test_sections_of_other_classes_are_left_alone():
    config.add_section("Shell5")
    config.add_section("Shel")

    assert misspelt_sections([Shell("a", command=["true"]), Shel("b")]) == []


def test_a_section_beside_the_right_one_is_left_alone():
    config.add_section("Shell")
    config.add_section("shell")

    assert misspelt_sections([Shell("a", command=["true"])]) == []


def test_both_are_findings_of_a_check(tmp_path: Path):
    config.add_section("Shel")
    path = outline_file(
        tmp_path, 'from outline.modules.shell import Shell\nShell("abc", command=["echo", "%{FRAM}"])\n'
    )

    report = check_outline(str(path))

    assert {("warning", "token"), ("warning", "config")} <= {(one.level, one.rule) for one in report.findings}


def test_the_documentation_has_no_other_tokens():
    docs = Path(__file__).resolve().parents[2] / "docs"
    named = {match for page in docs.glob("*.md") for match in re.findall(r"%\{[A-Z]+", page.read_text())}

    assert {f"{token}}}" for token in named} <= {*TOKENS, "%{FRAM}"}


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ([], r"items=\[\] has no items, so there is nothing to run"),
        ([1, "1"], r"two items of items=\[1, '1'\] have the key '1'"),
        (["../x"], r"the key '../x' has the part '..', so it cannot be part of a path; put %{FRAME} into the path"),
        ([{"a": {1}}], "the value of the item '1' is not plain data: Object of type set"),
        ([{"a": "\ud800"}], "the value of the item '1' is not plain data"),
    ],
    ids=["none", "twice", "path", "set", "surrogate"],
)
def test_mistakes_in_items_of_the_outline_name_the_layer(items: Any, problem: str):
    ol = Outline("x", current=True)
    Shell("gen", ["true"], items=items, outputs="out/%{KEY}.txt")

    with pytest.raises(ItemException, match=rf"layer 'gen' \(test_layer_mistakes.py:\d+\): {problem}"):
        ol.setup()
