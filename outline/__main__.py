# SPDX-License-Identifier: Apache-2.0
"""``python -m outline`` is pycuerun."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # The working directory, which -m puts first, must not shadow any module.
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
    from outline.cli import pycuerun_main

    sys.exit(pycuerun_main())
