# SPDX-License-Identifier: Apache-2.0
"""Steps of Open Job Description as layers: ``outline import`` writes scripts that use them.

Versions: templates of 2023-09, compared with openjd-cli 0.8. Facts are those of the specification.
"""

from .parameters import job_parameters
from .step import OpenJobStep, OpenJobTask
from .text import resolve

__all__ = ["OpenJobStep", "OpenJobTask", "job_name", "job_parameters"]


def job_name(text: str, parameters: dict[str, str]) -> str:
    """The outline name for a template's name."""
    from ...session import conform_name

    return conform_name(resolve(text, parameters))
