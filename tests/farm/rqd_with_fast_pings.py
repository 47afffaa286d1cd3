# SPDX-License-Identifier: Apache-2.0
"""Starts RQD with other constants than its own: pings and memory readings every second.

They are constants in RQD, and no configuration reaches them. Only for tests of what pings do. It runs in RQD's own
environment.
"""

import rqd.__main__
import rqd.rqconstants

rqd.rqconstants.RQD_MIN_PING_INTERVAL_SEC = 1
rqd.rqconstants.RQD_MAX_PING_INTERVAL_SEC = 1
rqd.rqconstants.RSS_UPDATE_INTERVAL = 1
rqd.__main__.main()
