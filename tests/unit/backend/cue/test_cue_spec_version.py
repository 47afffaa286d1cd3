# SPDX-License-Identifier: Apache-2.0
"""The backend and the server have one idea of what a version of the job spec can hold."""

from __future__ import annotations

import pytest

from cuebot_stub.spec.schema import VERSIONS, schema_of
from outline.backend.cue.job import NEWEST, OLDEST, SpecVersion, read_version

SINCE_LATER = {
    *("gpu", "gpu_memory", "gpus", "localbook", "maxcores", "maxgpus", "onframe", "os", "outputs", "priority"),
    *("timeout", "timeout_llu"),
}


def test_backend_writes_the_versions_that_the_server_reads() -> None:
    assert tuple(f"1.{minor}" for minor in range(OLDEST, NEWEST + 1)) == VERSIONS


@pytest.mark.parametrize("text", VERSIONS)
def test_backend_sends_in_a_version_what_the_server_reads_in_it(text: str) -> None:
    version: SpecVersion = read_version(text)

    sent = {feature for feature in SINCE_LATER if version.has(feature)}

    assert sent == schema_of(text).elements & SINCE_LATER
