# SPDX-License-Identifier: Apache-2.0
"""Commands of a frame: what they get, what is seen of them, and how their failure is told."""

from __future__ import annotations

import contextlib
import io as text_io
import logging
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading

import pytest

from outline import io
from outline.console import OutputReader, OutputRules
from outline.exception import OutlineException, ShellCommandFailureException
from outline.io import command

PYTHON = sys.executable


def python(code: str, *args: str) -> list[str]:
    return [PYTHON, "-c", code, *args]


def script(path: pathlib.Path, text: str, mode: int = 0o755) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


# -- words -------------------------------------------------------------------------------------------------------


def test_row_21_both_token_languages_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUE_IFRAME", "5")
    monkeypatch.setenv("OL_LAYER_RANGE", "5-7")

    words = io.prep_shell_command(["%{FRAME}", "#IFRAME#", "%{ZFRAME}", "#ZFRAME#", "%{RANGE}", "#FRAMESPEC#"])

    assert words == ["5", "5", "0005", "0005", "5-7", "5-7"]


def test_row_19_frame_0_is_substituted() -> None:
    assert io.prep_shell_command("echo %{FRAME} %{ZFRAME}", 0) == ["echo", "0", "0000"]


def test_file_names_can_be_left_alone() -> None:
    assert io.prep_shell_command(["a.#.exr", "b.####.exr"], 1) == ["a.#.exr", "b.####.exr"]


def test_the_words_of_a_list_arrive_untouched(capfd: pytest.CaptureFixture[str]) -> None:
    io.system(python("import sys; print(sys.argv[1:])", "a b", "", "$HOME", "*", "'", '"', "; rm -rf x", "ä"))

    assert capfd.readouterr().out.strip() == str(["a b", "", "$HOME", "*", "'", '"', "; rm -rf x", "ä"])


def test_a_text_is_split_once_and_sees_no_shell(capfd: pytest.CaptureFixture[str]) -> None:
    io.system("echo 'a  b' $HOME", frame=1)

    assert capfd.readouterr().out == "a  b $HOME\n"


def test_an_open_quote_is_an_error() -> None:
    with pytest.raises(OutlineException, match="no closing quotation"):
        io.system("echo 'a")


# -- output ------------------------------------------------------------------------------------------------------

MIXED = "import os; [os.write(1 + n % 2, b'%d\\n' % n) for n in range(6)]"


def test_output_and_errors_come_in_their_order(capfd: pytest.CaptureFixture[str]) -> None:
    print("before")
    io.system(python(MIXED))
    print("after")

    captured = capfd.readouterr()
    assert captured.out.split() == ["before", "0", "1", "2", "3", "4", "5", "after"]
    assert captured.err == ""


def test_output_comes_to_a_stream_that_has_no_file() -> None:
    stream = text_io.StringIO()

    with contextlib.redirect_stdout(stream):
        io.system(python("import os, time; os.write(1, b'\\xc3'); time.sleep(0.05); os.write(1, b'\\xa4\\xff')"))

    assert stream.getvalue() == "ä\ufffd"


def test_output_comes_to_the_file_that_stdout_is_redirected_to(tmp_path: pathlib.Path) -> None:
    code = f"""
import sys
from outline import io
sys.stdout = open({str(tmp_path / "log")!r}, "w")
print("before")
io.system(["echo", "within"])
print("after")
"""
    subprocess.run(python(code), check=True)

    assert (tmp_path / "log").read_text() == "before\nwithin\nafter\n"


def test_output_goes_nowhere_when_there_is_no_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    io.system(["echo", "unheard"])


def test_output_is_seen_while_the_command_runs(tmp_path: pathlib.Path) -> None:
    read_end, write_end = os.pipe()
    code = "import sys; print('begun', flush=True); open(sys.argv[1]).read()"
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    with open(write_end, "w") as stream, contextlib.redirect_stdout(stream):
        thread = threading.Thread(target=io.system, args=(python(code, str(gate)),))
        thread.start()
        seen = os.read(read_end, 100)
        gate.write_text("go")
        thread.join()
    os.close(read_end)

    assert seen.startswith(b"begun")


