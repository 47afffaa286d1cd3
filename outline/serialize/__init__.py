# SPDX-License-Identifier: Apache-2.0
"""An outline as safe YAML, and back."""

from __future__ import annotations

from .data import dump, load
from .outline_data import outline_text, script_file_name, scripts_of
from .outline_reader import read_outline

__all__ = ["dump", "load", "outline_text", "read_outline", "script_file_name", "scripts_of"]
