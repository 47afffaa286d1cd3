# SPDX-License-Identifier: Apache-2.0
"""``outline check``: all problems of an outline at once, without launching or writing anything."""
