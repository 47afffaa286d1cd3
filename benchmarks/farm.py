# SPDX-License-Identifier: Apache-2.0
"""Measures cuebot-stub with a real RQD: `python benchmarks/farm.py [--quick] [--out FILE]`.

The reference for throughput is a bare loop: a server of some fifty lines that knows nothing but 500 commands, and
starts the next one whenever the same RQD has reported an end.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import grpc
from opencue_proto import job_pb2, job_pb2_grpc

from benchmarks.bare_farm import BareFarm
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, spec_text

REPOSITORY = Path(__file__).resolve().parent.parent
SLOTS = 8
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class Line(NamedTuple):
    """One row of the table."""

    work: str
    reference: str
    figure: str
    target: str
    met: bool


class Server:
    """A server in a process of its own, and a client of it."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        address_file = folder / "address"
        address_file.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "cuebot_stub", "serve", "--port", str(port), "--state", str(folder / "state.db")]
        argv += ["--log-root", str(folder / "logs"), "--address-file", str(address_file)]
        environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with (folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(argv, env=environ, stdout=log, stderr=log)
        while not address_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError((folder / "server.log").read_text())
            time.sleep(0.01)
        self.address = address_file.read_text().strip()
        self.channel = grpc.insecure_channel(self.address, options=_UNLIMITED)
        self.jobs = job_pb2_grpc.JobInterfaceStub(self.channel)

    def stop(self) -> None:
        """End the server."""
        self.channel.close()
        self.process.terminate()
        self.process.wait(10)

    def launch(self, spec: str) -> Any:
        """Launch a job and return it."""
        return self.jobs.LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec), timeout=60).jobs.jobs[0]

    def wait(self, name: str) -> None:
        """Wait until a job is over, asking so seldom that it costs the server nothing."""
        while self.jobs.IsJobPending(job_pb2.JobIsJobPendingRequest(name=name)).value:
            time.sleep(0.1)

    @property
    def memory_mb(self) -> float:
        """What the server's process holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def cpu_seconds(self) -> float:
        """What the server's process has used of a core so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(folder: Path, port: int = 0) -> Iterator[Server]:
    """Run a server."""
    made = Server(folder, port)
    try:
        yield made
    finally:
        made.stop()


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# -- with a real RQD -------------------------------------------------------------------------------------------


def measure_rqd(folder: Path, frames: int, turns: int) -> Iterator[Line]:
    """Throughput against a bare loop on the same RQD, and the time to the first frame."""
    from cuebot_stub.up.places import cache_folder
    from cuebot_stub.up.rqd_environment import ensure_rqd_environment

    named = os.environ.get("CUEBOT_STUB_RQD_ENVIRONMENT")
    environment = Path(named) if named else ensure_rqd_environment(cache_folder(), print)
    bare = BareFarm()
    port = bare.port
    rqd = Rqd(environment, folder, port, cores=SLOTS)
    rqd.start()
    try:
        bare.wait_for_host(rqd.address)
        rates: dict[str, list[float]] = {"bare": [], "stub": []}
        for turn in range(turns):
            bare = bare if turn == 0 else _bare_again(port, rqd)
            rates["bare"].append(frames / bare.run(frames, SLOTS))
            bare.stop()
            with server(folder / f"turn{turn}", port) as farm:
                rqd.wait_registered()
                job = farm.launch(spec_text([Layer("true", "true", f"1-{frames}")], name=f"turn{turn}", retries=3))
                rates["stub"].append(frames / seconds(lambda farm=farm, job=job: farm.wait(job.name)))  # type: ignore[misc]
                if turn == turns - 1:
                    delays = _first_frames(farm, folder, 10)
    finally:
        rqd.stop()
    ours, reference = (statistics.median(rates[name]) for name in ("stub", "bare"))
    share = ours / reference
    yield Line(
        f"{frames} x true, one RQD with {SLOTS} slots",
        f"bare loop {reference:.0f} frames/s",
        f"{ours:.0f} frames/s, {share:.0%}",
        "85 %",
        share >= 0.85,
    )
    delay = statistics.median(delays)
    yield Line("launch to first frame started", "Cuebot: up to 30 s", f"{delay * 1000:.0f} ms", "100 ms", delay < 0.1)


def _bare_again(port: int, rqd: Rqd) -> BareFarm:
    bare = BareFarm(port)
    bare.wait_for_host(rqd.address)
    return bare


def _first_frames(farm: Server, folder: Path, count: int) -> list[float]:
    """Return how long it took from the call to the first command's start, a job at a time, on an idle farm."""
    delays = []
    for number in range(count):
        mark = folder / f"started{number}"
        began = time.time()
        job = farm.launch(spec_text([Layer("first", f"date +%s.%N > '{mark}'")], name=f"first{number}"))
        farm.wait(job.name)
        delays.append(float(mark.read_text()) - began)
        time.sleep(0.2)
    return delays


