# SPDX-License-Identifier: Apache-2.0
"""The name under which tools that were written for PyOutline find their base class."""

from __future__ import annotations

from outline.cli.cuerunbase import (
    AbstractCuerun,
    enable_debug_logging,
    enable_verbose_logging,
    handle_core_arguments,
    setup_outline_environment,
)

__all__ = [
    "AbstractCuerun",
    "enable_debug_logging",
    "enable_verbose_logging",
    "handle_core_arguments",
    "setup_outline_environment",
]
