# SPDX-License-Identifier: Apache-2.0
"""The command line of pycuerun: spellings, groups, options of plug-ins."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from outline.cli.options import PycuerunCommand, tidy_arguments
from outline.cli.plugin_options import PluginParser
from outline.exception import OutlineException

# Every option of PyOutline's pycuerun, with a value where it takes one, and what it becomes.
PYOUTLINE_OPTIONS = [
    (["-b", "local"], "backend", "local"),
    (["--backend", "local"], "backend", "local"),
    (["-s", "cue:8443"], "server", "cue:8443"),
    (["--server", "cue"], "server", "cue"),
    (["-F", "lax"], "facility", "lax"),
    (["--facility", "lax"], "facility", "lax"),
    (["-V"], "verbose", True),
    (["--verbose"], "verbose", True),
    (["-D"], "debug", True),
    (["--debug"], "debug", True),
    (["-v", "2.1"], "version", "2.1"),
    (["--version", "2.1"], "version", "2.1"),
    (["-r", "/r"], "repos", "/r"),
    (["--repos", "/r"], "repos", "/r"),
    (["--dev"], "dev", True),
    (["--dev-user", "jo"], "devuser", "jo"),
    (["--env", "A=b=c", "--env", "D="], "env", ("A=b=c", "D=")),
    (["-p"], "pause", True),
    (["--pause"], "pause", True),
    (["-w"], "wait", True),
    (["--wait"], "wait", True),
    (["-t"], "test", True),
    (["--test"], "test", True),
    (["-f", "1-3"], "range", "1-3"),
    (["--range", "-3--1"], "range", "-3--1"),
    (["--shot", "s1"], "shot", "s1"),
    (["--no-mail"], "nomail", True),
    (["-m", "3"], "maxretries", "3"),
    (["--max-retries", "3"], "maxretries", "3"),
    (["--maxretries", "3"], "maxretries", "3"),
    (["-retry", "3"], "maxretries", "3"),
    (["-o", "rocky9"], "os", "rocky9"),
    (["--os", "rocky9"], "os", "rocky9"),
    (["--base-name", "n"], "basename", "n"),
    (["-j", "n"], "basename", "n"),
    (["--jobid", "n"], "basename", "n"),
    (["-jobid", "n"], "basename", "n"),
    (["--autoeat"], "autoeat", True),
    (["--priority", "7"], "priority", 7),
    (["--priority", "-7"], "priority", -7),
    (["--qc"], "qc", True),
    (["-e", "12-beauty"], "execute", "12-beauty"),
    (["--execute", "-2-beauty"], "execute", "-2-beauty"),
    (["-i", "x.outline"], "inspect", "x.outline"),
    (["-u", "jo"], "user", "jo"),
    (["--user", "jo"], "user", "jo"),
]


def parse(*argv: str, plugins: PluginParser | None = None) -> dict[str, Any]:
    plugins = plugins or PluginParser()
    command = PycuerunCommand(plugins)
    context = command.make_context("pycuerun", tidy_arguments(argv, command))
    plugins.take_values(context)
    return context.params


@pytest.mark.parametrize(("words", "name", "value"), PYOUTLINE_OPTIONS, ids=[" ".join(o[0]) for o in PYOUTLINE_OPTIONS])
def test_options_of_pyoutline_stand_before_or_after_the_arguments(words: list[str], name: str, value: object) -> None:
    before, after = parse(*words, "a.outline", "1-10"), parse("a.outline", "1-10", *words)

    assert before == after
    assert (before["script"], before["frames"], before[name]) == ("a.outline", "1-10", value)


@pytest.mark.parametrize("frames", ["-5-5", "-5", "-10--1x2", "-3,5", "-1-10y2"])
def test_a_range_may_begin_with_a_minus(frames: str) -> None:
    params = parse("a.outline", frames, "-w")

    assert (params["script"], params["range"], params["wait"]) == ("a.outline", frames, True)


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("--pri=5", "priority", 5),
        ("--no", "nomail", True),
        ("--max-=3", "maxretries", "3"),
        ("--te", "test", True),
        ("--fail", "fail_fast", True),
    ],
)
def test_options_may_be_shortened_as_with_pyoutline(word: str, name: str, value: object) -> None:
    assert parse("a.outline", word)[name] == value


def test_shortened_option_that_means_several_is_refused() -> None:
    with pytest.raises(click.NoSuchOption, match="--ver"):
        parse("a.outline", "--ver")


def test_option_of_a_plug_in_takes_a_spelling_that_pyoutline_does_not_know() -> None:
    plugins = PluginParser()
    plugins.add_option("--cores", type="int", dest="mine")

    params = parse("a.outline", "--cores", "3", "--outline-cores", "2", plugins=plugins)

    assert (plugins.values.mine, params["cores"]) == (3, "2")


def test_plug_in_sets_defaults_of_options_that_are_not_given() -> None:
    plugins = PluginParser()
    plugins.set_defaults(pause=True, priority=50)

    params = parse("a.outline", "--priority", "7", plugins=plugins)

    assert (params["pause"], params["priority"]) == (True, 7)


def test_value_of_a_plug_in_option_that_is_wrong_is_refused() -> None:
    plugins = PluginParser()
    plugins.add_option("--level", type="int")

    with pytest.raises(click.UsageError, match="option --level: invalid integer value: 'x'"):
        parse("a.outline", "--level", "x", plugins=plugins)


def test_version_without_a_value_asks_for_ours() -> None:
    assert parse("--version")["version"] == "\0print"


def test_help_shows_every_option_in_a_group() -> None:
    plugins = PluginParser()
    plugins.add_plugin_option("--studio", help="Of the studio.")

    text = CliRunner().invoke(PycuerunCommand(plugins), ["--help"]).output

    positions = [
        text.index(title) for title in ("Instead of launching", "Standard", "Job options", "With --backend", "Plug-ins")
    ]
    assert positions == sorted(positions)
    assert text.index("Of the studio.") > positions[-1]
    assert "Exit codes" in text


# -- options of plug-ins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words", "value"),
    [
        ({}, ["--x", "a"], "a"),
        ({"type": "int"}, ["--x", "0"], 0),
        ({"type": int}, ["--x", "3"], 3),
        ({"type": "float", "default": 1.5}, [], 1.5),
        ({"action": "store_true"}, ["--x"], True),
        ({"action": "store_true", "default": False}, [], False),
        ({"action": "store_false", "default": True}, ["--x"], False),
        ({"action": "store_const", "const": 9}, ["--x"], 9),
        ({"action": "append"}, ["--x", "a", "--x", "b"], ["a", "b"]),
        ({"action": "append_const", "const": "c"}, ["--x"], ["c"]),
        ({"action": "count"}, ["--x", "--x"], 2),
        ({"action": "count", "default": 0}, [], 0),
        ({"type": "choice", "choices": ["a", "b"]}, ["--x", "b"], "b"),
        ({"nargs": 2, "type": "int"}, ["--x", "1", "2"], (1, 2)),
    ],
    ids=str,
)
def test_a_plug_in_option_stores_what_optparse_would(settings: dict[str, Any], words: list[str], value: object) -> None:
    plugins = PluginParser()
    plugins.add_plugin_option("--x", dest="wanted", **settings)

    params = parse("a.outline", *words, plugins=plugins)

    assert plugins.values.wanted == value
    assert not [name for name in params if name.startswith("plugin_")]


@pytest.mark.parametrize(
    ("settings", "words", "value"), [({"type": "int"}, ["-x", "0"], 0), ({}, ["-x"], None)], ids=["value", "flag"]
)
def test_a_plug_in_callback_is_called_as_optparse_does(
    settings: dict[str, Any], words: list[str], value: object
) -> None:
    calls: list[tuple[Any, ...]] = []

    def callback(option: Any, opt: str, value: Any, parser: Any, *args: Any, **kwargs: Any) -> None:
        calls.append((opt, value, parser, args, kwargs))

    plugins = PluginParser()
    plugins.add_plugin_option(
        "-x", "--long", action="callback", callback=callback, callback_args=(1,), callback_kwargs={"k": 2}, **settings
    )

    parse("a.outline", *words, plugins=plugins)

    assert calls == [("-x", value, plugins, (1,), {"k": 2})]


def test_a_plug_in_option_that_exists_already_is_refused() -> None:
    plugins = PluginParser()
    plugins.add_plugin_option("-b", "--bake")

    with pytest.raises(OutlineException, match="-b, which exists already"):
        PycuerunCommand(plugins)


def test_an_unknown_action_of_a_plug_in_is_refused() -> None:
    with pytest.raises(OutlineException, match="option --x: invalid action: 'dance'"):
        PluginParser().add_plugin_option("--x", action="dance")


@pytest.mark.parametrize(("columns", "width"), [("60", 58), ("20", 50), ("300", 98), ("wide", 78)])
def test_help_is_as_wide_as_the_terminal_within_limits(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    context = PycuerunCommand(None).make_context("pycuerun", ["a.outline"])

    assert context.make_formatter().width == width
