# SPDX-License-Identifier: Apache-2.0
"""Choose versions of Python modules from a studio's repository: ``repository/module/version``.

Nothing happens before the first ``require`` that finds a repository. Old scripts begin with
``versions.require("outline", "latest")``, which does nothing without a repository.
"""

from __future__ import annotations

from .main import (
    VersionsException,
    get_repos,
    get_session,
    get_version,
    require,
    set_module_repos,
    set_repos,
    unrequire,
)

__all__ = [
    "VersionsException",
    "get_repos",
    "get_session",
    "get_version",
    "require",
    "set_module_repos",
    "set_repos",
    "unrequire",
]
