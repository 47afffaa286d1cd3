// SPDX-License-Identifier: Apache-2.0
// A ball that rolls from left to right while it changes its colour.
#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 1.5, -5> look_at 0 }
light_source { <4, 6, -6> rgb 1 }
background { rgb <0.1, 0.1, 0.2> }
sphere {
  <3 * (clock - 0.5), 0, 0>, 0.8
  pigment { rgb <1, clock, 0.2> }
  finish { ambient 0.2 }
}
