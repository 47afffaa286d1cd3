# SPDX-License-Identifier: Apache-2.0
"""The error of a job spec, with its place."""

from __future__ import annotations

__all__ = ["SpecError"]


class SpecError(ValueError):
    """A job spec is refused.

    Attributes:
        element: The path of the element, such as ``spec/job/layers/layer[2]``; ``document`` before the first one.
        reason: The reason.
        line: The line where the element starts, or where the parser stopped; 0 if unknown.
    """

    def __init__(self, element: str, reason: str, line: int = 0) -> None:
        super().__init__(element, reason, line)  # all args, so that pickle can rebuild it
        self.element, self.reason, self.line = element, reason, line

    def __str__(self) -> str:
        where = f"{self.element} (line {self.line})" if self.line else self.element
        return f"{where}: {self.reason}"
