# SPDX-License-Identifier: Apache-2.0
"""Jobs: launch, find, list, pause and kill them."""

from __future__ import annotations

import re
from typing import Any

from opencue_proto import job_pb2

from ..farm import steering
from ..farm.jobs import Job
from ..farm.launch import launch
from ..spec import SpecRules, read_spec
from .finding import find_job, pending_job
from .job_changes import JobChanges
from .job_depends import JobDepends
from .job_frames import JobFrames, kill_reason
from .messages import job_message, layer_message
from .rpc import Fields, unlocked
from .thing_finding import find_test

__all__ = ["JobService"]


class JobService(JobFrames, JobChanges, JobDepends):
    """``job.JobInterface``: the calls about whole jobs. The base classes have the others."""

    name = "job.JobInterface"

    # -- launching -----------------------------------------------------------------------------------------------

    @unlocked
    def LaunchSpec(self, request: Any) -> Fields:
        """Launch the jobs of a spec and return their names."""
        return {"names": [job.name for job in self._launch(request.spec)]}

    @unlocked
    def LaunchSpecAndWait(self, request: Any) -> Fields:
        made = self._launch(request.spec)
        with self.farm.work() as farm:
            jobs = [job_message(farm, job) for job in made]
        return {"jobs": job_pb2.JobSeq(jobs=jobs)}

    def _launch(self, spec: str) -> list[Job]:
        with self.farm.work() as farm:
            rules = SpecRules(
                strict=farm.settings.strict,
                facilities=frozenset(facility.name for facility in farm.facilities.values()),
                shows=farm.show_names(),
                services=frozenset(service.name for service in farm.services.values()),
                limits=frozenset(limit.name for limit in farm.limits.values()),
            )
        document = read_spec(spec, rules)  # it may be megabytes; the others need not wait
        with self.farm.work() as farm:
            return launch(farm, document)

    # -- finding -------------------------------------------------------------------------------------------------

    def FindJob(self, request: Any) -> Fields:
        """The pending job of a name."""
        return {"job": job_message(self.farm, pending_job(self.farm, request.name))}

    def GetJob(self, request: Any) -> Fields:
        """A job, also a finished one, by its id, or a pending one by its name."""
        return {"job": job_message(self.farm, find_job(self.farm, request.id))}

    def GetCurrent(self, request: Any) -> Fields:
        return {"job": job_message(self.farm, find_job(self.farm, request.job.id))}

    def GetJobs(self, request: Any) -> Fields:
        jobs = [job_message(self.farm, job) for job in self._search(request.r)]
        return {"jobs": job_pb2.JobSeq(jobs=jobs)}

    def GetJobNames(self, request: Any) -> Fields:
        """The names of the pending jobs that match."""
        return {"names": [job.name for job in self._search(request.r) if job.is_pending]}

    def IsJobPending(self, request: Any) -> Fields:
        """Whether a job of this name is pending."""
        return {"value": request.name.lower() in self.farm.pending}

    def GetLayers(self, request: Any) -> Fields:
        job = find_job(self.farm, request.job.id)
        layers = [layer_message(self.farm, job, number) for number in range(len(job.layers))]
        layers.sort(key=lambda layer: layer.dispatch_order)
        return {"layers": job_pb2.LayerSeq(layers=layers)}

    def _search(self, criteria: job_pb2.JobSearchCriteria) -> list[Job]:
        farm = self.farm
        jobs = list(farm.jobs.values()) if criteria.include_finished else list(farm.pending.values())
        matches, is_like = find_test(criteria.regex), find_test(map(_like, criteria.substr))
        ids, names, shows = set(criteria.ids), set(criteria.jobs), set(criteria.shows)
        found = [
            job
            for job in jobs
            if (not ids or job.id in ids)
            and (not names or job.name in names)
            and (not shows or farm.shows[job.facts.show].name in shows)
            and (not criteria.users or job.facts.user in criteria.users)
            and (not criteria.shots or job.facts.shot in criteria.shots)
            and is_like(job.name)
            and matches(job.name)
        ]
        return sorted(found, key=lambda job: job.name)

    # -- steering ------------------------------------------------------------------------------------------------

    def Pause(self, request: Any) -> None:
        """Start no more frames of a job."""
        steering.pause(self.farm, find_job(self.farm, request.job.id))

    def Resume(self, request: Any) -> None:
        """Start frames of a job again."""
        steering.resume(self.farm, find_job(self.farm, request.job.id))

    def Kill(self, request: Any) -> None:
        """End a job with all its processes."""
        job = find_job(self.farm, request.job.id)
        if request.reason or self.farm.useful:  # Cuebot says yes to a kill without a reason, and does nothing
            steering.kill_job(self.farm, job, kill_reason("the job", request))

    def ShutdownIfCompleted(self, request: Any) -> None:
        """Finish a job if all its frames are done. This also happens by itself."""
        self.farm.finish_if_complete(find_job(self.farm, request.job.id))


def _like(text: str) -> str:
    """The regular expression of a part of a name in which ``%`` and ``_`` stand for others, as in SQL."""
    return "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in text)
