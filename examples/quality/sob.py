# SPDX-License-Identifier: Apache-2.0
"""How strong the edges of a picture are, by the variance of both Sobel filters: ``python sob.py PICTURE NUMBER``."""

import sys

import cv2

grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
across, down = (cv2.Sobel(grey, cv2.CV_64F, *order) for order in ((1, 0), (0, 1)))
with open(sys.argv[2], "w") as stream:
    print(f"{cv2.magnitude(across, down).var():.3f}", file=stream)
