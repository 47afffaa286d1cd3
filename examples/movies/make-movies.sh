#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes two movies to cut, of two seconds each, without loss: equal pictures stay equal. Usage: sh make-movies.sh [FOLDER]
set -eu
folder=${1:-movies}
mkdir -p "$folder"
make() {
    ffmpeg -v error -nostdin -y -f lavfi -i "$2" -t 2 -pix_fmt yuv420p -qp 0 "$folder/$1.mp4"
}
make dive 'mandelbrot=size=240x136:rate=8:start_scale=2.5:end_scale=0.02:end_pts=60:maxiter=120'
make clock 'testsrc=size=240x136:rate=8'
