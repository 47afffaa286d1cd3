# SPDX-License-Identifier: Apache-2.0
"""A studio's launch tool, as one writes it for PyOutline 1.37: run by both, it must do the same."""

import sys
from optparse import OptionGroup

from cuerunbase import AbstractCuerun
from outline import event


class SubmitShot(AbstractCuerun):
    usage = "usage: %prog [options] OUTLINE"
    descr = "Submits a shot."

    def __init__(self):
        AbstractCuerun.__init__(self)
        self.add_event_listener(event.BEFORE_LAUNCH, self.before)
        self.add_event_listener(event.AFTER_LAUNCH, self.after)

    def add_my_options(self):
        parser = self.get_parser()
        group = OptionGroup(parser, "Shot options")
        parser.add_option_group(group)
        group.add_option("--scene", dest="scene", metavar="FILE", help="The scene.")
        # Names that launch options of other programs have as well.
        group.add_option("--memory", dest="memory", default="300m")
        group.add_option("--work", action="store_true", dest="work", default=False)
        group.add_option("-u", "--user", dest="user")
        parser.add_option("-j", "--job", dest="basename")
        parser.get_option_group("--pause").add_option("--hold", action="store_true", dest="pause")
        parser.set_defaults(priority=42, scene="none.ma")

    def before(self, e):
        print("before", e.outline.get_name())
        e.outline.set_env("SUBMITTED_BY", "studio")

    def after(self, e):
        print("after", len(e.job))

    def handle_my_options(self, parser, options, args):
        from outline import load_outline

        if not args:
            parser.error("name an outline")
        ol = load_outline(args[0])
        ol.set_env("SCENE", options.scene)
        for layer in ol.get_layers():
            layer.set_arg("memory", options.memory)
        flags = sorted(self.options_to_dict(options))
        print("flags", flags)
        print("options", options.work, options.verbose, options.range, options.range_default, options.studio_level)
        jobs = self.launch_outline(ol, shot="sh020")
        for job in jobs:
            layer = job.getLayers()[0]
            print(job.data.name, job.data.user, job.data.priority, job.data.is_paused, job.data.shot)
            print(layer.data.name, layer.totalFrames(), layer.data.min_memory, layer.data.timeout)
            job.kill()


if __name__ == "__main__":
    SubmitShot().go()
    sys.exit(0)
