# SPDX-License-Identifier: Apache-2.0
"""Launches the cases of ``tests.cuebot_specs`` to a farm, and compares what it says of them with a real Cuebot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from opencue_proto import (
    depend_pb2,
    job_pb2,
    job_pb2_grpc,
    limit_pb2,
    limit_pb2_grpc,
    service_pb2,
    service_pb2_grpc,
    show_pb2,
    show_pb2_grpc,
)

from tests.cuebot_specs import Case

__all__ = ["Client", "differences"]

_TIMES = {"start_time", "stop_time", "eligible_time", "submission_time", "start_after", "llu_time"}
_NOT_RECORDED = {"id", "parent_id", "log_dir", "job_stats", "layer_stats"}
_COUNTS = ("total_layers", "total_frames", "waiting_frames", "depend_frames")
_LISTED_FRAMES, _LISTED_LAYERS = 8000, 20  # of a job, in the recording
_PARTS = (
    "job", "counts", "layers", "frames", "first_frame", "job_waits_for", "waits_for_job", "layer_waits_for",
    "frame_waits_for",
)  # fmt: skip


class Client:
    """A client of one farm, which has the show, limits and services that the cases name."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._jobs = job_pb2_grpc.JobInterfaceStub(self._channel)
        self._layers = job_pb2_grpc.LayerInterfaceStub(self._channel)
        self._frames = job_pb2_grpc.FrameInterfaceStub(self._channel)
        self._prepare()

    def _prepare(self) -> None:
        shows = show_pb2_grpc.ShowInterfaceStub(self._channel)
        beta = shows.CreateShow(show_pb2.ShowCreateShowRequest(name="beta")).show
        limits = limit_pb2_grpc.LimitInterfaceStub(self._channel)
        for name, most in (("my_lim", 3), ("my_lim2", 5)):
            limits.Create(limit_pb2.LimitCreateRequest(name=name, max_value=most))
        facts = {
            "threadable": True, "min_cores": 200, "max_cores": 400, "min_memory": 1048576, "min_gpu_memory": 524288,
            "tags": ["xxtag", "general"], "timeout": 30, "timeout_llu": 20, "min_gpus": 1, "max_gpus": 2,
            "min_memory_increase": 2097152,
        }  # fmt: skip
        own = service_pb2.Service(name="my_svc", **facts)
        services = service_pb2_grpc.ServiceInterfaceStub(self._channel)
        services.CreateService(service_pb2.ServiceCreateServiceRequest(data=own))
        other = service_pb2.Service(name="houdini", **{**facts, "min_cores": 300, "timeout": 7})
        shows.CreateServiceOverride(show_pb2.ShowCreateServiceOverrideRequest(show=beta, service=other))

    def replay(self, case: Case, tag: str) -> dict[str, Any]:
        """Do the steps of a case, with a name in the place of ``{T}``, and return it as the recording has it."""
        launches: list[dict[str, Any]] = []
        for step in case["steps"]:
            if step["do"] == "launch":
                launches.append(self._launch(step["xml"].replace("{T}", tag)))
            else:
                self._steer(step, tag)
        jobs = self._found(tag)
        with_depends = any(job["job_waits_for"] is not None for job in case["cuebot"]["jobs"])
        seen = {"launches": launches, "jobs": [self._look(job, with_depends=with_depends) for job in jobs]}
        for job in jobs:
            self._kill(job)
        return _tidy(seen, tag)

    def _launch(self, spec: str) -> dict[str, Any]:
        try:
            made = self._jobs.LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec)).jobs.jobs
        except grpc.RpcError as error:
            return {"error": [error.code().name, error.details()]}
        return {"ok": [job.name for job in made]}

    def _found(self, tag: str) -> list[Any]:
        criteria = job_pb2.JobSearchCriteria(substr=[tag], include_finished=True)
        return list(self._jobs.GetJobs(job_pb2.JobGetJobsRequest(r=criteria)).jobs.jobs)

    def _kill(self, job: Any) -> None:
        self._jobs.Kill(job_pb2.JobKillRequest(job=job, username="artist", pid="1", host_kill="here", reason="seen"))

    def _steer(self, step: dict[str, Any], tag: str) -> None:
        for job in self._found(step["job"].replace("{T}", tag)):
            if job.state != job_pb2.PENDING:
                continue
            if step["do"] == "kill":
                self._kill(job)
                continue
            for layer in self._jobs.GetLayers(job_pb2.JobGetLayersRequest(job=job)).layers.layers:
                if layer.name == step["layer"]:
                    self._layers.EatFrames(job_pb2.LayerEatFramesRequest(layer=layer))

    def _look(self, job: Any, *, with_depends: bool) -> dict[str, Any]:
        layers = list(self._jobs.GetLayers(job_pb2.JobGetLayersRequest(job=job)).layers.layers)
        frames = list(
            self._jobs.GetFrames(
                job_pb2.JobGetFramesRequest(job=job, req=job_pb2.FrameSearchCriteria(page=1, limit=200_000))
            ).frames.frames
        )
        stats = _plain(job.job_stats)
        rows = [
            [frame.name, frame.layer_name, frame.number, job_pb2.FrameState.Name(frame.state), frame.dispatch_order]
            for frame in frames
        ]
        named = ("name", "layer_name", "number", "state", "dispatch_order")
        view = {
            "job": _plain(job),
            "counts": {key: stats[key] for key in _COUNTS},
            "layers": [self._look_at_layer(layer, with_outputs=len(layers) < _LISTED_LAYERS) for layer in layers],
            "frames": rows if len(rows) <= _LISTED_FRAMES else len(rows),
            "first_frame": {k: v for k, v in _plain(frames[0]).items() if k not in named} if frames else None,
            "job_waits_for": None,
            "waits_for_job": None,
            "layer_waits_for": {},
            "frame_waits_for": [],
        }
        return {**view, **self._look_at_depends(job, layers, frames)} if with_depends else view

    def _look_at_layer(self, layer: Any, *, with_outputs: bool) -> dict[str, Any]:
        row = {**_plain(layer), "tags": sorted(layer.tags)}
        if with_outputs:
            request = job_pb2.LayerGetOutputPathsRequest(layer=layer)
            row["outputs"] = list(self._layers.GetOutputPaths(request).output_paths)
        return row

    def _look_at_depends(self, job: Any, layers: list[Any], frames: list[Any]) -> dict[str, Any]:
        by_layer = {}
        for layer in layers[:6]:
            waits = _depends(self._layers.GetWhatThisDependsOn, job_pb2.LayerGetWhatThisDependsOnRequest(layer=layer))
            if waits:
                by_layer[layer.name] = waits
        edges = {
            tuple(edge)
            for frame in frames[:30]
            for edge in _depends(
                self._frames.GetWhatThisDependsOn, job_pb2.FrameGetWhatThisDependsOnRequest(frame=frame)
            )
        }
        return {
            "job_waits_for": _depends(self._jobs.GetWhatThisDependsOn, job_pb2.JobGetWhatThisDependsOnRequest(job=job)),
            "waits_for_job": _depends(self._jobs.GetWhatDependsOnThis, job_pb2.JobGetWhatDependsOnThisRequest(job=job)),
            "layer_waits_for": by_layer,
            "frame_waits_for": sorted(list(edge) for edge in edges),
        }


