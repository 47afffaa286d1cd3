# SPDX-License-Identifier: Apache-2.0
"""A whole farm on one machine: the server and real RQD hosts, started, watched and stopped together.

``start`` starts the parts. The farm's folder (:mod:`cuebot_stub.up.places`) has everything that outlives the command,
so that another command can look at the farm and stop it.
"""
