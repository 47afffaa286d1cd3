# SPDX-License-Identifier: Apache-2.0
"""The job spec: the XML document that describes a job to an OpenCue server.

One small function per element, in the order of the server's document type definition.
"""

from __future__ import annotations

from .document import spec_text

__all__ = ["spec_text"]
