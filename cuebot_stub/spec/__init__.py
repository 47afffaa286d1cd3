# SPDX-License-Identifier: Apache-2.0
"""Reads job specs, the XML with which clients launch jobs (versions 1.5 to 1.15), into plain data.

``read_spec`` is pure: ``SpecRules`` has everything that it needs to know of the farm. It refuses what Cuebot refuses,
with and without ``SpecRules.strict``. docs/cuebot-stub.md lists the differences of strict.
"""

from .model import DependSpec, JobSpec, LayerSpec, LocalBook, SpecDocument, SpecError, SpecRules
from .reader import read_spec

__all__ = ["DependSpec", "JobSpec", "LayerSpec", "LocalBook", "SpecDocument", "SpecError", "SpecRules", "read_spec"]
