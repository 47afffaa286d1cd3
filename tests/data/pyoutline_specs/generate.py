# SPDX-License-Identifier: Apache-2.0
"""Write the job specs that PyOutline 1.37 makes of the outlines in this folder; run it where PyOutline is installed."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write a ``.xml`` file beside each ``.outline`` file."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            HOME=folder, USER="tester", SHOW="testing", SHOT="sh010", OUTLINE_OUTLINE_SESSION_DIR=folder, FR="1-5"
        )
        for script in sorted(HERE.glob("*.outline")):
            script.with_suffix(".xml").write_text(spec_of(script) + "\n")


def spec_of(script: Path) -> str:
    """Return the job spec of a script, without what differs from machine to machine."""
    from outline import cuerun, load_outline

    launcher = cuerun.OutlineLauncher(load_outline(str(script)), range="1-5", shot="sh010", facility="local")
    spec = launcher.serialize()
    spec = re.sub("<uid>[0-9]+</uid>", "<uid>1000</uid>", spec)
    return re.sub("<cmd>.*?</cmd>", "<cmd>true</cmd>", spec).replace("><", ">\n<")


if __name__ == "__main__":
    main()
