# SPDX-License-Identifier: Apache-2.0
"""Describes a job with this library or with PyOutline, sets it up and so writes it: LAYERS FRAMES."""

import sys

from outline import Outline
from outline.modules.shell import Shell

LAYERS, FRAMES = int(sys.argv[1]), int(sys.argv[2])

job = Outline("describe", frame_range=f"1-{FRAMES}")
before = None
for number in range(1, LAYERS + 1):
    layer = Shell(f"layer{number}", command=["true", "%{FRAME}"], range=f"1-{FRAMES}")
    job.add_layer(layer)
    if before is not None:
        layer.depend_on(before)
    before = layer
job.setup()
