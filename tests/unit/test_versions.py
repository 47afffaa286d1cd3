# SPDX-License-Identifier: Apache-2.0
"""Versions of modules from a repository."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import outline
from outline import versions
from outline.versions import VersionsException
from outline.versions.session import Session, Settings

HOME = str(Path(outline.__file__).parent.parent)


@pytest.fixture(autouse=True)
def own_session() -> Iterator[None]:
    yield
    versions.get_session().clean(shutil)
    Settings.repos_path = ""
    Settings.module_repos.clear()
    for name in ("studiolib", "manifest"):
        sys.modules.pop(name, None)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with two versions of a package, of which one is the latest, and some that are no packages."""
    root = tmp_path / "the repos"
    for version in ("1.0", "2.0"):
        package = root / "studiolib" / version
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"VERSION = {version!r}\n")
    (root / "studiolib" / "latest").symlink_to("2.0")
    for name, code in [("tool", "import os\nos.environ['TOOL'] = __file__\n"), ("broken", "1 / 0\n")]:
        (root / name / "1").mkdir(parents=True)
        (root / name / "1" / "manifest.py").write_text(code)
    (root / "neither" / "1").mkdir(parents=True)
    return root


def test_without_a_repository_nothing_happens_and_nothing_is_said(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    before = list(sys.path)

    done = versions.require("outline", "latest")

    assert done is False
    assert caplog.messages == []
    assert sys.path == before


def test_importing_makes_no_folder():  # fault 36
    code = (
        "import sys; before = list(sys.path); import outline.versions.session;"
        " sys.exit(sys.path != before or 'tempfile' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, stdin=subprocess.DEVNULL, check=False)

    assert done.returncode == 0


def test_a_required_version_can_be_imported(repository: Path):
    versions.set_repos(str(repository))

    done = versions.require("studiolib", "1.0")

    assert done is True
    assert importlib.import_module("studiolib").VERSION == "1.0"
    assert versions.get_version("studiolib") == "1.0"
    assert versions.get_session().get_ver_str() == "studiolib:1.0"


def test_a_version_hides_an_installed_one_but_never_the_standard_library(repository: Path):
    versions.set_repos(str(repository))
    versions.require("studiolib")

    place = sys.path.index(versions.get_session().get_path())

    assert place > sys.path.index(os.path.dirname(os.__file__))
    assert not [entry for entry in sys.path[:place] if entry.endswith("site-packages")]


@pytest.mark.parametrize(
    ("version", "said"),
    [("2.0", ["studiolib 1.0 is loaded, so version 2.0 is not"]), ("1.0", [])],
    ids=["other", "same"],
)
def test_a_second_version_is_refused_with_a_warning(
    repository: Path, caplog: pytest.LogCaptureFixture, version: str, said: list[str]
):
    versions.set_repos(str(repository))
    versions.require("studiolib", "1.0")

    assert versions.require("studiolib", version) is False
    assert versions.get_version("studiolib") == "1.0"
    assert caplog.messages == said


@pytest.mark.parametrize(
    ("module", "version", "said"),
    [
        ("nope", "latest", "has no version latest of nope"),
        ("neither", "latest", "has no version"),
        ("neither", "1", "neither __init__.py nor manifest.py"),
        ("broken", "1", "ZeroDivisionError"),
    ],
    ids=["no module", "no version", "neither package nor manifest", "manifest that fails"],
)
def test_what_cannot_be_loaded_is_a_warning(
    module: str, version: str, said: str, repository: Path, caplog: pytest.LogCaptureFixture
):
    versions.set_repos(str(repository))

    assert versions.require(module, version) is False
    assert said in caplog.text
    assert not versions.get_session().is_module_loaded(module)


def test_a_manifest_is_run(repository: Path, monkeypatch: pytest.MonkeyPatch):  # fault 36: imp is gone since 3.12
    monkeypatch.setenv("TOOL", "")
    versions.set_repos(str(repository))

    done = versions.require("tool", "1")

    assert done is True
    assert os.environ["TOOL"] == str(repository / "tool" / "1" / "manifest.py")
    assert "manifest" in sys.modules


def test_a_module_can_have_a_repository_of_its_own(repository: Path):
    versions.set_module_repos("studiolib", str(repository))

    assert versions.require("studiolib") is True
    assert versions.require("tool", "1") is False
    assert versions.get_version("studiolib") == "2.0"


def test_an_unrequired_module_is_gone(repository: Path):
    versions.set_repos(str(repository))
    versions.require("studiolib", "1.0")

    done = versions.unrequire("studiolib")

    assert done is True
    assert versions.get_version("studiolib", "none") == "none"
    assert os.listdir(versions.get_session().get_path()) == []


def test_a_manifest_can_be_unrequired(repository: Path):
    versions.set_repos(str(repository))
    versions.require("tool", "1")

    assert versions.unrequire("tool") is True


def test_what_was_not_required_cannot_be_taken_away(caplog: pytest.LogCaptureFixture):
    assert versions.unrequire("studiolib") is False
    assert caplog.messages == ["cannot unload studiolib, it was not loaded"]


def test_setting_the_same_repository_again_is_no_change(repository: Path):
    assert versions.set_repos(str(repository)) is True
    assert versions.set_repos(f"{repository}/") is False
    assert versions.get_repos() == str(repository)


def test_a_repository_that_is_not_there_is_an_error():
    with pytest.raises(VersionsException, match="/nowhere is not a folder"):
        versions.set_repos("/nowhere")
    with pytest.raises(VersionsException):
        versions.set_module_repos("studiolib", "/nowhere")


def test_there_is_one_session():
    assert Session() is versions.get_session()


def test_cleaning_removes_folder_and_path(repository: Path):
    versions.set_repos(str(repository))
    versions.require("studiolib")
    folder = versions.get_session().get_path()

    versions.get_session().clean(shutil)

    assert not os.path.exists(folder)
    assert folder not in sys.path
    assert versions.get_session().get_ver_str() == ""


def test_a_link_that_cannot_be_made_is_an_error(repository: Path):
    versions.set_repos(str(repository))
    (Path(versions.get_session().get_path()) / "studiolib").touch()

    with pytest.raises(VersionsException, match="studiolib: cannot link to"):
        versions.require("studiolib")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_folder_goes_with_the_process_that_made_it_and_not_with_a_fork(repository: Path, tmp_path: Path):
    code = f"""
import os, sys
from outline import versions
versions.set_repos({str(repository)!r})
versions.require("studiolib")
folder = versions.get_session().get_path()
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
import studiolib
print(folder, os.path.isdir(folder))
"""
    env = {**os.environ, "PYTHONPATH": HOME}

    done = subprocess.run(
        [sys.executable, "-c", code], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    folder, was_there = done.stdout.split()
    assert was_there == "True"
    assert not os.path.exists(folder)
