# SPDX-License-Identifier: Apache-2.0
"""Modules that libraries import and hardly ever use: loaded when somebody does.

``importlib.util.LazyLoader`` does not do: up to Python 3.13 the statement ``import`` itself is a use to it.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Postponed(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)


def postpone(*names: str) -> None:
    """Have these modules of packages loaded at the first use of anything in them; what is loaded already stays."""
    for name in names:
        if name not in sys.modules:
            package, _, child = name.rpartition(".")
            sys.modules[name] = module = _Postponed(name)
            setattr(importlib.import_module(package), child, module)
