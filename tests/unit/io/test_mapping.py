# SPDX-License-Identifier: Apache-2.0
"""Paths of one system on another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from outline.exception import ConfigException
from outline.io.mapping import PathRule, configured_rules, map_environment, map_path, map_value, read_rules

RULES = read_rules(
    {
        "shots": r"P:\shots -> /mnt/shots",
        "one": r"P:\shots\one -> /fast/one",
        "drive": "R: -> /mnt/r",
        "share": r"\\server\lib -> /mnt/lib",
        "mac": "/Volumes/tools/ -> /opt/tools",
        "back": r"/mnt/win -> W:\win",
    }
)


@pytest.mark.parametrize(
    ("path", "mapped"),
    [
        (r"P:\shots\a\b.exr", "/mnt/shots/a/b.exr"),
        ("P:/shots/a/b.exr", "/mnt/shots/a/b.exr"),
        (r"p:\SHOTS\A\b.exr", "/mnt/shots/A/b.exr"),
        (r"P:\shots", "/mnt/shots"),
        (r"P:\shots2\a", r"P:\shots2\a"),
        (r"P:\shots\one\a", "/fast/one/a"),
        (r"P:\shots\one2\a", "/mnt/shots/one2/a"),
        (r"R:\a b\c.exr", "/mnt/r/a b/c.exr"),
        (r"\\SERVER\lib\a", "/mnt/lib/a"),
        ("//server/lib/a", "/mnt/lib/a"),
        ("/Volumes/tools/bin", "/opt/tools/bin"),
        ("/volumes/tools/bin", "/volumes/tools/bin"),
        ("/Volumes/toolset", "/Volumes/toolset"),
        ("/a/Volumes/tools", "/a/Volumes/tools"),
        ("/mnt/win/a/b", r"W:\win\a\b"),
        (r"-proj=P:\shots\a", "-proj=/mnt/shots/a"),
        (r"P:\shots\a;R:\b", "/mnt/shots/a;/mnt/r/b"),
        ("/Volumes/tools/a:/usr:/Volumes/tools", "/opt/tools/a:/usr:/opt/tools"),
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_a_path_below_a_source_is_below_its_target(path: str, mapped: str) -> None:
    assert map_path(path, RULES) == mapped


def test_what_was_mapped_is_not_mapped_again() -> None:
    rules = read_rules({"one": "/a -> /b", "two": "/b -> /a", "deep": "/c -> /c/d"})

    assert [map_path(path, rules) for path in ("/a/x", "/b/x", "/c/x")] == ["/b/x", "/a/x", "/c/d/x"]


def test_without_rules_nothing_changes() -> None:
    assert map_path(r"P:\shots\a", []) == r"P:\shots\a"


def test_values_are_mapped_inside_of_lists_and_dicts() -> None:
    value = {"a": ["R:/x", 5, None], "b": ("R:/y", {"c": Path("R:/z")})}

    assert map_value(value, RULES) == {"a": ["/mnt/r/x", 5, None], "b": ("/mnt/r/y", {"c": "/mnt/r/z"})}


def test_a_list_of_paths_in_a_variable_gets_the_sign_of_this_system() -> None:
    environ = {"PYTHONPATH": r"R:\a;R:\b", "WORD": "a;b", "HOME": "/home/td"}

    mapped = map_environment(environ, RULES)

    assert mapped == {"PYTHONPATH": os.pathsep.join(["/mnt/r/a", "/mnt/r/b"]), "WORD": "a;b", "HOME": "/home/td"}


@pytest.mark.parametrize("text", ["/a", "/a ->", "/a->/b", "-> /b", "/a -> /b -> /c"])
def test_a_rule_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ConfigException, match=r"\[path_mapping\] shots = .* is not a rule"):
        read_rules({"shots": text})


# -- of a farm ------------------------------------------------------------------------------------------------


def test_rules_of_a_farm_count_beside_those_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "rules.json"
    rule = {"source_path_format": "WINDOWS", "source_path": "P:\\shots\\a\\", "destination_path": "/farm/a/"}
    file.write_text(json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]}))
    config_file = tmp_path / "outline.cfg"
    config_file.write_text("[path_mapping]\nshots = P:\\shots -> /mnt/shots\n")
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(config_file))
    monkeypatch.setenv("OL_PATH_MAPPING", str(file))

    rules = configured_rules()

    assert rules[0] == PathRule("P:\\shots\\a", "/farm/a")
    assert map_path("p:/shots/a/b.exr", rules) == "/farm/a/b.exr"


def test_farm_without_rules_has_an_empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "rules.json").write_text("{}")
    monkeypatch.setenv("OL_PATH_MAPPING", str(tmp_path / "rules.json"))

    assert configured_rules() == []


@pytest.mark.parametrize("text", ["", "[]", '{"path_mapping_rules": [{}]}', '{"path_mapping_rules": 5}'])
def test_what_holds_no_rules_of_a_farm_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "rules.json").write_text(text)
    monkeypatch.setenv("OL_PATH_MAPPING", str(tmp_path / "rules.json"))

    with pytest.raises(ConfigException, match=r"\$OL_PATH_MAPPING names .*rules.json, which holds no rules"):
        configured_rules()
