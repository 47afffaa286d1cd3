# SPDX-License-Identifier: Apache-2.0
"""A step of a template as a layer. Each task has its own session, which enters and exits its environments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...exception import LayerException, OutlineException
from ...frames import FrameSet
from ...frames.dialects import rows
from ...layer import Frame, Layer
from ...layer.args import LayerArgs
from .space import CHUNK, space_of

__all__ = ["OpenJobArgs", "OpenJobStep", "OpenJobTask"]


class OpenJobArgs(LayerArgs, total=False):
    """The arguments of a step, in the same form as in the template."""

    script: dict[str, Any]  #: ``script`` of the step.
    environments: list[dict[str, Any]]  #: The environments of the job, then those of the step.
    parameters: dict[str, str]  #: The result of ``job_parameters``.
    space: dict[str, Any]  #: ``parameterSpace`` of the step.


class OpenJobStep(Layer):
    """A step with task parameters. A single number parameter gives frame numbers, others give items."""

    declared_args = OpenJobArgs

    def __init__(self, name: str, **args: Any) -> None:
        """Make the layer of a step. ``OpenJobArgs`` has the arguments.

        Raises:
            LayerException: The step's parameters are invalid.
        """
        try:
            space = space_of(args["space"], args.get("parameters") or {})
        except OutlineException as error:
            raise LayerException(f"layer {name!r}: {error}") from error
        if space.frames is not None:
            args.update(range=str(space.frames), chunk=space.chunk)
        else:
            args["items"] = {",".join(f"{key}={text}" for key, text in one.items()): one for one in space.items}
        super().__init__(name, **args)

    def _execute(self, frames: FrameSet) -> None:
        from .session import run_task

        for values in self.__tasks(frames):
            run_task(self, values)

    def __tasks(self, frames: FrameSet) -> Iterator[dict[str, str]]:
        if self.get_items() is not None:
            for frame in frames:
                yield dict(self.item(frame))
            return
        (one,) = self.get_arg("space")["taskParameterDefinitions"]
        if one["type"] != CHUNK:
            for frame in frames:
                yield {one["name"]: str(frame)}
        elif one.get("chunks", {}).get("rangeConstraint") == "NONCONTIGUOUS":
            yield {one["name"]: str(FrameSet(sorted(frames))).replace("x", ":")}
        else:
            for row in rows(sorted(frames)):
                yield {one["name"]: f"{row.start}-{row.end}"}


class OpenJobTask(Frame):
    """A step without task parameters, which is a single task."""

    declared_args = OpenJobArgs

    def _execute(self, frames: FrameSet) -> None:
        from .session import run_task

        run_task(self, {})
