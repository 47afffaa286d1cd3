# SPDX-License-Identifier: Apache-2.0
"""The farm itself: shows, hosts, jobs, and what starts where. Knows neither gRPC nor SQL nor a clock of its own."""
