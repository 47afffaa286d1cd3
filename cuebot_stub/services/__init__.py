# SPDX-License-Identifier: Apache-2.0
"""The gRPC services of the farm: one class for each service of OpenCue, with the protocol's names."""
