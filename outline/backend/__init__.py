# SPDX-License-Identifier: Apache-2.0
"""Where frames run.

A backend is a module with ``launch``, ``serialize`` and ``serialize_simple``, each called with an OutlineLauncher;
``outline.backend.<name>``, or an entry point of the group ``outline.backends``.
"""
