# SPDX-License-Identifier: Apache-2.0
"""Open Job Description: an outline as a job bundle, and a template as an outline.

``template`` and ``reading`` are pure: plans and templates in, templates and texts out. ``bundle`` writes files.
"""

VERSION = "jobtemplate-2023-09"
