# SPDX-License-Identifier: Apache-2.0
"""Plots all samples: ``python stats.py HILLS BALLS PLOT NUMBERS``; the first two list files. It needs matplotlib."""

import json
import statistics
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt


def load(listing):
    """Return what is in the files that a file lists."""
    return [json.loads(Path(path).read_text()) for path in Path(listing).read_text().splitlines()]


hills, balls = load(sys.argv[1]), load(sys.argv[2])
seconds = [len(track) / 10 for track in balls]
figure, (land, rolls, times) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for heights, track in zip(hills, balls, strict=True):
    (line,) = land.plot(heights, linewidth=0.8, alpha=0.5)
    rest = min(int(track[-1]), len(heights) - 1)
    land.plot(track[-1], heights[rest], "o", markersize=5, color=line.get_color())
    rolls.plot([step / 10 for step in range(len(track))], track, linewidth=0.9, color=line.get_color())
times.hist(seconds, bins=12, color="0.5")
land.set(title=f"{len(balls)} samples, and where the balls rest", xlabel="place", ylabel="height")
rolls.set(title="where each ball is", xlabel="seconds", ylabel="place")
times.set(title="how long they roll", xlabel="seconds", ylabel="samples")
figure.savefig(sys.argv[3], dpi=80)
numbers = {"samples": len(balls), "mean": round(statistics.mean(seconds), 3), "longest": max(seconds)}
Path(sys.argv[4]).write_text(json.dumps(numbers) + "\n")
