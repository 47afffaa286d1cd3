# SPDX-License-Identifier: Apache-2.0
"""Redshift renders ``.rs`` files with its program ``redshiftCmdLine``.

Versions: by contract, Redshift 2.6 to 3.5; never run against Redshift. The command line is from published notes, which
is weak; lines of the log and what they mean are from the rules of CGRU.

What is taken as known:

- One process renders one file, and the ``.rs`` file says where the picture goes; ``outputs`` only says what to expect.
- ``-gpu N``, several times, chooses the GPUs; all are used without it.
- ``Block 32/48 (7,4) rendered by GPU 0`` tells the progress; blocks do not come in their order.
- Statuses are not known, so lines that tell of a licence or a GPU that is not there fail the frame by themselves.
"""

from __future__ import annotations

from ..console import OutputRules
from ..rendering.words import words_of
from .per_frame import PerFrameLayer

__all__ = ["Redshift"]

REDSHIFT_RULES = OutputRules(
    percent=(r"Block\s+(\d+)/(\d+) ",),
    warning=(r"(?i)^\W*warning\b",),
    error=(
        r"License error",
        r"No devices found\. Aborting rendering\.",
        r"Rendering was internally aborted",
        r"illegal memory access",
    ),
)


class Redshift(PerFrameLayer):
    """Renders ``.rs`` files with redshiftCmdLine, one process per frame.

    ::

        Redshift("beauty", scene="rs/shot.####.rs", outputs="images/beauty.####.exr", gpu_ids=[0, 1])

    Arguments besides those of ``RenderLayer``:

    - ``gpu_ids``: which GPUs of the host to use, one or several; all when not given.
    """

    application = "Redshift"
    executable = "redshiftCmdLine"
    output_rules = REDSHIFT_RULES
    trusts_exit_code = False

    def frame_words(self, frame: int) -> list[str]:
        """Return the scene and the GPUs."""
        gpus = [word for number in words_of(self.get_arg("gpu_ids")) for word in ("-gpu", number)]
        return [self.get_scene(frame), *gpus, *self.get_extra_args()]
