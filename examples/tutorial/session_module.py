# SPDX-License-Identifier: Apache-2.0
"""Keeps a path and a scene file in the session, for the frames."""

import os

from outline import Layer

SCENE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scene.file")


class SessionModule(Layer):
    def _setup(self):
        self.put_data("outputpath", self.get_arg("path"))
        self.put_file(SCENE)
        self.put_file(SCENE, rename="other.file")

    def _execute(self, frames):
        print("path %s" % self.get_data("outputpath"))
        for name in ("scene.file", "other.file"):
            with open(self.get_file(name)) as stream:
                print("%s holds %s" % (name, stream.read().strip()))