def test_much_output_is_passed_on_completely(tmp_path: pathlib.Path) -> None:
    with open(tmp_path / "log", "w+b") as log, contextlib.redirect_stdout(text_io.TextIOWrapper(log)) as stream:
        io.system(python("import os; line = b'x' * 99 + b'\\n'\nfor _ in range(50000): os.write(1, line)"))
        size = log.seek(0, os.SEEK_END)
        stream.detach()

    assert size == 5_000_000


def test_the_input_of_a_command_is_empty(capfd: pytest.CaptureFixture[str]) -> None:
    io.system(python("import sys; print(repr(sys.stdin.read()))"))

    assert capfd.readouterr().out == "''\n"


@pytest.mark.parametrize(
    "watch", [command._watch_exit, lambda pid: None], ids=["told of the exit", "looks for the exit"]
)
def test_a_process_left_behind_does_not_hold_the_frame(
    watch: object, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    # A seam for this alone would be a parameter that nobody else sets: systems without pidfd take the other way.
    monkeypatch.setattr(command, "_watch_exit", watch)
    monkeypatch.setattr(command, "_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(command, "_POLL_SECONDS", 0.02)

    io.system(["sh", "-c", f"sleep 1000 & echo $! > '{tmp_path}/pid'; echo done"])

    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert capfd.readouterr().out == "done\n"


def test_a_process_left_behind_that_never_stops_writing_does_not_hold_the_frame(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setattr(command, "_GRACE_SECONDS", 0.1)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        io.system(["sh", "-c", f"yes & echo $! > '{tmp_path}/pid'"])

    with contextlib.suppress(ProcessLookupError):  # its output is closed, which ends it soon
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_command_may_close_its_output_and_go_on(tmp_path: pathlib.Path) -> None:
    io.system(["sh", "-c", f"exec >&- 2>&-; sleep 0.1; : > '{tmp_path}/done'"])

    assert (tmp_path / "done").exists()


def test_all_output_before_the_exit_is_passed_on_even_if_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_GRACE_SECONDS", 0.0)
    monkeypatch.setattr(command, "_READ_BYTES", 1000)
    stream = text_io.StringIO()

    with contextlib.redirect_stdout(stream):
        io.system(["sh", "-c", "head -c 30000 /dev/zero | tr '\\0' x; sleep 30 >/dev/null 2>&1 & exit 0"])

    assert len(stream.getvalue()) == 30000


class FullDisk(text_io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_command_whose_output_cannot_be_written_is_ended() -> None:
    with contextlib.redirect_stdout(FullDisk()), pytest.raises(OSError, match="No space left"):
        io.system(["sh", "-c", "echo x; exec sleep 1000"])


def test_a_command_that_tells_of_errors_for_ever_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    reader = OutputReader(OutputRules(error=("^no space",), most_errors=10))

    with pytest.raises(
        OutlineException, match="ended the application, which reported [0-9]+ errors, the first one: no space"
    ):
        io.system(["yes", "no space"], reader=reader)


def test_ctrl_c_lets_the_command_end_by_itself_and_then_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_GRACE_SECONDS", 0.1)
    process = subprocess.Popen(["sleep", "30"])

    command._stop(process, has_had_ctrl_c=True)

    assert process.returncode == -signal.SIGKILL


def test_a_system_without_poll_reads_to_the_end(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import select

    monkeypatch.delattr(select, "poll")  # as on Windows

    with pytest.raises(ShellCommandFailureException, match="    a"):
        io.system(["sh", "-c", "echo a; exit 1"])

    assert capfd.readouterr().out == "a\n"


# -- failures ----------------------------------------------------------------------------------------------------


def failure_of(words: object) -> ShellCommandFailureException:
    with pytest.raises(ShellCommandFailureException) as caught:
        io.system(words)  # type: ignore[arg-type]
    return caught.value


def test_row_22_the_error_tells_command_status_and_last_lines() -> None:
    error = failure_of(["sh", "-c", "seq 1 30; echo 'no licence' >&2; exit 7"])

    lines = str(error).splitlines()
    assert lines[0] == "command failed with exit status 7: sh -c 'seq 1 30; echo '\"'\"'no licence'\"'\"' >&2; exit 7'"
    assert lines[1] == "the last lines of its output:"
    assert lines[2:] == [f"    {number}" for number in range(12, 31)] + ["    no licence"]
    assert error.exit_status == 7


def test_a_silent_failure_has_one_line() -> None:
    assert str(failure_of(["false"])) == "command failed with exit status 1: false"


def test_output_that_is_no_text_does_not_hide_the_error() -> None:
    assert "    \ufffd\ufffdx" in str(failure_of(["sh", "-c", "printf '\\377\\376x\\r\\n'; exit 1"]))


def test_row_22_a_signal_has_its_name_and_a_status_that_can_be_an_exit_code() -> None:
    error = failure_of(["sh", "-c", "kill -9 $$"])

    assert str(error).startswith("command was ended by signal 9 (SIGKILL): sh -c ")
    assert error.exit_status == 137


@pytest.mark.parametrize(
    ("words", "reason", "status"),
    [
        pytest.param(["sh", "-c", "kill -40 $$"], "signal 40", 168, id="a signal without a name"),
        *(
            pytest.param([name], f"there is no file '{name}'", 127, id=name)
            for name in ("/no/such/tool", "./no-tool", "/etc/passwd/tool")
        ),
        pytest.param(["{bin}/plain"], "{bin}/plain is not executable", 126, id="not executable"),
        pytest.param(["plain"], "{bin}/plain is not executable", 126, id="not executable, on the PATH"),
        pytest.param(["{bin}/csh"], "the interpreter in its #! line", 126, id="missing interpreter"),
        pytest.param(["{bin}/bare"], "a script needs a #! line", 126, id="no interpreter line"),
        pytest.param(["echo", "a\0b"], "null byte", 126, id="nul"),
        pytest.param(["echo", "x" * 10_000_000], "Argument list too long", 126, id="long"),
    ],
)
def test_a_command_that_cannot_run_is_told_with_its_reason_and_status(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str, status: int
) -> None:
    script(tmp_path / "plain", "#!/bin/sh\n", mode=0o644)
    script(tmp_path / "csh", "#!/no/such/tcsh\n")
    script(tmp_path / "bare", "echo a\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    error = failure_of([word.replace("{bin}", str(tmp_path)) for word in words])

    assert reason.replace("{bin}", str(tmp_path)) in str(error)
    assert error.exit_status == status


def test_the_error_survives_pickling() -> None:
    error = failure_of(["false"])

    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), copy.exit_status) == (str(error), 1)


def test_a_failure_is_raised_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    failure_of(["false"])

    assert caplog.records == []


def test_a_command_that_is_not_found_names_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere:/bin")

    error = failure_of(["ginsu", "-x"])

    assert str(error) == "command could not be started: ginsu -x\nthere is no 'ginsu' on the PATH '/nowhere:/bin'"
    assert error.exit_status == 127


def test_the_path_of_the_moment_is_searched(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script(tmp_path / "ginsu", "#!/bin/sh\necho here\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    io.system(["ginsu"])

    assert capfd.readouterr().out == "here\n"


@pytest.mark.parametrize("words", [[], "", "  "])
def test_an_empty_command_is_an_error(words: object) -> None:
    assert str(failure_of(words)) == "the command is empty"


@pytest.mark.parametrize("words", [["false"], ["no-such-tool"], ["sh", "-c", "kill -9 $$"], ["/etc/passwd"]])
def test_errors_can_be_ignored(words: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "outline.io")

    io.system(words, ignore_error=True)

    assert "ignored: command" in caplog.text


def test_io_is_light_to_import() -> None:
    heavy = {"yaml", "subprocess", "tempfile", "fileseq", "shlex"}
    code = f"import sys, outline.io; print(sorted({heavy} & set(sys.modules)))"

    run = subprocess.run(python(code), capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"
