# SPDX-License-Identifier: Apache-2.0
"""CueSubmit and cuecmd 1.37, unmodified, with this library in the place of PyOutline: what their frames really do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support import environ_with, needs, until

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.up.rqd_environment import python_of

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

pytestmark = pytest.mark.realtool

SESSION = Path(__file__).with_name("cuesubmit_session.py")
MAKE_BLEND = Path(__file__).resolve().parent.parent / "data" / "scenes" / "make_blend.py"

# Stands in for Maya, Nuke and a studio's converter: writes the words that it was called with, one a line.
RECORDER = """#!/bin/sh
printf '%s\\n' "$@" > "$(dirname "$0")/$CUE_LAYER.$CUE_IFRAME"
"""


class Studio(NamedTuple):
    """A farm with one host, and what somebody has on the machine where CueSubmit and cuecmd run."""

    server: FarmServer
    folder: Path
    environment: Path

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Call the Python of the clients, as somebody named ``tester``."""
        return subprocess.run(
            [str(python_of(self.environment)), *map(str, words)],
            cwd=self.folder,
            env=environ_with(
                CUEBOT_HOSTS=f"127.0.0.1:{self.server.port}", QT_QPA_PLATFORM="offscreen", HOME=str(self.folder),
                USER="tester", LOGNAME="tester", SHOW="testing", SHOT="sh010",
                CUESUBMIT_CONFIG_FILE=str(self.folder / "cuesubmit.yaml"),
                OUTLINE_OUTLINE_SESSION_DIR=str(self.folder / "sessions"),
            ),
            capture_output=True,
            text=True,
        )  # fmt: skip

    def wait_finished(self) -> None:
        """Wait until no job is left that could go on."""
        until(lambda: not self.server.farm.jobs.pending)

    def counts(self, name: str) -> dict[str, int]:
        """How many frames of a job are in each state."""
        with self.server.farm.work() as farm:
            (job,) = (job for job in farm.jobs.values() if job.name == f"testing-sh010-tester_{name}")
            return {state.value: count for state, count in job.state.counts().items() if count}

    def words(self, name: str) -> list[str]:
        """What the recorder was called with in a frame, which is named ``LAYER.FRAME``."""
        return (self.folder / name).read_text().splitlines()


