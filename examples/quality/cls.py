# SPDX-License-Identifier: Apache-2.0
"""What a picture is, by naive Bayes over three numbers: ``python cls.py LABELS VOL SOB FFT ANSWER``.

LABELS is a table of numbers of pictures that somebody has looked at.
"""

import csv
import math
import sys
from pathlib import Path
from statistics import NormalDist

labels, *numbers, answer = sys.argv[1:]
with open(labels, newline="") as stream:
    known = list(csv.DictReader(stream))
measured = [float(Path(path).read_text()) for path in numbers]


def likelihood(kind):
    """Return the logarithm of how likely a picture of a kind measures what this one does, but for a constant."""
    rows = [row for row in known if row["is"] == kind]
    bells = [NormalDist.from_samples([float(row[name]) for row in rows]) for name in ("vol", "sob", "fft")]
    return sum(
        -(bell.zscore(number) ** 2) / 2 - math.log(bell.stdev) for bell, number in zip(bells, measured, strict=True)
    )


with open(answer, "w") as stream:
    print(max(sorted({row["is"] for row in known}), key=likelihood), file=stream)
