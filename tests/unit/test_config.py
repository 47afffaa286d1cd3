# SPDX-License-Identifier: Apache-2.0
"""The configuration: its layers, its errors, and that nobody pays for it before using it."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from configparser import NoOptionError, NoSectionError
from pathlib import Path

import pytest

import outline
from outline.config import config, read_config_from_disk
from outline.config.places import package_home
from outline.exception import ConfigException

WriteFile = Callable[[str], Path]


@pytest.fixture
def write_user_file(own_world: Path) -> WriteFile:
    folder = own_world / ".config" / "opencue"
    folder.mkdir(parents=True)

    def write(text: str) -> Path:
        path = folder / "outline.cfg"
        path.write_text(text, encoding="utf-8")
        config.reload()
        return path

    return write


@pytest.fixture
def write_named_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteFile:
    def write(text: str) -> Path:
        path = tmp_path / "named file.cfg"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(path))
        config.reload()
        return path

    return write


# -- layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("outline", "backend", "cue"),
        ("outline", "spec_version", "1.15"),
        ("outline", "facility", "local"),
        ("outline", "domain", "example.com"),
        ("outline", "maxretries", "2"),
        ("outline", "default_show", "testing"),
        ("outline", "default_shot", "default"),
        ("outline", "session_mode", ""),
        ("outline", "wait_for_file_seconds", "0"),
        ("outline", "entry_points", "false"),
        ("local", "cores", ""),
        ("local", "memory", ""),
        ("local", "grace_seconds", "10"),
        ("local", "frame_process", "fork"),
        ("plugin:local", "module", "outline.plugins.local"),
        ("plugin:local", "enable", "1"),
    ],
)
def test_every_option_has_a_default(section: str, option: str, value: str):
    assert config.get(section, option) == value


def test_sessions_are_below_the_home_folder_by_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OUTLINE_OUTLINE_SESSION_DIR")

    assert config.get("outline", "session_dir") == "{HOME}/.opencue/sessions"


def test_later_layers_win_option_by_option(  # fault 24
    write_user_file: WriteFile, write_named_file: WriteFile, monkeypatch: pytest.MonkeyPatch
):
    user = write_user_file("[outline]\ndefault_show = user\ndefault_shot = user\nfacility = user\nhome = user\n")
    named = write_named_file("[outline]\ndefault_shot = named\nfacility = named\nhome = named\n")
    monkeypatch.setenv("OUTLINE_OUTLINE_FACILITY", "variable")
    monkeypatch.setenv("OUTLINE_OUTLINE_HOME", "variable")
    config.set("outline", "home", "line")

    found = {option: (config.get("outline", option), config.origin("outline", option)) for option in config["outline"]}

    assert {name: found[name] for name in ("domain", "default_show", "default_shot", "facility", "home")} == {
        "domain": ("example.com", "default"),
        "default_show": ("user", str(user)),
        "default_shot": ("named", str(named)),
        "facility": ("variable", "OUTLINE_OUTLINE_FACILITY"),
        "home": ("line", "command line"),
    }


@pytest.mark.parametrize(
    ("variables", "facility"),
    [
        pytest.param({"OL_CONFIG": "{}"}, "named", id="the old name"),
        pytest.param({"OUTLINE_CONFIG_FILE": "{}", "OL_CONFIG": "/nowhere/old.cfg"}, "named", id="the new one wins"),
        pytest.param({"OUTLINE_CONFIG_FILE": "", "OL_CONFIG": ""}, "local", id="empty names no file"),
    ],
)
def test_a_variable_names_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], facility: str
):
    (tmp_path / "named.cfg").write_text("[outline]\nfacility = named\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp_path / "named.cfg"))

    assert config.get("outline", "facility") == facility


@pytest.mark.parametrize(
    ("variable", "section", "option"),
    [
        ("OUTLINE_OUTLINE_FOO", "outline", "foo"),
        ("OUTLINE_PLUGIN_LOCAL_ENABLE", "plugin:local", "enable"),
        ("OUTLINE_PLUGIN_LOCAL_EXTRA_WORD", "plugin:local", "extra_word"),
        ("OUTLINE_LOCAL_CORES", "local", "cores"),
    ],
)
def test_a_variable_sets_an_option_of_a_known_section(
    variable: str, section: str, option: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(variable, "7")

    assert config.get(section, option) == "7"
    assert config.origin(section, option) == variable


@pytest.mark.parametrize("variable", ["OUTLINE_NOSECTION_FOO", "OUTLINE_OUTLINE_", "OUTLINE_OUTLINE_foo", "OUTLINE_"])
def test_a_variable_that_names_no_option_is_left_alone(variable: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(variable, "7")

    assert "7" not in [row.value for row in config.origins()]


def test_the_variables_of_the_library_itself_are_no_options(
    write_named_file: WriteFile, monkeypatch: pytest.MonkeyPatch
):
    write_named_file("[config]\n[modules]\npaths = ours\n")
    monkeypatch.setenv("OUTLINE_MODULES_PATHS", "/m")

    assert config.get("modules", "paths") == "ours"
    assert not config.has_option("config", "file")


def test_an_option_with_other_signs_has_a_variable_too(write_named_file: WriteFile, monkeypatch: pytest.MonkeyPatch):
    write_named_file("[plugin:a-b]\nsome-thing = 1\n")
    monkeypatch.setenv("OUTLINE_PLUGIN_A_B_SOME_THING", "2")

    assert dict(config["plugin:a-b"]) == {"some-thing": "2"}


def test_a_default_section_counts_for_every_section(write_named_file: WriteFile):
    path = write_named_file("[DEFAULT]\nroot = /sw\n[Blender]\nbinary = %(root)s/blender\n")

    assert config.get("Blender", "binary") == "/sw/blender"
    assert ("DEFAULT", "root", "/sw", str(path)) in config.origins()
    assert ("Blender", "root", "/sw", str(path)) not in config.origins()


def test_reset_forgets_what_was_set_and_reads_again(monkeypatch: pytest.MonkeyPatch):
    config.set("outline", "facility", "flag")
    monkeypatch.setenv("OUTLINE_OUTLINE_DOMAIN", "later.com")

    config.reload()

    assert config.get("outline", "facility") == "local"
    assert config.get("outline", "domain") == "later.com"


def test_reading_from_disk_gives_a_parser_of_its_own():
    own = read_config_from_disk()
    own.set("outline", "facility", "mine")

    assert config.get("outline", "facility") == "local"


# -- like a ConfigParser -----------------------------------------------------------------------------------------


def test_it_answers_like_a_config_parser(write_named_file: WriteFile):
    write_named_file("[Shell]\nmemory = 4g\n")

    assert outline.config is config
    assert config.has_section("Shell")
    assert not config.has_section("shell")
    assert config.has_option("Shell", "MEMORY")
    assert config.options("Shell") == ["memory"]
    assert config.items("Shell") == [("memory", "4g")]
    assert config.sections() == ["outline", "local", "dask", "plugin:local", "Shell"]
    assert "Shell" in config
    assert [*config] == ["DEFAULT", "outline", "local", "dask", "plugin:local", "Shell"]
    assert len(config) == 6
    assert config["Shell"]["memory"] == "4g"
    assert config["local"].getfloat("grace_seconds") == 10.0
    assert config.getint("outline", "maxretries") == 2
    assert config.getboolean("plugin:local", "enable") is True
    assert config.get("Shell", "nope", fallback="there") == "there"
    assert config.getint("Nope", "nope", fallback=None) is None


def test_sections_can_be_added_and_removed():
    config["Nuke"] = {"threads": "4"}

    del config["Nuke"]

    assert "Nuke" not in config


def test_unknown_options_and_sections_raise_what_a_config_parser_raises():
    with pytest.raises(NoOptionError):
        config.get("outline", "nope")
    with pytest.raises(NoSectionError):
        config.set("Nope", "a", "b")


def test_a_copy_is_possible_and_reads_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", "/nowhere/outline.cfg")

    copied = copy.deepcopy(config)
    monkeypatch.delenv("OUTLINE_CONFIG_FILE")

    assert copied.get("outline", "backend") == "cue"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-5", -5),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("true", True),
        ("Yes", True),
        ("on", True),
        ("False", False),
        ("no", False),
        ("OFF", False),
        ("007", "007"),
        ("1e3", "1e3"),
        ("1-10", "1-10"),
        ("4g", "4g"),
        ("nan", "nan"),
        ("", ""),
        ("1_000", "1_000"),
    ],
)
def test_default_arguments_arrive_with_their_type(text: str, value: object, write_named_file: WriteFile):  # fault 39
    write_named_file(f"[Blender]\nthreads = {text}\n")

    typed = config.typed_items("Blender")

    assert typed == {"threads": value}
    assert type(typed["threads"]) is type(value)


def test_a_section_that_is_not_there_has_no_typed_items():
    assert config.typed_items("Nope") == {}


# -- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["OUTLINE_CONFIG_FILE", "OL_CONFIG"])
def test_a_named_file_that_is_missing_is_an_error(variable: str, monkeypatch: pytest.MonkeyPatch):  # fault 24
    monkeypatch.setenv(variable, "/nowhere/outline.cfg")

    with pytest.raises(ConfigException) as caught:
        config.get("outline", "backend")

    assert str(caught.value) == (
        f"the configuration file /nowhere/outline.cfg, which {variable} names, cannot be read:"
        f" No such file or directory; correct or unset {variable}"
    )


@pytest.mark.parametrize(
    "text",
    ["no section\n", "[outline]\na = 1\na = 2\n", "[outline\n", "[outline]\njust words\n"],
    ids=["no section", "twice", "open bracket", "no value"],
)
def test_a_file_that_cannot_be_understood_is_one_line_with_its_name(text: str, write_named_file: WriteFile):
    path = write_named_file(text)

    with pytest.raises(ConfigException) as caught:
        config.sections()

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_is_an_error(write_named_file: WriteFile):
    write_named_file("").write_bytes(b"[outline]\nfacility = \xff\xfe\n")

    with pytest.raises(ConfigException, match="not UTF-8"):
        config.sections()


def test_a_user_file_that_cannot_be_read_is_an_error(write_user_file: WriteFile):
    path = write_user_file("")
    path.unlink()
    path.mkdir()

    with pytest.raises(ConfigException, match=r"outline\.cfg cannot be read: .*; make it readable or remove it$"):
        config.sections()


def test_a_literal_percent_sign_in_a_file_is_explained(write_named_file: WriteFile):
    path = write_named_file("[outline]\nlog = /logs/a.%04d.log\n")

    with pytest.raises(ConfigException) as caught:
        config.get("outline", "log")

    assert str(caught.value) == (
        f"{path}: [outline] log = '/logs/a.%04d.log' has a % that does not begin a reference such as %(home)s;"
        " write %% for a literal %"
    )


def test_a_literal_percent_sign_in_a_variable_is_explained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OUTLINE_OUTLINE_LOG", "100%")

    with pytest.raises(ConfigException, match=r"OUTLINE_OUTLINE_LOG: \[outline\] log = '100%' has a %"):
        config.items("outline")


def test_a_literal_percent_sign_on_the_command_line_is_explained():
    with pytest.raises(ConfigException, match="command line"):
        config.set("outline", "log", "%04d")


def test_a_doubled_percent_sign_is_a_literal_one():
    config.set("outline", "log", "%%04d of %(backend)s")

    assert config.get("outline", "log") == "%04d of cue"


def test_a_reference_to_nothing_names_it(write_named_file: WriteFile):
    write_named_file("[outline]\nlog = %(logs)s/a\n")

    with pytest.raises(ConfigException, match=r"refers to %\(logs\)s, but \[outline\] has no option 'logs'"):
        config.get("outline", "log")


@pytest.mark.parametrize(
    ("getter", "kind"),
    [
        ("getint", "a whole number"),
        ("getfloat", "a number"),
        ("getboolean", "one of yes, no, true, false, on, off, 1, 0"),
    ],
)
def test_a_value_of_the_wrong_kind_names_its_place(getter: str, kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OUTLINE_OUTLINE_MAXRETRIES", "many")

    with pytest.raises(ConfigException, match=rf"OUTLINE_OUTLINE_MAXRETRIES: .* = 'many' must be {kind}$"):
        getattr(config, getter)("outline", "maxretries")


# -- cost --------------------------------------------------------------------------------------------------------


def test_importing_reads_nothing_and_imports_no_configparser(unmeasured: dict[str, str]):
    code = "import sys, outline; repr(outline.config); sys.exit('configparser' in sys.modules)"
    env = {**unmeasured, "OUTLINE_CONFIG_FILE": "/nowhere.cfg", "PYTHONPATH": package_home()}

    done = subprocess.run([sys.executable, "-c", code], env=env, stdin=subprocess.DEVNULL, check=False)

    assert done.returncode == 0
