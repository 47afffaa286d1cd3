# SPDX-License-Identifier: Apache-2.0
"""Compares this library with its field: `python benchmarks/run.py [--quick] [--only WORK] [--out FILE]`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started as a file, so the folder above, in which `benchmarks` is a package, is not on the path.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.compare import main

    sys.exit(main(sys.argv[1:]))
