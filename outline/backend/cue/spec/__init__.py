# SPDX-License-Identifier: Apache-2.0
"""The job spec: the XML document that describes a job to an OpenCue server.

One small function per element, in the order of the server's document type definition.
"""
