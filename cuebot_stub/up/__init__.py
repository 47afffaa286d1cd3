# SPDX-License-Identifier: Apache-2.0
"""A whole farm on one machine: the server and real RQD hosts, started, watched and stopped together.

``start`` puts the parts together; everything that lives longer than the command stands in the farm's folder
(:mod:`cuebot_stub.up.places`), so that another command can look at the farm and take it down.
"""
