# SPDX-License-Identifier: Apache-2.0
"""The edges of a picture, as Canny's filter finds them: ``python edges.py PICTURE EDGES``; it needs OpenCV."""

import sys

import cv2

grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
cv2.imwrite(sys.argv[2], cv2.Canny(grey, 60, 160))
