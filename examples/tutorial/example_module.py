# SPDX-License-Identifier: Apache-2.0
"""The anatomy of a module: every hook, saying when it runs."""

from outline import Layer


class ExampleModule(Layer):
    def __init__(self, name, **args):
        Layer.__init__(self, name, **args)
        self.log = []

    def _after_init(self):
        self.log.append("_after_init %s" % self.get_outline().get_name())

    def _after_parented(self):
        self.log.append("_after_parented %s" % self.get_parent().get_name())

    def _setup(self):
        self.log.append("_setup")

    def _before_execute(self):
        self.log.append("_before_execute")

    def _execute(self, frames):
        self.log.append("_execute %s" % list(frames))

    def _after_execute(self):
        self.log.append("_after_execute")
        print("%s: %s" % (self.get_name(), ", ".join(self.log)))