def _depends(call: Callable[[Any], Any], request: Any) -> list[list[str]]:
    return sorted(
        [
            depend_pb2.DependType.Name(depend.type),
            depend_pb2.DependTarget.Name(depend.target),
            "any" if depend.any_frame else "all",
            "active" if depend.active else "inactive",
            f"{depend.depend_er_job}/{depend.depend_er_layer}/{depend.depend_er_frame}",
            f"{depend.depend_on_job}/{depend.depend_on_layer}/{depend.depend_on_frame}",
        ]
        for depend in call(request).depends.depends
    )


def _plain(message: Any) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _tidy(value: Any, tag: str, key: str = "") -> Any:
    """Return a value in the form of the recording: without ids and times, ``T`` for the name of the run."""
    if isinstance(value, dict):
        return {name.replace(tag, "T"): _tidy(one, tag, name) for name, one in value.items() if _is_recorded(name)}
    if isinstance(value, list):
        return [_tidy(one, tag, key) for one in value]
    if key in _TIMES:
        return "set" if value and str(value) != "0" and value != -1 else "unset"
    if isinstance(value, str):
        value = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", value.replace(tag, "T"))
        return re.sub(r"post_job_\d+", "post_job_N", value)
    return value


def _is_recorded(name: str) -> bool:
    return name not in _NOT_RECORDED and (name == "retry_count" or not name.endswith(("_sec", "_count")))


def differences(case: Case, seen: dict[str, Any]) -> list[str]:
    """Return what differs from the recording of a case, each as one line."""
    wanted = case["cuebot"]
    answers = [[_answer(one) for one in launches] for launches in (seen["launches"], wanted["launches"])]
    found = list(_compare("launches", *answers))
    jobs, there = sorted(seen["jobs"], key=_order), sorted(wanted["jobs"], key=_order)
    if len(jobs) != len(there):
        return [*found, f"jobs: {len(jobs)}, and {len(there)} on Cuebot"]
    for number, (job, other) in enumerate(zip(jobs, there, strict=True)):
        for part in _PARTS:
            found += _compare(f"job {number} {part}", job[part], other.get(part))
    return found


def _answer(launch: dict[str, Any]) -> list[str]:
    return ["ok", *launch["ok"]] if "ok" in launch else ["error", launch["error"][0]]


def _order(job: dict[str, Any]) -> tuple[str, str]:
    return re.sub("monitor|artist", "USER", job["job"]["name"]), job["job"]["state"]


def _compare(path: str, here: Any, there: Any) -> Iterator[str]:
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            yield from _compare(f"{path}.{key}", here.get(key, "absent"), there.get(key, "absent"))
    elif here != there:
        yield f"{path}: {str(here)[:200]}, and {str(there)[:200]} on Cuebot"
