# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Plans a chained job of this library: plan_outline.py plan|drive LAYERS FRAMES."""

import sys

from outline import Outline
from outline.frame_end import FrameEnd
from outline.modules.shell import Shell
from outline.scheduler import JobState, plan_job

WORK, LAYERS, FRAMES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

job = Outline("plan", frame_range=f"1-{FRAMES}")
before = None
for number in range(1, LAYERS + 1):
    layer = Shell(f"layer{number}", command=["true", "%{FRAME}"], range=f"1-{FRAMES}")
    job.add_layer(layer)
    if before is not None:
        layer.depend_on(before)
    before = layer
job.setup()
state = JobState(plan_job(job, max_retries=2, autoeat=False))
assert len(state.frames) == LAYERS * FRAMES
if WORK == "drive":
    while (ref := state.next_ready(2.0, 1 << 30)) is not None:
        state.start(ref)
        state.finish(ref, FrameEnd())
    assert state.is_over
    assert state.succeeded
