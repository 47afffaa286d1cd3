# SPDX-License-Identifier: Apache-2.0
"""What ``require`` made importable in this process."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any, ClassVar

from ..exception import OutlineException, file_errors
from ..logs import get_logger

__all__ = ["Session", "Settings", "Singleton", "VersionsException"]

logger = get_logger("outline.versions")


class VersionsException(OutlineException):
    """A version repository is missing, or one of its versions cannot be made importable."""


class Settings:
    """Where to look for versions. ``set_repos`` and ``set_module_repos`` change it."""

    repos_path: ClassVar[str] = ""
    module_repos: ClassVar[dict[str, str]] = {}


class Singleton(type):
    """Gives a class a single instance, made on first use."""

    # Any: what a class is called with is not known here.
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "_obj" not in cls.__dict__:
            cls._obj = super().__call__(*args, **kwargs)
        return cls._obj


class Session(metaclass=Singleton):
    """The versions chosen in this process.

    ``get_session`` gives the only one. It owns a temporary folder of links into the repository, which is on
    ``sys.path``. Both appear with the first module that it finds and go away with the process. Not thread-safe.
    """

    def __init__(self) -> None:
        self.__modules: dict[str, str] = {}
        self.__path = ""
        self.__owner = 0

    def require(self, module: str, version: str) -> bool:
        """Make a version of a module importable, or run its manifest. See ``outline.versions.require``.

        Raises:
            VersionsException: The link to the version cannot be made.
        """
        version = str(version)
        if self.is_module_loaded(module):
            if version != self.__modules[module]:
                logger.warning("%s %s is loaded, so version %s is not", module, self.__modules[module], version)
            return False
        repository = Settings.module_repos.get(module, Settings.repos_path)
        if not repository:
            logger.debug("no versions repository is set; %s %s is the installed one", module, version)
            return False
        source = os.path.realpath(os.path.join(repository, module, version))
        if not os.path.isdir(source):
            logger.warning("%s has no version %s of %s", repository, version, module)
            return False
        if not self.__load(module, source):
            return False
        # "latest" is a link: remember its target, if the repository has that under a name of its own.
        hard_version = os.path.basename(source)
        known = os.path.isdir(os.path.join(repository, module, hard_version))
        self.__modules[module] = hard_version if known else version
        return True

    def unrequire(self, module: str) -> bool:
        """Remove a module. Returns whether it was there. What is already imported stays imported."""
        if not self.is_module_loaded(module):
            logger.warning("cannot unload %s, it was not loaded", module)
            return False
        del self.__modules[module]
        link = os.path.join(self.__path, module)
        if self.__path and os.path.islink(link):
            os.unlink(link)
        return True

    def is_module_loaded(self, name: str) -> bool:
        """Whether ``require`` has loaded a version of a module."""
        return name in self.__modules

    def get_path(self) -> str:
        """The folder of links. Makes it if necessary."""
        if not self.__path:
            import atexit
            import tempfile

            self.__path = tempfile.mkdtemp(prefix="outline-versions-")
            self.__owner = os.getpid()
            sys.path.insert(_place_in_sys_path(), self.__path)
            atexit.register(self.__clean_at_exit)
        return self.__path

    def clean(self, shutil_ptr: Any) -> None:
        """Forget all modules and remove the folder.

        Args:
            shutil_ptr: The module ``shutil``. It is a parameter because PyOutline's callers pass it.
        """
        self.__modules.clear()
        path, self.__path = self.__path, ""
        if path:
            sys.path[:] = [entry for entry in sys.path if entry != path]
            shutil_ptr.rmtree(path, ignore_errors=True)

    def get_version(self, module: str, default: str = "latest") -> str:
        """The loaded version of a module."""
        return self.__modules.get(module, default)

    def get_ver_str(self) -> str:
        """All loaded modules as ``name:version,name:version``."""
        return ",".join(f"{module}:{version}" for module, version in self.__modules.items())

    def __load(self, module: str, source: str) -> bool:
        """Link a package into the folder. Runs the manifest of anything else."""
        if os.path.isfile(os.path.join(source, "__init__.py")):
            with file_errors(VersionsException, f"{module}: cannot link to {source}"):
                os.symlink(source, os.path.join(self.get_path(), module), target_is_directory=True)
            return True
        manifest = os.path.join(source, "manifest.py")
        if os.path.isfile(manifest):
            return _run_manifest(manifest)
        logger.warning("%s has neither __init__.py nor manifest.py, so %s is not loaded", source, module)
        return False

    def __clean_at_exit(self) -> None:
        if os.getpid() != self.__owner:  # a forked frame leaves the folder to the process that made it
            return
        import shutil

        self.clean(shutil)


def _run_manifest(path: str) -> bool:
    """Run a manifest as the module ``manifest``. Returns whether it ran to its end."""
    from importlib.machinery import SourceFileLoader

    manifest = ModuleType("manifest")
    manifest.__file__ = path
    sys.modules["manifest"] = manifest
    try:
        SourceFileLoader("manifest", path).exec_module(manifest)
    except Exception:  # foreign code
        del sys.modules["manifest"]
        logger.exception("the manifest %s failed, so its module is not loaded", path)
        return False
    return True


def _place_in_sys_path() -> int:
    """The position after the standard library, which nothing may shadow, and before installed packages."""
    for place, entry in enumerate(sys.path):
        if os.path.basename(entry) in {"site-packages", "dist-packages"}:
            return place
    return len(sys.path)
