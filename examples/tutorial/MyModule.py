# SPDX-License-Identifier: Apache-2.0
"""A studio's module. The tutorial imports the module and calls it, as if it were the class."""

import sys
import types

from outline import Layer


class MyModule(Layer):
    def __init__(self, name, **args):
        Layer.__init__(self, name, **args)
        self.require_arg("arg1")

    def _execute(self, frames):
        for frame in frames:
            print("MyModule %s %s %d" % (self.get_arg("arg1"), self.get_arg("arg2"), frame))


class _CallableModule(types.ModuleType):
    def __call__(self, name, **args):
        return MyModule(name, **args)


sys.modules[__name__].__class__ = _CallableModule
