# SPDX-License-Identifier: Apache-2.0
"""Jobs whose files are in a bucket, with a real server of the S3 protocol on this machine."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest

from tests.conftest import RunOutline, RunPycuerun
from tests.support import job_in, log_of, outline_file

pytestmark = pytest.mark.measured


class Bucket(NamedTuple):
    """A bucket, and what a process needs to reach it."""

    files: Any
    variables: dict[str, str]

    def put(self, name: str, text: str) -> None:
        """Write a file."""
        self.files.pipe_file(f"show/{name}", text.encode())

    def text(self, name: str) -> str:
        """Read a file."""
        found: bytes = self.files.cat_file(f"show/{name}")
        return found.decode()

    def names(self) -> list[str]:
        """Every file."""
        self.files.invalidate_cache()
        return sorted(name.removeprefix("show/") for name in self.files.find("show"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    s3fs, moto_server = pytest.importorskip("s3fs"), pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()  # one memory in a process
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "the-key",
        "AWS_SECRET_ACCESS_KEY": "the-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir("show")
    yield Bucket(files, variables)
    server.stop()


JOB = """
from outline.items import files, lines
from outline.modules.shell import Shell
plates = files("s3://show/plates/{shot}/*.txt")
Shell("upper", ["sh", "-c", 'echo "ran %{KEY}"; tr a-z A-Z < "%{INPUT}" > "%{OUTPUT}"'],
      items=plates, outputs="s3://show/upper/%{KEY}.txt")
Shell("count", ["sh", "-c", 'wc -c < "%{INPUT:upper}" > "%{OUTPUT}"'], require=["upper"],
      items=plates, outputs="count/%{KEY}.txt")
"""


def test_items_inputs_and_outputs_are_in_a_bucket(
    tmp_path: Path, session_root: Path, own_world: Path, bucket: Bucket, run_pycuerun: RunPycuerun
) -> None:
    bucket.put("plates/sh 01/a.txt", "first")
    bucket.put("plates/sh ü2/a.txt", "second one")

    result = run_pycuerun(outline_file(tmp_path, JOB), "--backend", "local", "--quiet")

    assert (result.returncode, result.stderr) == (0, "")
    assert bucket.text("upper/sh 01.txt") == "FIRST"
    assert bucket.text("upper/sh ü2.txt") == "SECOND ONE"
    assert (tmp_path / "count" / "sh ü2.txt").read_text().split() == ["10"]
    assert [name for name in bucket.names() if "part" in name] == []
    secrets = [path for path in own_world.rglob("*") if path.is_file() and b"the-secret" in path.read_bytes()]
    assert secrets == []


def test_only_what_has_changed_in_a_bucket_runs_again(
    tmp_path: Path, bucket: Bucket, run_pycuerun: RunPycuerun
) -> None:
    for name in "abc":
        bucket.put(f"plates/{name}/x.txt", name * 5)
    script = outline_file(tmp_path, JOB)
    launch = (script, "--work", tmp_path / "work", "--backend", "local")
    run_pycuerun(*launch)

    nothing = run_pycuerun(*launch)
    bucket.put("plates/b/x.txt", "other text")
    changed = run_pycuerun(*launch)
    bucket.files.rm_file("show/upper/c.txt")
    missing = run_pycuerun(*launch, "--dry-run", "-V")

    assert "nothing to do" in nothing.stdout, nothing.stderr
    assert changed.stdout.count("-upper SUCCEEDED") == 1, changed.stderr
    assert bucket.text("upper/b.txt") == "OTHER TEXT"
    assert (tmp_path / "work" / "count" / "b.txt").read_text().split() == ["10"]
    assert "missing" in missing.stdout


def test_outputs_are_taken_from_a_cache_in_a_bucket(
    tmp_path: Path, session_root: Path, bucket: Bucket, run_pycuerun: RunPycuerun
) -> None:
    told: list[str] = []

    def launch(folder: str, **variables: str) -> tuple[str, str]:
        for name in ("a", "b c"):
            (tmp_path / folder / "plates").mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / "plates" / f"{name}.txt").write_text(f"text {name}")
        script = outline_file(tmp_path / folder, CACHED)
        environ = {"OUTLINE_OUTLINE_CACHE": "s3://show/the cache/", **variables}
        done = run_pycuerun(
            *(script, "--work", "made", "--backend", "local", "--quiet"), cwd=tmp_path / folder, env=environ
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        told.append(done.stderr)
        ran = tmp_path / folder / "ran"
        return ran.read_text() if ran.exists() else "", (tmp_path / folder / "made/upper/b c.txt").read_text()

    first = launch("one")
    (file, *_) = [name for name in bucket.names() if name.startswith("the cache/files/")]
    second = launch("two")
    bucket.put(file, "damaged")
    third = launch("three")
    fourth = launch("four", AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")

    assert first == ("ran\nran\n", "TEXT B C")
    assert second == ("", "TEXT B C")
    assert third == ("ran\n", "TEXT B C")
    assert fourth == ("ran\nran\n", "TEXT B C")
    assert told[:3] == ["", "", f"s3://show/{file} is damaged and will be made again\n"]
    assert {line.partition(" s3:")[0] for line in told[3].splitlines()} == {
        "outline: the cache is left out: cannot read",
    }
    assert bucket.text(file).startswith("TEXT ")
    (left_out,) = [log for log in map(Path.read_text, session_root.rglob("*.0001-upper.rqlog")) if "left out" in log]
    assert "outline: the cache is left out: cannot read s3://show/the cache/entries/" in left_out


CACHED = """
from outline.items import files
from outline.modules.shell import Shell
Shell("upper", ["sh", "-c", 'echo ran >> ran; tr a-z A-Z < "%{INPUT}" > "%{OUTPUT}"'],
      items=files("plates/*.txt"), outputs="upper/%{KEY}.txt")
