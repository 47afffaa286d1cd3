# SPDX-License-Identifier: Apache-2.0
"""Compares this library with the tools a person would use in its place, in one run on one machine."""
