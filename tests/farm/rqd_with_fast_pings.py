# SPDX-License-Identifier: Apache-2.0
"""Starts RQD with other constants than its own: pings and memory readings every second, no wait of ten seconds.

They are constants in RQD, and no configuration reaches them. It runs in RQD's own environment.
"""

import time
from types import SimpleNamespace

import rqd.__main__
import rqd.rqconstants
import rqd.rqcore

rqd.rqconstants.RQD_MIN_PING_INTERVAL_SEC = 1
rqd.rqconstants.RQD_MAX_PING_INTERVAL_SEC = 1
rqd.rqconstants.RSS_UPDATE_INTERVAL = 1
# It waits for ten seconds before it says that it could not start a frame.
rqd.rqcore.time = SimpleNamespace(time=time.time, ctime=time.ctime, sleep=lambda seconds: time.sleep(seconds / 20))
rqd.__main__.main()