"""


def test_a_frame_that_fails_leaves_nothing_in_the_bucket(
    tmp_path: Path, session_root: Path, bucket: Bucket, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("bad", ["sh", "-c", 'echo half > "%{OUTPUT}"; exit 3'], outputs="s3://show/out/a.####.txt")
        Shell("empty", ["sh", "-c", ': > "%{OUTPUT}"'], outputs="s3://show/out/b.####.txt")
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--max-retries", "0", "--quiet")

    assert result.returncode == 1
    assert bucket.names() == []
    assert job_in(session_root).counts == {"DEAD": 4}
    assert "output 'main' is empty for frames 1" in log_of(session_root, "0001-empty")


def test_a_bucket_that_is_not_there_is_one_line(tmp_path: Path, bucket: Bucket, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.items import lines
        from outline.modules.shell import Shell
        Shell("cmd", ["true"], items=lines("s3://nowhere/seeds.txt"))
        """,
    )

    result = run_pycuerun(script, "--backend", "local")

    assert result.returncode == 2
    assert "s3://nowhere/seeds.txt" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_url_without_its_package_names_the_extra(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    (tmp_path / "s3fs.py").write_text("raise ImportError('not installed', name='s3fs')\n")
    script = outline_file(
        tmp_path,
        """
        from outline.items import lines
        from outline.modules.shell import Shell
        Shell("cmd", ["true"], items=lines("s3://show/seeds.txt"))
        """,
    )

    result = run_pycuerun(script, "--backend", "local", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}"})

    assert result.returncode == 2
    assert "pip install 'outline-farm[storage]'" in result.stderr


def test_results_are_written_into_a_bucket(
    tmp_path: Path, bucket: Bucket, run_pycuerun: RunPycuerun, run_outline: RunOutline
) -> None:
    bucket.put("seeds.txt", "7\n11\n")
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.items import lines
        class Gen(Layer):
            def _execute(self, frames):
                for frame in frames:
                    self.emit(frame, seed=int(self.item(frame)))
        Gen("gen", items=lines("s3://show/seeds.txt"))
        """,
    )
    ran = run_pycuerun(script, "--work", tmp_path / "work", "--backend", "local", "--quiet")
    assert ran.returncode == 0, ran.stderr

    shown = run_outline("results", tmp_path / "work", "gen", "-o", "s3://show/info")

    assert shown.stdout == "s3://show/info-00000-of-00001\n", shown.stderr
    rows = [json.loads(line) for line in bucket.text("info-00000-of-00001").splitlines()]
    assert [row["seed"] for row in rows] == [7, 11]


def test_python_of_a_layer_reads_and_writes_files_of_this_host(
    tmp_path: Path, bucket: Bucket, run_pycuerun: RunPycuerun
) -> None:
    bucket.put("in/a.txt", "text")
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        class Copy(Layer):
            def _execute(self, frames):
                for frame in frames:
                    with open(self.input_path(frame)) as source, open(self.output_path(frame), "w") as target:
                        target.write(f"{source.read()} {frame}")
        Copy("copy", inputs="s3://show/in/a.txt", outputs="s3://show/out/a.####.txt", chunk=2)
        """,
    )

    result = run_pycuerun(script, "1-3", "--backend", "local", "--quiet")

    assert (result.returncode, result.stderr) == (0, "")
    assert bucket.names() == ["in/a.txt", "out/a.0001.txt", "out/a.0002.txt", "out/a.0003.txt"]
    assert bucket.text("out/a.0003.txt") == "text 3"
