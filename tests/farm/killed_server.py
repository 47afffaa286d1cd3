# SPDX-License-Identifier: Apache-2.0
"""A server in a process of its own, which a test can stop, kill and start again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import grpc
from opencue_proto import job_pb2, job_pb2_grpc

from tests.farm.command import start_stub
from tests.farm.jobs import Layer, spec_text
from tests.support import until

__all__ = ["KilledServer"]


class KilledServer:
    """A server in a process of its own that can be killed and started again on the same port and state."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        address_file = self.folder / "address"
        address_file.unlink(missing_ok=True)
        arguments = ("--port", self.port, "--state", self.folder / "state.db", "--log-root", self.folder / "logs")
        self.process = start_stub("serve", *arguments, "--address-file", address_file, log=self.folder / "server.log")
        until(lambda: address_file.exists() or self.process.poll() is not None)  # type: ignore[union-attr]
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        self.port = int(address_file.read_text().strip().rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def launch(self, name: str, layer: Layer) -> str | None:
        """Launch a job and return its name, or None when the server went away meanwhile."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            request = job_pb2.JobLaunchSpecAndWaitRequest(spec=spec_text([layer], name=name))
            try:
                response = job_pb2_grpc.JobInterfaceStub(channel).LaunchSpecAndWait(request)
            except grpc.RpcError:
                return None
        return str(response.jobs.jobs[0].name)

    def jobs(self) -> dict[str, job_pb2.Job]:
        """Return all jobs by name, finished ones too."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            request = job_pb2.JobGetJobsRequest(r=job_pb2.JobSearchCriteria(include_finished=True))
            found = job_pb2_grpc.JobInterfaceStub(channel).GetJobs(request).jobs.jobs
        return {job.name: job for job in found}
