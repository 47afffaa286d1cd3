# SPDX-License-Identifier: Apache-2.0
"""Outline, the description of one job, and its readers for scripts, JSON and sessions."""

from __future__ import annotations

from ..logs import get_logger
from .outline import Outline
from .reading import current_outline, load_json, load_outline, parse_outline_script, quick_outline

logger = get_logger("outline.loader")  # as PyOutline has it

__all__ = ["Outline", "current_outline", "load_json", "load_outline", "parse_outline_script", "quick_outline"]
