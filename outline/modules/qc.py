# SPDX-License-Identifier: Apache-2.0
"""Holds a job on the farm until the artist has checked it: ``pycuerun --qc``.

The last layer of the job is a frame that pauses the job and sends itself back to wait. So the job stays until somebody
eats that frame.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import FrameSet
from ..layer import Frame

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..layer import LayerArgs
    from ..loader import Outline

__all__ = ["QC_LAYER", "WaitForArtist"]

QC_LAYER = "wait_on_artist_to_qc"
_SUBJECT = "Waiting for the artist to look at the job"
_MESSAGE = f"The job is paused. outline eat JOB --layer {QC_LAYER} lets it finish."
# How long the farm may take to end this frame after the frame sends itself back to wait.
_GRACE_SECONDS = 120.0


class WaitForArtist(Frame):
    """The frame that pauses its job. ``hold`` makes it."""

    def __init__(self, name: str = QC_LAYER, **args: Unpack[LayerArgs]) -> None:
        """Make the layer. It needs almost no resources of a host."""
        args.setdefault("cores", 0.1)
        args.setdefault("memory", "256m")
        args.setdefault("setshot", False)
        super().__init__(name, **args)

    @classmethod
    def hold(cls, ol: Outline, servers: str = "") -> WaitForArtist:
        """Add the layer to an outline, after all other layers.

        Args:
            ol: The outline, not set up yet.
            servers: The farm's servers as in ``CUEBOT_HOSTS``. Empty when the hosts know them.
        """
        names = [layer.get_name() for layer in ol.get_layers()]
        layer = cls(register=True, require=[f"{name}:all" for name in names])
        if servers:
            layer.set_env("CUEBOT_HOSTS", servers)
        ol.add_layer(layer)
        return layer

    def _execute(self, frames: FrameSet) -> None:
        import opencue  # only this frame needs the farm
        import opencue.api

        job_name = os.environ.get("CUE_JOB", "")
        job: Any = opencue.api.findJob(job_name)
        job.pause()
        if all(comment.data.subject != _SUBJECT for comment in job.getComments()):
            job.addComment(_SUBJECT, _MESSAGE)
        for layer in job.getLayers():
            if layer.data.name == os.environ.get("CUE_LAYER", self.get_name()):
                layer.retry()
        time.sleep(_GRACE_SECONDS)  # the farm ends this process; a frame that succeeds would release the job
        raise LayerException("the farm did not send this frame back to wait; retry it, or eat it to let the job finish")
