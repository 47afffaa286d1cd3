# SPDX-License-Identifier: Apache-2.0
"""The built-in configuration: every option that the library knows, with what it is for.

It is text in a module rather than a data file, because it then is in every wheel, zip and frozen application.
"""

from __future__ import annotations

__all__ = ["DEFAULTS"]

DEFAULTS = """\
[outline]
# The folder that holds the package; filled in when empty.
home =
# A folder of the user for files of no job; filled in when empty: <temporary folder>/opencue/outline/<user>.
user_dir =
# Where farm hosts find pycuerun, when it is set; else they call that of the installation that launches. Filled in
# when empty, for modules: %(home)s/bin if that holds pycuerun, else the folder of the interpreter if that does.
bin_dir =
# PyOutline's wrapper scripts, which frames on the farm run in when this is set. None is needed; modules may ask for it.
wrapper_dir = %(home)s/wrappers
# Sessions are made below it. {HOME}, {SHOW} and {SHOT} are replaced for each job.
session_dir = {HOME}/.opencue/sessions
# Who may read and write sessions: empty leaves it to the umask, "group" opens them to the group.
session_mode =
# Where frames run when --backend is not given: local (this machine), cue (OpenCue), or an installed backend.
backend = cue
# Version of the job description that is sent to Cuebot.
spec_version = 1.15
# Facility, when neither the outline nor --facility names one.
facility = local
# Appended to user names to make mail addresses.
domain = example.com
# How often a failed frame is tried again.
maxretries = 2
# Show and shot, when neither the outline nor $SHOW and $SHOT name them.
default_show = testing
default_shot = default
# How long to wait for a script that is not there yet, for network file systems that lag behind.
wait_for_file_seconds = 0
# Also load the plug-ins that installed packages offer under the entry point group outline.plugins.
# Off, because looking through the installed packages costs some 30 ms at every start.
entry_points = false

[local]
# Cores and memory that frames may use together on this machine; empty means all it has. Memory like 24g or 800m.
cores =
memory =
# Between asking a frame to end (TERM) and killing it.
grace_seconds = 10
# How frames that run Python get a process: fork, or spawn (a new interpreter each; also used where fork is missing).
frame_process = fork

# Plug-ins: one section [plugin:NAME] each, with module, enable, and priority (lower numbers load first, default 0).
[plugin:local]
module = outline.plugins.local
enable = 1
"""
