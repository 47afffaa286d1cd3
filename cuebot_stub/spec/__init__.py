# SPDX-License-Identifier: Apache-2.0
r"""Job specs: what a client sends to launch jobs, XML of versions 1.5 to 1.15, read into plain data or refused.

``read_spec`` is pure: it knows what the rules tell it of the farm, and touches nothing. What Cuebot refuses is refused
here too, with ``SpecRules.strict`` or without. Where strict makes a difference:

=======================  ==============================  ====================================================
what                     strict, as Cuebot               otherwise
=======================  ==============================  ====================================================
no DOCTYPE               refused                         the newest version
user root, uid 0         refused                         launched
maxretries               0 or 1                          0 or more
memory                   ``512m 1.5m 4g 4``              also ``1.5g``, ``512k`` and ``1t``
gpu_memory               unreadable is 0                 unreadable is refused
empty facility           refused                         the server's own
negative frames          refused, could not start        taken
what waits for itself    launched, never starts          refused
frame names in depends   4 to 6 digits, ``\w`` layers    any frame of any layer
blanks around env        cut off                         kept
=======================  ==============================  ====================================================
"""

from .errors import SpecError
from .model import DependSpec, JobSpec, LayerSpec, LocalBook, SpecDocument, SpecRules
from .reader import read_spec

__all__ = ["DependSpec", "JobSpec", "LayerSpec", "LocalBook", "SpecDocument", "SpecError", "SpecRules", "read_spec"]
