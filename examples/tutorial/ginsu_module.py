# SPDX-License-Identifier: Apache-2.0
"""The Ginsu module: what the constructor keeps in private attributes is there when the frame runs."""

from outline import Layer


class Ginsu(Layer):
    def __init__(self, name, **args):
        Layer.__init__(self, name, **args)
        self.require_arg("input")
        self.require_arg("output")
        self.__input = self.get_arg("input")
        self.__output = self.get_arg("output")

    def _execute(self, frames):
        for frame in frames:
            self.system(["ginsu", "-filein", self.__input,
                         "-fit", self.get_arg("fit", "100x100"),
                         "-fileout", self.__output,
                         "-t", "%{FRAME}"], frame=frame)