@pytest.fixture(scope="module")
def studio(
    clients_environment: Path, rqd_environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

    folder = tmp_path_factory.mktemp("studio")  # no blank: these programs do not quote the paths of programs
    for program in ("maya", "nuke", "convert"):
        (folder / program).write_text(RECORDER)
        (folder / program).chmod(0o755)
    convert = {"-in {From*}": "/plates/a  b.exr", "-frame {Frame}": "#IFRAME#", "{To/}": "$HOME/x.####.png"}
    config = {
        "MAYA_RENDER_CMD": f"{folder}/maya",
        "NUKE_RENDER_CMD": f"{folder}/nuke",
        "RENDER_CMDS": {"Convert": {"command": f"{folder}/convert", "options": convert}},
    }
    (folder / "cuesubmit.yaml").write_text(json.dumps(config))
    server = FarmServer(log_root=folder / "logs")
    server.start()
    rqd = Rqd(rqd_environment, tmp_path_factory.mktemp("rqd"), server.port)
    try:
        rqd.start()
        rqd.wait_registered()
        yield Studio(server, folder, clients_environment)
    finally:
        rqd.stop()
        server.stop(grace_seconds=0.2)


# -- CueSubmit ---------------------------------------------------------------------------------------------------


def layer(kind: str, name: str, frames: str, *, chunk: int = 1, depend: str = "", **settings: str) -> dict[str, Any]:
    """A layer as somebody fills it in; ``settings`` are the fields of its job type."""
    return {"name": name, "range": frames, "chunk": chunk, "depend": depend, "type": kind, "settings": settings}


def shell(command: str, name: str = "lines", frames: str = "1", **more: Any) -> dict[str, Any]:
    return layer("Shell", name, frames, commandTextBox=command, **more)


def jobs_for(folder: Path) -> list[dict[str, Any]]:
    line = (
        f'printf "%s|" "two words" $CUE_IFRAME \'$HOME\' > {folder}/#ZFRAME#.txt && echo end >> {folder}/#ZFRAME#.txt'
    )
    after = shell(f"cat {folder}/000?.txt > {folder}/all", "after", depend="Layer")
    waits = shell("while ! test -e go; do sleep 0.1; done".replace("go", f"{folder}/go"))
    return [
        {"name": "waits", "layers": [waits]},
        {"name": "waits", "layers": [waits]},
        {"name": "shell", "layers": [shell(line, frames="1-3"), after]},
        {"name": "maya", "layers": [layer("Maya", "maya", "1-4", chunk=2, mayaFileInput="/scenes/$CUE_LAYER.ma")]},
        {"name": "nuke", "layers": [layer("Nuke", "nuke", "1-2", fileInput="/comps/comp.####.nk")]},
        {"name": "convert", "layers": [layer("Convert", "convert", "7")]},
        {"name": "range", "layers": [shell("true", frames="1-1O")]},
        {"name": "chunk", "layers": [shell("true", chunk=0)]},
        {"name": "dark", "layers": [shell("true " + "x" * 5000)]},
        {"name": "short", "shot": "s1", "layers": [shell("true")]},
    ]


def submit(studio: Studio, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Submit jobs with CueSubmit; return what it showed and raised at each."""
    (studio.folder / "jobs.json").write_text(json.dumps(jobs))
    done = studio.run(SESSION, "jobs.json", "outcomes.json")
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes: list[dict[str, Any]] = json.loads((studio.folder / "outcomes.json").read_text())
    return outcomes


@pytest.fixture(scope="module")
def submitted(studio: Studio) -> dict[str, Any]:
    """What CueSubmit showed and raised at each job, by its name; the jobs that were launched are done."""
    jobs = jobs_for(studio.folder)
    outcomes = submit(studio, jobs)
    (studio.folder / "go").touch()
    studio.wait_finished()
    return {job["name"]: outcome for job, outcome in zip(jobs, outcomes, strict=True)}


@pytest.mark.parametrize(
    ("name", "counts"),
    [("shell", 4), ("maya", 2), ("nuke", 2), ("convert", 1)],
    ids=["shell", "maya", "nuke", "configured"],
)
def test_job_types_of_cuesubmit_are_launched_and_succeed(
    studio: Studio, submitted: dict[str, Any], name: str, counts: int
):
    assert submitted[name]["raised"] == []
    assert submitted[name]["dialogs"][0].startswith("Submitted Job to OpenCue.")
    assert studio.counts(name) == {"SUCCEEDED": counts}


def test_shell_lines_of_cuesubmit_mean_what_they_say(studio: Studio, submitted: dict[str, Any]):
    assert (studio.folder / "all").read_text() == "".join(f"two words|{frame}|$HOME|end\n" for frame in (1, 2, 3))


def test_commands_for_applications_arrive_as_cuesubmit_built_them(studio: Studio, submitted: dict[str, Any]):
    assert [studio.words(f"maya.{head}") for head in (1, 3)] == [
        ["-r", "file", "-s", "1", "-e", "2", "/scenes/maya.ma"],
        ["-r", "file", "-s", "3", "-e", "4", "/scenes/maya.ma"],
    ]
    assert studio.words("nuke.2") == ["-F", "2", "-x", "/comps/comp.####.nk"]
    assert studio.words("convert.7")[:-1] == ["-in", "/plates/a b.exr", "-frame", "7"]
    assert studio.words("convert.7")[-1].endswith("/x.####.png")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("waits", "has a job testing-sh010-tester_waits that is not finished"),
        ("range", "layer 'lines' (Submission.py:150): frame range '1-1O', column 4: unexpected 'O'"),
        ("chunk", "chunk must be 1 or more"),
        ("dark", "its command has 5005 characters, and the farm takes at most 4000"),
        ("short", "the job's shot 's1' does not fit the farm"),
    ],
    ids=["by the server", "range", "chunk", "length", "shot"],
)
def test_what_is_refused_shows_in_a_dialog_of_cuesubmit(submitted: dict[str, Any], name: str, words: str):
    (dialog,) = submitted[name]["dialogs"]

    assert dialog.startswith("Failed to submit job!\n")
    assert words in dialog


@needs("blender")
def test_blender_writes_the_pictures_that_cuesubmit_names(studio: Studio):
    make = ["blender", "-b", "--factory-startup", "--python-exit-code", "3", "-P", str(MAKE_BLEND), "--"]
    subprocess.run([*make, str(studio.folder)], check=True, capture_output=True)
    fields = {"fileInput": f"{studio.folder}/cycles.blend", "outputSelector": "PNG"}
    chunk = layer("Blender", "chunk", "1-2", chunk=2, outputPath=f"{studio.folder}/chunk_####", **fields)
    single = layer("Blender", "single", "5", outputPath=f"{studio.folder}/single_####", **fields)

    (outcome,) = submit(studio, [{"name": "blender", "layers": [chunk, single]}])
    studio.wait_finished()

    assert outcome["raised"] == []
    assert sorted(path.name for path in studio.folder.glob("*.png")) == [
        "chunk_0001.png", "chunk_0002.png", "single_0005.png",
    ]  # fmt: skip


# -- cuecmd ------------------------------------------------------------------------------------------------------


def test_commands_in_a_file_run_by_cuecmd(studio: Studio):
    lines = [f"echo 'two  words' {number} $CUE_IFRAME >> {studio.folder}/{number}.out && true" for number in "abc"]
    (studio.folder / "work.cmds").write_text("\n".join([*lines, "exit 3", ""]))

    done = studio.run("-m", "cuecmd", "work.cmds", "--chunk", 2, "--job-name", "work", "--memory", 0.25)
    until(lambda: studio.counts("work").get("DEAD"))

    assert done.returncode == 0, done.stderr
    assert "Successfully launched job: work" in done.stdout
    assert studio.counts("work") == {"SUCCEEDED": 1, "DEAD": 1}
    found = {name: set((studio.folder / f"{name}.out").read_text().splitlines()) for name in "abc"}
    assert found == {"a": {"two  words a 1"}, "b": {"two  words b 1"}, "c": {"two  words c 2"}}
    log = next((studio.folder / "logs").rglob("*work.0002-cuecmd.rqlog")).read_text()
    assert "Command failed with return code 3: exit 3" in log


def test_what_is_refused_is_told_by_cuecmd(studio: Studio):
    (studio.folder / "one.cmds").write_text("true\n")

    done = studio.run("-m", "cuecmd", "one.cmds", "--show", "nosuch")

    assert done.returncode == 1
    assert "Error launching job: the farm server" in done.stderr
    assert "name a show that the farm has" in done.stderr
