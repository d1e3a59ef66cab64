"""Libraries that Ray imports in each of its processes without using them: they load when something of them is used.

The standard library's LazyLoader would load them at their second import already, before Python 3.12.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# For accelerators that are not here, for runtime environments, for tables in notebooks: 8 MB a process.
LATE = frozenset({"jsonschema", "requests", "wcwidth", "yaml"})


class _LateModule(ModuleType):
    """Stands for a library until something of it is used, and then is that library."""

    def __getattr__(self, name: str) -> Any:
        load(self)
        return ModuleType.__getattribute__(self, name)


class _LateLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.lock = threading.RLock()
        self.loading = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing of the library yet."""
        module.__class__ = _LateModule


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        library = fullname.partition(".")[0]
        if library not in LATE:
            return None
        if library != fullname:
            # A part of a library finds its whole as it expects it.
            load(sys.modules[library])
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _LateLoader(spec.loader)
        return spec


def load_late() -> None:
    """From now on the libraries of `LATE` are loaded by their first use in this process, not by their import."""
    sys.meta_path.insert(0, _Finder())


def load(module: ModuleType) -> None:
    """Loads what has not been loaded yet; other threads that ask meanwhile wait for it."""
    spec = module.__spec__
    if not isinstance(module, _LateModule) or spec is None or not isinstance(late := spec.loader, _LateLoader):
        return
    with late.lock:
        if late.loading or type(module) is not _LateModule:
            return
        late.loading = True
        try:
            late.loader.exec_module(module)
            spec.loader = module.__loader__ = late.loader
            module.__class__ = ModuleType  # type: ignore[assignment]
        finally:
            late.loading = False
