# SPDX-License-Identifier: Apache-2.0
"""What modules for renderers and image tools share: outputs and their checks, programs, paths of other systems."""

from __future__ import annotations
