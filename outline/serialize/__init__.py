# SPDX-License-Identifier: Apache-2.0
"""An outline as safe YAML, and back."""
