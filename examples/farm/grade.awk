# SPDX-License-Identifier: Apache-2.0
# Colours a grey picture: deep blue, turquoise, white. The layer's variable GRADE_GAMMA lifts or lowers the middle.
BEGIN { gamma = ENVIRON["GRADE_GAMMA"] }
NR == 1 { print "P3" > out; next }
NR <= 3 { print > out; next }
{
    for (pixel = 1; pixel <= NF; pixel++) {
        tone = ($pixel / 255) ^ gamma
        printf "%d %d %d\n", 255 * tone ^ 3, 40 + 215 * tone ^ 1.5, 90 + 165 * tone > out
    }
}
