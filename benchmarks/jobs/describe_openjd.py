# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Describes a job as an OpenJD template, checks it, makes the job of it and writes it."""

import json
import sys
from pathlib import Path

from openjd.model import create_job, decode_job_template

LAYERS, FRAMES = int(sys.argv[1]), int(sys.argv[2])

steps = []
for number in range(1, LAYERS + 1):
    step = {
        "name": f"Layer{number}",
        "parameterSpace": {"taskParameterDefinitions": [{"name": "Frame", "type": "INT", "range": f"1-{FRAMES}"}]},
        "script": {"actions": {"onRun": {"command": "true", "args": ["{{Task.Param.Frame}}"]}}},
    }
    if number > 1:
        step["dependencies"] = [{"dependsOn": f"Layer{number - 1}"}]
    steps.append(step)
document = {"specificationVersion": "jobtemplate-2023-09", "name": "bench", "steps": steps}
template = decode_job_template(template=document)
create_job(job_template=template, job_parameter_values={})
Path("job.json").write_text(json.dumps(template.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
