# SPDX-License-Identifier: Apache-2.0
"""The few gRPC calls with which the commands ask a server."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NamedTuple

from .errors import FarmError

__all__ = ["FarmClient", "HostLine", "JobLine"]

_SECONDS = 5.0


class HostLine(NamedTuple):
    """A host as the server reports it.

    Attributes:
        name: Its name.
        state: ``UP``, ``DOWN`` and so on; ``LOCKED`` when it takes no frames.
        cores: All its cores.
        idle_cores: Its free cores.
        pinged: The time of its last report, in seconds since 1970.
    """

    name: str
    state: str
    cores: float
    idle_cores: float
    pinged: int


class JobLine(NamedTuple):
    """A job as the server reports it: name, state, and the number of frames in each state."""

    name: str
    state: str
    frames: dict[str, int]


class FarmClient:
    """A connection to a server, for one thread. The end of ``with`` closes it.

    Each call has a time limit and raises :class:`FarmError` if the server does not answer.
    """

    def __init__(self, address: str) -> None:
        import grpc

        self.address = address
        # A proxy of the environment is for the internet, and does not know this machine's own address.
        self.__channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])

    def __enter__(self) -> FarmClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__channel.close()

    def answers(self) -> bool:
        """Whether the server answers the call with which every OpenCue client begins."""
        from opencue_proto import cue_pb2, cue_pb2_grpc

        stub = cue_pb2_grpc.CueInterfaceStub(self.__channel)
        try:
            self.__ask(stub.GetSystemStats, cue_pb2.CueGetSystemStatsRequest())
        except FarmError:
            return False
        return True

    def hosts(self) -> list[HostLine]:
        """All hosts, by name."""
        from opencue_proto import host_pb2, host_pb2_grpc

        stub = host_pb2_grpc.HostInterfaceStub(self.__channel)
        found = self.__ask(stub.GetHosts, host_pb2.HostGetHostsRequest(r=host_pb2.HostSearchCriteria()))
        lines = []
        for host in found.hosts.hosts:
            lock = "" if host.lock_state == host_pb2.OPEN else f" {host_pb2.LockState.Name(host.lock_state)}"
            state = host_pb2.HardwareState.Name(host.state) + lock
            lines.append(HostLine(host.name, state, host.cores, host.idle_cores, host.ping_time))
        return sorted(lines)

    def jobs(self) -> list[JobLine]:
        """The jobs that are not finished, by name."""
        from opencue_proto import job_pb2, job_pb2_grpc

        stub = job_pb2_grpc.JobInterfaceStub(self.__channel)
        found = self.__ask(stub.GetJobs, job_pb2.JobGetJobsRequest(r=job_pb2.JobSearchCriteria()))
        return sorted(_job_line(job) for job in found.jobs.jobs)

    def __ask(self, call: Any, request: Any) -> Any:  # generated code has no types
        import grpc

        try:
            return call(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            reason = f"{error.code().name}: {error.details()}"
            raise FarmError(f"the server at {self.address} does not answer: {reason}") from error


def _job_line(job: Any) -> JobLine:
    from opencue_proto import job_pb2

    stats = job.job_stats
    states = ("waiting", "depend", "running", "succeeded", "eaten", "dead")
    frames = {state: getattr(stats, f"{state}_frames") for state in states}
    state = "PAUSED" if job.is_paused else job_pb2.JobState.Name(job.state)
    return JobLine(job.name, state, {name: count for name, count in frames.items() if count})
