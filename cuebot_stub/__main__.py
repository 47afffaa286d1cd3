# SPDX-License-Identifier: Apache-2.0
"""``python -m cuebot_stub`` is cuebot-stub."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # The working directory, which -m puts first, must not shadow any module.
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
    from cuebot_stub.cli import main

    sys.exit(main())