# -- without hosts ---------------------------------------------------------------------------------------------


def measure_launches(folder: Path, scale: int) -> Iterator[Line]:
    """Big jobs, and many layers that wait for one another."""
    with server(folder / "launches") as farm:
        for frames in (50000 // scale, 100000 // scale):
            spec = spec_text([Layer("big", "true", f"1-{frames}")], name=f"big{frames}")
            took = seconds(lambda spec=spec: farm.launch(spec))  # type: ignore[misc]
            yield Line(f"launch 1 layer x {frames:,} frames", "", f"{took:.2f} s", "3 s", took < 3)
        for layers in (100 // scale, 200 // scale):
            spec = chained(layers, f"chained{layers}")
            took = seconds(lambda spec=spec: farm.launch(spec))  # type: ignore[misc]
            yield Line(f"launch {layers} layers x 100 frames, chained", "", f"{took:.2f} s", "3 s", took < 3)
        job = farm.launch(spec_text([Layer("page", "true", "1-5000")], name="page"))
        criteria = job_pb2.FrameSearchCriteria(page=3, limit=1000)
        request = job_pb2.JobGetFramesRequest(job=job, req=criteria)
        took = statistics.median(seconds(lambda: farm.jobs.GetFrames(request)) for _ in range(9))
        yield Line("GetFrames, a page of 1000", "", f"{took * 1000:.0f} ms", "50 ms", took < 0.05)


def chained(layers: int, name: str) -> str:
    """Return a spec of layers of 100 frames, each waiting frame by frame for the one before."""
    depends = "".join(
        f'<depend type="FRAME_BY_FRAME" anyframe="False"><depjob>{name}</depjob><deplayer>layer{number}</deplayer>'
        f"<onjob>{name}</onjob><onlayer>layer{number - 1}</onlayer></depend>"
        for number in range(1, layers)
    )
    return spec_text([Layer(f"layer{number}", "true", "1-100") for number in range(layers)], name=name, depends=depends)


def measure_listing(folder: Path, jobs: int) -> Iterator[Line]:
    """What a list of all jobs costs a person who types it."""
    took = {}
    for count in (0, jobs):
        with server(folder / f"list{count}") as farm:
            for number in range(count):
                farm.launch(spec_text([Layer("one", "true", "1-10")], name=f"job{number}"))
            environ = {**os.environ, "CUEBOT_HOSTS": farm.address}
            argv = [str(Path(sys.executable).with_name("cueadmin")), "-lj"]
            call = lambda argv=argv, environ=environ: subprocess.run(argv, env=environ, check=True, capture_output=True)
            took[count] = statistics.median(seconds(call) for _ in range(5))
    ratio = took[jobs] / took[0]
    yield Line(
        f"cueadmin -lj, {jobs} jobs",
        f"no job {took[0]:.2f} s",
        f"{took[jobs]:.2f} s, {ratio:.2f} x",
        "1.5 x",
        ratio < 1.5,
    )


def measure_memory(folder: Path, jobs: int, frames: int) -> Iterator[Line]:
    """What a big farm costs a machine while nothing happens."""
    with server(folder / "memory") as farm:
        for number in range(jobs):
            farm.launch(spec_text([Layer("big", "true", f"1-{frames}")], name=f"big{number}"))
        memory, began = farm.memory_mb, farm.cpu_seconds
        time.sleep(10)
        share = (farm.cpu_seconds - began) / 10
    what = f"{jobs * frames:,} frames in {jobs} jobs"
    yield Line(f"server memory, {what}", "", f"{memory:.0f} MB", "1500 MB", memory < 1500)
    yield Line(f"idle CPU, {what}", "", f"{share:.1%} of a core", "1 %", share < 0.01)


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks and print the table; 0 whatever the numbers are."""
    parser = argparse.ArgumentParser(prog="benchmarks/farm.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small jobs; the targets are shown all the same")
    parser.add_argument(
        "--turns", type=int, default=3, help="turns of bare loop and server, of which the median counts"
    )
    parser.add_argument("--out", type=Path, help="write the Markdown here too")
    options = parser.parse_args(arguments)
    scale = 10 if options.quick else 1
    lines = []
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as scratch:
        folder = Path(scratch)
        for part in (
            measure_rqd(folder, 500 // scale, 1 if options.quick else options.turns),
            measure_launches(folder, scale),
            measure_listing(folder, 1000 // scale),
            measure_memory(folder, 100, 10000 // scale),
        ):
            for line in part:
                print(f"{line.work}: {line.figure}", file=sys.stderr, flush=True)
                lines.append(line)
    text = table(lines)
    print(text, end="")
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a Markdown table."""
    rows = [
        f"| {line.work} | {line.reference} | {line.figure} | {line.target} {'met' if line.met else 'NOT MET'} |"
        for line in lines
    ]
    return "\n".join(["| work | reference | measured | target |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
