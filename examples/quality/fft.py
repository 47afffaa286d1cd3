# SPDX-License-Identifier: Apache-2.0
"""How much fine structure a picture has, by its spectrum without low frequencies: ``python fft.py PICTURE NUMBER``."""

import sys

import cv2
import numpy as np

_LOW = 40

grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
spectrum = np.fft.fftshift(np.fft.fft2(grey))
row, column = (size // 2 for size in grey.shape)
spectrum[row - _LOW : row + _LOW, column - _LOW : column + _LOW] = 0
fine = np.abs(np.fft.ifft2(np.fft.ifftshift(spectrum)))
with open(sys.argv[2], "w") as stream:
    print(f"{20 * np.log10(fine.mean() + 1e-9):.3f}", file=stream)
