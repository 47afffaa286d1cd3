# SPDX-License-Identifier: Apache-2.0
"""Who the user is and where things are, also where the environment says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

import outline
from outline.config import config, config_base_directory, parser
from outline.config.places import home_directory, login_name, package_home, temp_directory


@pytest.fixture
def no_passwd_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this the user of a container that nobody has given a name."""
    pwd = pytest.importorskip("pwd")

    def getpwuid(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)  # there is no other way to be a user without an entry
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)


def test_the_old_places_have_values():
    home = config.get("outline", "home")

    assert os.path.isfile(os.path.join(home, "outline", "outline.cfg"))
    assert config.get("outline", "wrapper_dir") == f"{home}/wrappers"
    assert config.get("outline", "user_dir").endswith("/opencue/outline/tester")


def test_the_programs_are_below_a_home_that_somebody_has_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "our.cfg").write_text("[outline]\nhome = /sw/outline\nuser_dir = /u\n")
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(tmp_path / "our.cfg"))

    assert config.get("outline", "bin_dir") == "/sw/outline/bin"
    assert config.get("outline", "wrapper_dir") == "/sw/outline/wrappers"
    assert config.get("outline", "user_dir") == "/u"


def test_the_programs_of_an_installed_package_are_beside_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "50%").mkdir()
    (tmp_path / "50%" / "pycuerun").touch()
    monkeypatch.setattr(parser, "package_home", lambda: "/site-packages")  # stands for an installation
    monkeypatch.setattr(sys, "executable", str(tmp_path / "50%" / "python"))

    assert config.get("outline", "bin_dir") == str(tmp_path / "50%")


def test_a_user_name_cannot_leave_the_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("USER", "/etc")

    assert config.get("outline", "user_dir") == f"{tmp_path}/opencue/outline/_etc"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users are numbers on POSIX only")
def test_without_home_user_or_passwd_entry_there_is_a_configuration(no_passwd_entry: None):  # fault 24
    assert config.get("outline", "user_dir").endswith(f"/{os.getuid()}")
    assert login_name() == str(os.getuid())
    assert home_directory() is None
    assert config_base_directory() == ""


def test_home_folder_and_name_are_taken_from_the_environment_then_from_the_passwd_entry():
    entry = pytest.importorskip("pwd").getpwuid(os.getuid())

    assert (home_directory({"HOME": "/h"}), login_name({"LOGNAME": "jo"})) == ("/h", "jo")
    assert (home_directory({"HOME": ""}), login_name({"LOGNAME": ""})) == (entry.pw_dir, entry.pw_name)


def test_a_relative_home_is_none():
    assert home_directory({"HOME": "h"}) is None


def test_without_a_home_folder_the_working_directory_configures_nothing(
    no_passwd_entry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "~" / ".config" / "opencue"
    folder.mkdir(parents=True)
    for place in (folder, tmp_path):
        (place / "outline.cfg").write_text("[outline]\nfacility = cwd\n")
    monkeypatch.chdir(tmp_path)

    assert config.get("outline", "facility") == "local"


def test_the_temporary_folder_is_the_first_that_is_there(tmp_path: Path):
    assert temp_directory({"TMPDIR": "/nowhere", "TEMP": str(tmp_path)}) == str(tmp_path)


def test_without_variables_the_temporary_folder_costs_no_import(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "tempfile")

    folder = temp_directory({})

    assert folder == "/tmp"
    assert "tempfile" not in sys.modules


def test_folder_that_a_program_has_told_tempfile_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert temp_directory({}) == str(tmp_path)


def test_built_in_configuration_is_read_from_a_zip_file(tmp_path: Path):
    package = Path(outline.__file__).parent
    with zipfile.ZipFile(tmp_path / "studio.zip", "w") as packed:
        for path in [*package.rglob("*.py"), package / "outline.cfg"]:
            packed.write(path, path.relative_to(package.parent))
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "studio.zip")}
    program = "import outline; print(outline.__file__, outline.config.get('outline', 'backend'))"

    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=variables, capture_output=True, text=True)

    assert done.stdout.split() == [str(tmp_path / "studio.zip" / "outline" / "__init__.py"), "cue"], done.stderr


def test_the_package_is_in_its_home():
    assert os.path.samefile(os.path.join(package_home(), "outline"), Path(outline.__file__).parent)
