# SPDX-License-Identifier: Apache-2.0
"""The farm: shows, hosts, jobs, and what starts where. Imports neither gRPC nor SQL, and reads no clock."""
