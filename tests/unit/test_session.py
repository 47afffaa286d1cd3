# SPDX-License-Identifier: Apache-2.0
"""The session folder: its files, its data, its permissions, and that it can be moved."""

from __future__ import annotations

import errno
import os
import pickle
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline, Session, SessionException, Shell, is_session_path, load_outline
from outline.cuerun import launch
from outline.frames import FrameSet
from outline.io import FileSpec
from outline.session import conform_name


@pytest.fixture
def ol() -> Outline:
    """Make an outline that is set up, with the layer ``a``."""
    outline = Outline("job", "1-4", current=True)
    Shell("a", ["echo", "%{FRAME}"])
    outline.setup()
    return outline


@pytest.fixture
def session(ol: Outline) -> Session:
    """Name the outline's session."""
    return ol.get_session()


# -- the folder -----------------------------------------------------------------------------------------------


def test_session_has_its_place_and_name(session: Session, session_root: Path) -> None:
    path = Path(session.get_path())

    job, unique = session.get_name().split("/")

    assert job == "testing-default-tester_job"
    assert path == session_root / job / unique
    assert sorted(entry.name for entry in path.iterdir()) == ["layers", "outline.yaml", "session"]
    assert session.get_job_id() == unique == str(uuid.UUID(unique))
    assert (uuid.UUID(unique).variant, uuid.UUID(unique).version) == (uuid.RFC_4122, 4)


def test_folder_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", str(tmp_path / "file" / "sessions"))
    ol = Outline("job", "1", current=True)
    Shell("a", ["true"])

    with pytest.raises(SessionException, match=r"cannot make the session folder .*; set \[outline\] session_dir"):
        ol.setup()


def test_session_is_complete_when_its_marker_is_there(ol: Outline, tmp_path: Path) -> None:
    folder = ol.get_session().get_path()

    assert is_session_path(folder)
    assert is_session_path(ol.get_path())
    os.unlink(os.path.join(folder, "session"))
    assert not is_session_path(folder)
    assert not is_session_path(None)
    assert not is_session_path(str(tmp_path))


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("notes"), lambda path: path.mkdir()], ids=["file", "folder"]
)
def test_fault_27_whatever_is_named_session_does_not_make_a_session(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "session")
    script = tmp_path / "shot.outline"
    script.write_text('from outline.modules.shell import Shell\nShell("a", ["true"], range="1")\n')
    ol = load_outline(str(script))

    ol.setup()

    assert not (tmp_path / "outline.yaml").exists()


def test_two_sessions_of_one_outline_at_the_same_moment_differ(session_root: Path) -> None:
    outlines = [Outline("job", "1") for _ in range(20)]
    for ol in outlines:
        ol.add_layer(Shell("a", ["true"]))
        ol.setup()

    assert len({ol.get_session().get_path() for ol in outlines}) == 20


@pytest.mark.parametrize(
    "name",
    ["with blanks", "with 'quotes' and \"more\"", "ünïcode-日本", "$HOME;touch x"],
    ids=["blank", "quote", "unicode", "shell"],
)
def test_session_folder_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / name
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", str(folder).replace("$", "$$"))
    ol = Outline("job", "1-3", current=True)
    Shell("a", ["echo", "%{FRAME}"]).set_arg("scene", name)
    ol.setup()
    ol.put_data("key", name)

    loaded = load_outline(str(ol.get_path()))
    loaded.get_layer("a").execute(2)

    assert str(loaded.get_path()).startswith(str(folder))
    assert (loaded.get_data("key"), loaded.get_layer("a").get_arg("scene")) == (name, name)
    assert capfd.readouterr().out == "2\n"


