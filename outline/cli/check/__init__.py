# SPDX-License-Identifier: Apache-2.0
"""``outline check``: all problems of an outline at once, without launching or writing anything."""

from __future__ import annotations

from .outline import check_outline
from .report import Finding, Report, report_json, report_text

__all__ = ["Finding", "Report", "check_outline", "report_json", "report_text"]
