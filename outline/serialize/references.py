# SPDX-License-Identifier: Apache-2.0
"""Placeholders in the data of an outline.yaml."""

from __future__ import annotations

__all__ = ["LayerRef", "OutlineRef", "SessionRef"]


class LayerRef(str):
    """A placeholder for a layer of the outline, until all layers exist."""


class OutlineRef:
    """A placeholder for the outline itself."""


class SessionRef:
    """A placeholder for the session of the outline."""
