# SPDX-License-Identifier: Apache-2.0
"""A studio's plug-in, as one writes it for PyOutline 1.37."""

from optparse import OptionGroup

from outline import event

NAMES = ("studio_level", "studio_tags", "studio_mode", "studio_cores", "studio_renderer", "studio_quick", "pause")


def loaded():
    print("loaded")


def init_cuerun_plugin(cuerun):
    parser = cuerun.get_parser()
    parser.add_option("--studio-level", type="int", dest="studio_level", default=1, help="The level.")
    group = OptionGroup(parser, "Studio")
    group.add_option(
        "-Q", "--queue", action="callback", type="string", nargs=2, callback=take_queue, callback_args=(cuerun,)
    )
    group.add_option("--tag", action="append", dest="studio_tags", default=[])
    group.add_option("--fast", action="store_const", const="fast", dest="studio_mode", default="slow")
    # pycuerun has got options of these names since.
    group.add_option("--cores", type="float", dest="studio_cores", default=0.5)
    parser.add_option_group(group)
    if not parser.has_option("--renderer"):
        parser.add_plugin_option("--renderer", type="choice", choices=["arnold", "prman"], dest="studio_renderer")
    parser.set_defaults(pause=True)
    parser.get_option_group("--backend").add_option("--quick", action="store_true", dest="studio_quick")


def take_queue(option, opt, value, parser, *args, **kwargs):
    print("queue", opt, value, parser.values.studio_level)
    args[0].add_event_listener(event.BEFORE_LAUNCH, before)


def before(e):
    values = e.cuerun.get_parser().values
    print("plug-in", e.outline.get_name(), [getattr(values, name) for name in NAMES])
    e.outline.set_env("QUEUE", "studio")


def init(layer):
    layer.set_arg("timeout", 7)
