# SPDX-License-Identifier: Apache-2.0
"""Clients of a server, as messages of the protocol: without PyCue, which would put its own words between."""

from __future__ import annotations

from typing import Any

import grpc
from opencue_proto import host_pb2, host_pb2_grpc, job_pb2, job_pb2_grpc, limit_pb2_grpc, subscription_pb2_grpc

__all__ = ["Clients"]


class Clients:
    """Stubs for the services of one server, closed by whoever made them."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.jobs = job_pb2_grpc.JobInterfaceStub(self._channel)
        self.groups = job_pb2_grpc.GroupInterfaceStub(self._channel)
        self.layers = job_pb2_grpc.LayerInterfaceStub(self._channel)
        self.frames = job_pb2_grpc.FrameInterfaceStub(self._channel)
        self.procs = host_pb2_grpc.ProcInterfaceStub(self._channel)
        self.limits = limit_pb2_grpc.LimitInterfaceStub(self._channel)
        self.subscriptions = subscription_pb2_grpc.SubscriptionInterfaceStub(self._channel)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def launch(self, spec: str) -> job_pb2.Job:
        """Launch a spec and return its first job."""
        return self.jobs.LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec)).jobs.jobs[0]

    def job(self, id: str) -> job_pb2.Job:
        """Return a job."""
        return self.jobs.GetJob(job_pb2.JobGetJobRequest(id=id)).job

    def layer(self, job: job_pb2.Job, name: str = "beauty") -> job_pb2.Layer:
        """Return a layer of a job."""
        layers = self.jobs.GetLayers(job_pb2.JobGetLayersRequest(job=job)).layers.layers
        return next(layer for layer in layers if layer.name == name)

    def frame(self, job: job_pb2.Job, name: str = "0001-beauty") -> job_pb2.Frame:
        """Return a frame of a job."""
        request = job_pb2.JobGetFramesRequest(job=job, req=job_pb2.FrameSearchCriteria(page=1, limit=1000))
        return next(frame for frame in self.jobs.GetFrames(request).frames.frames if frame.name == name)

    def states(self, job: job_pb2.Job) -> dict[str, str]:
        """Return the states of all frames of a job by their names."""
        request = job_pb2.JobGetFramesRequest(job=job, req=job_pb2.FrameSearchCriteria(page=1, limit=1000))
        found: Any = self.jobs.GetFrames(request).frames.frames
        return {frame.name: job_pb2.FrameState.Name(frame.state) for frame in found}

    def proc(self, job: job_pb2.Job, frame: str = "0001-beauty") -> host_pb2.Proc:
        """Return the proc of a frame that runs."""
        request = host_pb2.ProcGetProcsRequest(r=host_pb2.ProcSearchCriteria(jobs=[job.name]))
        return next(proc for proc in self.procs.GetProcs(request).procs.procs if proc.frame_name == frame)
