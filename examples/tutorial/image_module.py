# SPDX-License-Identifier: Apache-2.0
"""Makes an object in the frame, because it could not be saved with the outline."""

from outline import Layer, io


class ImageModule(Layer):
    def __init__(self, name, **args):
        Layer.__init__(self, name, **args)
        self.require_arg("input_file")

    def _pre_execute(self):
        self.add_input(io.Image(self.get_arg("input_file")))

    def _execute(self, frames):
        for image in self.get_inputs().values():
            print("reads %s" % image.get_path())

    def _post_execute(self):
        print("done, error %s" % self.get_error())
