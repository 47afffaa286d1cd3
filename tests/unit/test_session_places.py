# SPDX-License-Identifier: Apache-2.0
"""Where sessions are made, and that nothing leads out of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import Outline, SessionException, Shell
from outline.session_places import inside, sessions_folder

Place = Callable[..., str]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """Where sessions of a show and shot are, as the configuration says."""
    monkeypatch.setenv("HOME", str(tmp_path / "a {home}"))
    monkeypatch.setenv("FARM", "/farm/{x}")

    def ask(session_dir: str, show: str = "demo", shot: str = "sh1") -> str:
        monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", session_dir)
        return sessions_folder(show, shot).replace(str(tmp_path / "a {home}"), "HOME")

    return ask


@pytest.mark.parametrize(
    ("session_dir", "expected"),
    [
        ("{HOME}/ol/{SHOW}/{SHOT}", "HOME/ol/demo/sh1"),
        ("~", "HOME"),
        ("~/farm", "HOME/farm"),
        ("/a/~/b", "/a/~/b"),
        ("$FARM/${FARM}/x", "/farm/{x}//farm/{x}/x"),
        ("$HOME/x", "HOME/x"),
        ("/a/$$HOME", "/a/$HOME"),
        ("~root/x", f"{os.path.expanduser('~root')}/x"),
    ],
)
def test_place_may_name_home_show_shot_and_variables(place: Place, session_dir: str, expected: str) -> None:
    assert place(session_dir) == expected


@pytest.mark.parametrize(
    ("session_dir", "names", "problem"),
    [
        ("/tmp/{SEQUENCE}", {}, r"has a placeholder 'SEQUENCE'; there are \{HOME\}, \{SHOW\}, \{SHOT\} and"),
        ("/tmp/{", {}, "has a placeholder"),
        ("/tmp/$NO_SUCH_PLACE/x", {}, r"has a variable \$NO_SUCH_PLACE that is not set"),
        ("/tmp/{SHOT}", {"shot": "../../evil"}, r"the shot '\.\./\.\./evil' cannot be the name of a folder"),
        ("/tmp/{SHOT}", {"shot": "a/../../evil"}, "it leads elsewhere"),
        ("/tmp/{SHOW}", {"show": "/etc"}, "the show '/etc' cannot be the name of a folder"),
    ],
)
def test_place_that_is_none_or_elsewhere_is_refused(place: Place, session_dir: str, names: Any, problem: str) -> None:
    with pytest.raises(SessionException, match=problem):
        place(session_dir, **names)


@pytest.mark.parametrize("names", [{"shot": "ep1/sh1"}, {"shot": "a..b"}])
def test_shot_may_be_several_folders(place: Place, names: Any) -> None:
    assert place("/tmp/{SHOT}", **names) == f"/tmp/{names['shot']}"


def test_shot_that_is_no_folder_of_the_place_may_have_any_name(place: Place) -> None:
    assert place("/tmp/sessions", shot="../x") == "/tmp/sessions"


@pytest.mark.parametrize("name", ["a", "sub/a", "sub/../a", "..a", "a..b", "/ol/layers/x/a"])
def test_name_inside_of_the_folder_is_taken(name: str) -> None:
    assert inside("/ol/layers/x", name) == os.path.join("/ol/layers/x", name)


@pytest.mark.parametrize("name", ["..", "../y", "sub/../../y", "/etc/passwd", "/ol/layers/xy"])
@pytest.mark.parametrize(
    "use",
    [
        lambda ol, name: ol.put_data(name, 1),
        lambda ol, name: ol.get_data(name),
        lambda ol, name: ol.get_file(name, check=False),
        lambda ol, name: ol.get_layer("a").get_file(name, new=True),
        lambda ol, name: ol.get_layer("a").put_file(__file__, rename=name),
        lambda ol, name: ol.get_layer("a").sym_file(__file__, rename=name),
        lambda ol, name: ol.get_session().get_path(layer=name),
        lambda ol, name: ol.get_session().put_data("x", 1, layer=name),
    ],
    ids=["put_data", "get_data", "get_file", "new file", "put_file", "sym_file", "get_path", "layer"],
)
def test_name_that_leads_out_of_the_folder_is_refused(use: Callable[[Outline, str], object], name: str) -> None:
    ol = Outline("job", "1", current=True)
    Shell("a", ["true"])
    ol.setup()

    with pytest.raises(SessionException, match="leads out of the folder"):
        use(ol, name)


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Take the home away; what stands for it."""
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", "{HOME}/sessions")
    return tmp_path / f"outline-{os.getuid()}"


@pytest.mark.parametrize("is_there", [False, True], ids=["made", "there and open"])
def test_user_without_a_home_gets_a_folder_that_is_private(homeless: Path, is_there: bool) -> None:
    if is_there:
        homeless.mkdir()
        homeless.chmod(0o777)

    folder = sessions_folder("demo", "sh1")

    assert folder == f"{homeless}/sessions"
    assert homeless.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "file", "somebody else's"])
def test_folder_that_somebody_else_made_is_refused(homeless: Path, tmp_path: Path, kind: str) -> None:
    if kind == "link":
        homeless.symlink_to(tmp_path)
    elif kind == "file":
        homeless.touch()
    elif os.getuid() == 0:
        homeless.mkdir()
        os.chown(homeless, 12345, -1)
    else:
        pytest.skip("only root can give a folder away")

    with pytest.raises(SessionException, match=r"is a link or belongs to somebody else; set HOME or"):
        sessions_folder("demo", "sh1")