def test_moved_session_works(ol: Outline, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    scene = tmp_path / "scene"
    scene.write_text("x")
    ol.get_layer("a").put_data("key", [1])
    ol.put_file(str(scene))
    moved = tmp_path / "elsewhere"
    os.rename(ol.get_session().get_path(), moved)

    loaded = load_outline(str(moved / "outline.yaml"))
    loaded.get_layer("a").execute(3)

    assert loaded.get_layer("a").get_data("key") == [1]
    assert loaded.get_file("scene") == str(moved / "scene")
    assert loaded.get_session().get_name() == ol.get_session().get_name()
    assert capfd.readouterr().out == "3\n"


# -- permissions ----------------------------------------------------------------------------------------------


def _mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def umask() -> Any:
    """Set the umask of a careful person, and take it back."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_fault_12_permissions_come_from_the_umask() -> None:
    ol = Outline("job", "1", current=True)
    layer = Shell("a", ["true"])
    ol.setup()
    layer.put_data("key", 1)
    folder = Path(ol.get_session().get_path())

    modes = {_mode(path) for path in [folder, *folder.rglob("*")]}

    assert modes == {0o700, 0o600}


@pytest.mark.usefixtures("umask")
def test_setting_opens_sessions_to_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_MODE", "group")
    ol = Outline("job", "1", current=True)
    layer = Shell("a", ["true"])
    (job,) = launch(ol, backend="local")
    layer.put_data("key", 1)
    folder = Path(job.path)

    folders = [path for path in [folder, *folder.rglob("*")] if path.is_dir()]
    files = [path for path in folder.rglob("*") if path.is_file()]

    assert {_mode(path) & 0o777 for path in folders} == {0o775}
    assert {_mode(path) for path in files} == {0o664}


# -- files ----------------------------------------------------------------------------------------------------


def test_put_file_keeps_a_copy(session: Session, tmp_path: Path) -> None:
    scene = tmp_path / "scene.ma"
    scene.write_text("first")

    path = session.put_file(str(scene), layer="a")
    scene.write_text("second")

    assert path == session.get_file("scene.ma", layer="a")
    assert Path(path).read_text() == "first"
    assert session.put_file(str(scene), rename="other.ma").endswith("other.ma")


def test_missing_source_is_an_error_and_leaves_nothing(session: Session) -> None:
    with pytest.raises(SessionException, match=r"cannot copy /no/such to .*No such file"):
        session.put_file("/no/such")

    assert sorted(os.listdir(session.get_path())) == ["layers", "outline.yaml", "session"]


def test_source_that_cannot_be_copied_is_an_error_with_its_reason(session: Session, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SessionException, match="cannot copy .* named pipe"):
        session.put_file(str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    ("src", "number"), [("/no/such", errno.ENOENT), ("/tmp", errno.EISDIR)], ids=["missing", "folder"]
)
def test_errors_of_files_are_those_of_python_too_as_in_pyoutline(session: Session, src: str, number: int) -> None:
    with pytest.raises(OSError, match=f"^cannot copy {src} to ") as caught:
        session.put_file(src)

    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.errno, str(again)) == (number, str(caught.value))


def test_get_file_says_what_is_missing(session: Session) -> None:
    with pytest.raises(SessionException, match="put_file stores a file under the name 'none'"):
        session.get_file("none")

    assert session.get_file("none", check=False).endswith("/none")


def test_new_file_must_not_be_there_yet(session: Session, tmp_path: Path) -> None:
    (tmp_path / "scene").write_text("x")
    session.put_file(str(tmp_path / "scene"))

    with pytest.raises(SessionException, match="exists already"):
        session.get_file("scene", new=True)

    assert session.get_file("other", new=True).endswith("/other")


# -- data -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        1,
        -2.5,
        "text",
        "",
        None,
        True,
        b"bytes",
        [1, [2]],
        {"a": {1: 2}},
        (1, (2,)),
        {1, 2},
        "yes",
        "1-10",
        "ünï\n'x'",
        float("inf"),
    ],
    ids=repr,
)
def test_plain_data_comes_back_as_it_was(session: Session, value: Any) -> None:
    session.put_data("key", value)

    found = session.get_data("key")

    assert (found, type(found)) == (value, type(value))


def test_frames_and_paths_come_back(session: Session) -> None:
    session.put_data("frames", FrameSet("1-10x2"), layer="a")
    session.put_data("path", FileSpec("/a.#.exr", mkdir=True))

    assert session.get_data("frames", layer="a") == FrameSet("1-10x2")
    assert session.get_data("path").get_attribute("mkdir") is True


def test_data_that_is_there_is_only_replaced_on_demand(session: Session) -> None:
    session.put_data("key", 1)

    with pytest.raises(SessionException, match="holds data already; use force=True to replace it"):
        session.put_data("key", 2)
    session.put_data("key", 3, force=True)

    assert session.get_data("key") == 3


def test_retry_of_a_frame_may_put_what_it_has_put(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUE_FRAME", "0001-a")
    session.put_data("key", 1, layer="a")
    session.get_file("log", layer="a", new=True)
    Path(session.get_file("log", layer="a", check=False)).write_text("x")

    session.put_data("key", 2, layer="a")
    session.get_file("log", layer="a", new=True)

    assert session.get_data("key", layer="a") == 2


def test_another_frame_may_not_replace_it(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUE_FRAME", "0001-a")
    session.put_data("key", 1, layer="a")
    monkeypatch.setenv("CUE_FRAME", "0002-a")

    with pytest.raises(SessionException, match="holds data already"):
        session.put_data("key", 2, layer="a")


def test_missing_data_is_an_error(session: Session) -> None:
    with pytest.raises(SessionException, match="no data 'none' in the session; looked for "):
        session.get_data("none")


def test_data_that_is_not_plain_is_named(session: Session) -> None:
    with pytest.raises(SessionException, match=r"data 'key'\['a'\]\[1\] cannot be saved, it is a object"):
        session.put_data("key", {"a": [1, object()]})

    assert not os.path.exists(os.path.join(session.get_path(), "key"))


def test_fault_12_crafted_data_runs_nothing(session: Session, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    Path(session.get_path(), "evil").write_text(f'!!python/object/apply:os.system ["touch {proof}"]')

    with pytest.raises(SessionException, match="refused, it does not hold plain data"):
        session.get_data("evil")

    assert not proof.exists()


def test_data_is_never_seen_in_half(session: Session) -> None:
    session.put_data("key", "x" * 100_000)

    with pytest.raises(SessionException):
        session.put_data("key", [object()], force=True)

    assert session.get_data("key") == "x" * 100_000
    assert [name for name in os.listdir(session.get_path()) if name.endswith(".part")] == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_session_that_cannot_be_written_is_an_error(session: Session) -> None:
    os.chmod(session.get_path(), 0o555)

    with pytest.raises(SessionException, match=r"cannot write .*Permission denied"):
        session.put_data("key", 1)


def test_folder_that_is_gone_is_an_error(session: Session, tmp_path: Path) -> None:
    os.rename(session.get_path(), tmp_path / "moved")

    with pytest.raises(SessionException, match=r"cannot write .*No such file"):
        session.put_data("key", 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a b/c", "a_b_c"), ("ok-1.2", "ok-1.2"), ("///", "outline"), ("été", "t")],
)
def test_any_text_becomes_a_job_name(text: str, expected: str) -> None:
    assert conform_name(text) == expected


def test_folder_of_a_layer_is_made_when_it_is_asked_for(ol: Outline) -> None:
    layer: Layer = ol.get_layer("a")

    path = layer.get_path()

    assert os.path.isdir(path)
    assert path == os.path.join(ol.get_session().get_path(), "layers", "a")
