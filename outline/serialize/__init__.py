# SPDX-License-Identifier: Apache-2.0
"""An outline as safe YAML, and back."""

from __future__ import annotations

from .data import dump, load
from .outline_data import outline_text, read_outline, scripts_of

__all__ = ["dump", "load", "outline_text", "read_outline", "scripts_of"]
