# SPDX-License-Identifier: Apache-2.0
"""The work folder: remembers what was made from what, so that a second launch runs only what is missing."""
