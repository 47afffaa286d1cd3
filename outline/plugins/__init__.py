# SPDX-License-Identifier: Apache-2.0
"""Studio plug-ins: modules that watch layers being made and add options to the launcher.

A plug-in is a module with any of these functions:

- ``loaded()``, called once after the import;
- ``init(layer)``, called for every new layer;
- ``init_cuerun_plugin(cuerun)``, called with the launching tool before that reads its command line. It may call
  ``cuerun.add_event_listener(event_type, callback)``, and add options to ``cuerun.get_parser()``, which is an
  ``optparse.OptionParser`` with ``add_plugin_option`` beside.
"""

from __future__ import annotations

from .manager import PluginManager

__all__ = ["PluginManager"]
