"""Names of a package that are imported when they are first used.

They are listed once, in the package's ``__init__.pyi``, where type checkers and editors see them as
plain imports; that file is read at run time too.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lazy(package: str) -> tuple[list[str], Callable[[str], Any]]:
    """``__all__`` and ``__getattr__`` of a package with an ``__init__.pyi``."""
    stub = Path(str(sys.modules[package].__file__)).with_suffix(".pyi")
    homes = {
        alias.asname or alias.name: str(node.module)
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return sorted(homes), find
