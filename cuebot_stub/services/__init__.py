# SPDX-License-Identifier: Apache-2.0
"""The gRPC face of the farm: one class per service of OpenCue, its methods named like the protocol's."""
