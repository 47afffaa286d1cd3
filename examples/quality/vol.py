# SPDX-License-Identifier: Apache-2.0
"""How sharp a picture is, by the variance of its Laplacian: ``python vol.py PICTURE NUMBER``."""

import sys

import cv2

grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
with open(sys.argv[2], "w") as stream:
    print(f"{cv2.Laplacian(grey, cv2.CV_64F).var():.3f}", file=stream)
