# SPDX-License-Identifier: Apache-2.0
"""The page on cuebot-stub names every command and every option."""

from __future__ import annotations

import re

import pytest

from cuebot_stub.cli import main
from tests.conftest import REPOSITORY
from tests.docs.markdown import table_rows

PAGE = REPOSITORY / "docs" / "cuebot-stub.md"
_FLAG = re.compile(r"(?<![\w-])(--?[a-z][\w-]*)")


@pytest.mark.parametrize("command", ["serve", "up", "status", "down"])
def test_every_option_of_cuebot_stub_is_listed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([command, "--help"])

    options = capsys.readouterr().out.partition("Options:")[2]
    flags = {flag for line in options.splitlines() if line.startswith("  -") for flag in _FLAG.findall(line[:30])}
    listed = {flag for row in table_rows(PAGE, command) for flag in _FLAG.findall(row[0])}
    assert code == 0
    assert listed == flags - {"-h", "--help"}
