# SPDX-License-Identifier: Apache-2.0
"""What counts in the fingerprint of a layer."""

from __future__ import annotations

from outline.modules.python import Python
from outline.work.fingerprint import layer_parts


def test_where_an_interpreter_is_does_not_count():
    here, there = (Python("p", function="a:b", python=path, import_paths=path) for path in ("/a/python", "/b/python"))

    assert layer_parts(here) == layer_parts(there)


def test_what_a_function_gets_counts():
    small, big = (Python("p", function="a:b", kwargs={"size": size}) for size in (64, 128))

    assert layer_parts(small)["arg kwargs"] != layer_parts(big)["arg kwargs"]
