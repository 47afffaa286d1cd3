// SPDX-License-Identifier: Apache-2.0
// A striped ball rolls over a chess board while the clock runs from 0 to 1.
#version 3.7;
global_settings { assumed_gamma 1.0 max_trace_level 6 }
camera { location <0, 2.4, -6.5> right x*image_width/image_height look_at <0, 0.7, 0> angle 42 }
light_source { <-6, 9, -5> rgb <1.0, 0.95, 0.85> }
light_source { <8, 4, -2> rgb <0.2, 0.25, 0.4> shadowless }
sky_sphere { pigment { gradient y color_map { [0 rgb <0.95, 0.75, 0.55>] [0.4 rgb <0.25, 0.45, 0.8>] } } }
plane { y, 0 pigment { checker rgb <0.9, 0.88, 0.8> rgb <0.15, 0.2, 0.3> } finish { reflection 0.12 } }
#declare Way = 5 * (clock - 0.5);
sphere {
  0, 1
  texture {
    pigment { radial frequency 8 color_map { [0.5 rgb <0.9, 0.25, 0.1>] [0.5 rgb <0.98, 0.85, 0.3>] } rotate x*90 }
    finish { phong 0.9 reflection 0.08 }
  }
  rotate z * -degrees(Way)
  translate <Way, 1, 0>
}
#declare Place = 0;
#while (Place < 5)
  cylinder { <Place * 1.6 - 3.2, 0, 3>, <Place * 1.6 - 3.2, 2.2, 3>, 0.22 pigment { rgb <0.6, 0.65, 0.7> } finish { phong 0.5 } }
  #declare Place = Place + 1;
#end
