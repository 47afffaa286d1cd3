# SPDX-License-Identifier: Apache-2.0
"""Hundreds of job specs: the server accepts and refuses what a real Cuebot does, and says the same of what it made."""

from __future__ import annotations

import pytest

from tests.cuebot_specs import cases

_DEFINITIONS = "definitions in a DOCTYPE are refused: they can read files and fill the memory"
_MEMORY = "Java reads digits of all scripts, and lets the number of kB overflow"
#: By the ids of cases, why they differ on every server ...
ALWAYS = {"c726": _DEFINITIONS, "c729": _DEFINITIONS, "d093": _MEMORY, "d096": _MEMORY, "d097": _MEMORY}

_NO_FRAMES = "a layer without frames is refused: its job would never end"
_NOTHING = "a spec that makes nothing is refused, with the reason"
#: ... and why only without --strict.
KINDNESSES = {
    **dict.fromkeys(("c009", "c024", "c090", "d063", "d064", "d066", "d067", "d150", "d151"), _NO_FRAMES),
    **dict.fromkeys(("c672", "d015", "d016", "d018"), _NOTHING),
    "c322": "root may launch, as there is no other user in a container",
}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "kind"])
def test_specs_become_what_a_real_cuebot_makes_of_them(strict: bool):
    replay = pytest.importorskip("tests.cuebot_replay", reason="the extra 'stub' is not installed")
    from tests.fakes.daemons import new_farm
    from tests.fakes.direct_channel import DirectChannel

    known = ALWAYS if strict else {**ALWAYS, **KINDNESSES}
    client = replay.Client(DirectChannel(new_farm(strict=strict, max_finished=20)))

    # The name is as long as in the recording: some cases are about the length of names.
    found = {case["id"]: replay.differences(case, client.replay(case, f"q00000{case['id']}")) for case in cases()}

    assert {id: lines for id, lines in found.items() if lines and id not in known} == {}
    assert {id for id in known if not found[id]} == set()
