# SPDX-License-Identifier: Apache-2.0
"""A small OpenCue server: the protocol of Cuebot over the scheduler of ``outline``, and real RQD hosts on one machine.

``cuebot_stub.server.FarmServer`` is the server, ``cuebot_stub.cli`` the command ``cuebot-stub``. Importing this package
loads neither grpc nor the protocol's messages.
"""
