"""The tests; `app`, as they say, is the package under the name that it has at run time."""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Alias(MetaPathFinder, Loader):
    """Gives the modules of `mail_tickets` for those of `app`, so that none is loaded twice."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name.partition(".")[0] == "app" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(f"mail_tickets{spec.name.removeprefix('app')}")
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


sys.meta_path.insert(0, _Alias())
