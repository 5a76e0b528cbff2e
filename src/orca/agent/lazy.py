# SPDX-License-Identifier: Apache-2.0
"""Load modules at their first use, since libraries import some that they hardly ever use.

``importlib.util.LazyLoader`` does not help: up to Python 3.13 the statement ``import`` itself counts as a use.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Postponed(ModuleType):
    """Stands for a module until something in it is used."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)


def postpone(*names: str) -> None:
    """Put off the loading of these modules, each in a package, to their first use; loaded ones stay."""
    for name in names:
        if name not in sys.modules:
            package, _, child = name.rpartition(".")
            sys.modules[name] = module = _Postponed(name)
            setattr(importlib.import_module(package), child, module)
