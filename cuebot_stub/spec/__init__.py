# SPDX-License-Identifier: Apache-2.0
"""Job specs: what a client sends to launch jobs, XML of versions 1.5 to 1.15, read into plain data or refused.

``read_spec`` is pure: it knows what the rules tell it of the farm, and touches nothing. What Cuebot refuses is refused
here too, with ``SpecRules.strict`` or without. Where strict makes a difference is told in docs/cuebot-stub.md.
"""

from .errors import SpecError
from .model import DependSpec, JobSpec, LayerSpec, LocalBook, SpecDocument, SpecRules
from .reader import read_spec

__all__ = ["DependSpec", "JobSpec", "LayerSpec", "LocalBook", "SpecDocument", "SpecError", "SpecRules", "read_spec"]
