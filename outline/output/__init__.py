# SPDX-License-Identifier: Apache-2.0
"""What the output of an application tells while it runs: progress, warnings, errors, memory.

::

    bytes -> lines.LineSplitter -> reader.OutputReader -> track.Tracker -> Progress
                                        ^ rules.OutputRules, one set per application

Nothing here starts, reads or writes anything: whoever has the bytes feeds them.
"""

from outline.output.reader import OutputReader
from outline.output.rules import PROGRESS_RULES, OutputRules
from outline.output.track import Progress

__all__ = ["PROGRESS_RULES", "OutputReader", "OutputRules", "Progress"]
