#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cuts a movie into four pictures a second, beside a list of them. Usage: sh cut.sh MOVIE LIST NAME
set -eu
folder=$(dirname "$2")/$3
rm -rf "$folder"
mkdir -p "$folder"
ffmpeg -v error -nostdin -i "$1" -vf fps=4 "$folder/%04d.png"
ls "$folder" > "$2"
