# SPDX-License-Identifier: Apache-2.0
"""A page about the farm, for a browser on the same machine."""
