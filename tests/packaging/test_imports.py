"""Who may import whom. Each layer imports only from those above it in this list."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cinekit

PACKAGE = Path(cinekit.__file__).parent

LAYERS = [
    {"text", "lazy", "eye"},
    {"errors"},
    {"checks"},
    {"labels", "view"},
    {"model"},
    {"protocols"},
    {"contract"},
    {"store"},
    {"energy"},
    {"clip", "see"},
    {"solve"},
    {"loop"},
    {"judge"},
    {"mend"},
    {"features"},
    {"plug"},
    {"result"},
    {"write"},
    {"rank"},
    {"settings"},
    {"replay"},
    {"job"},
    {"api"},
    {"testing"},
    {"app"},
    {"__main__"},
]
"""``__init__`` is lazy, and checked on its own."""

LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

ONLY_IN = {
    "hydra": {"app"},
    "omegaconf": {"plug", "app"},
    "pluggy": {"plug"},
    "rich": {"app"},
    "sklearn": {"rank"},
    "torch": set(),
}
"""Library -> the modules of the core that may import it."""

PLUGIN_SIDE = {"hooks", "kinds", "providers", "registry", "builtin"}
MAY_USE = {"errors", "text", "protocols", "model", "store"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every imported module of a file, those inside functions included, as dotted names."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "cinekit":
                found |= {f"cinekit.{alias.name}" for alias in node.names}
    return found


def part_of(path: Path) -> str:
    """The layer's name of a file: its first folder or module below the package."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def inner(path: Path) -> set[str]:
    """Layers of cinekit that a file imports, without its own."""
    names = {name.split(".")[1] for name in imports(path) if name.startswith("cinekit.")}
    return {name for name in names if (PACKAGE / name).exists() or name in LEVEL} - {part_of(path)}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_layers_above(path):
    part = part_of(path)
    if part == "__init__":
        assert inner(path) == {"lazy"}, "cinekit/__init__.py imports nothing until it is asked"
    else:
        assert part in LEVEL, f"{part}: give it a place in LAYERS"
        wrong = [name for name in inner(path) if LEVEL[name] >= LEVEL[part]]
        assert not wrong, f"{part} must not import {wrong}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_is_used_where_it_belongs(path):
    for name in {name.partition(".")[0] for name in imports(path)} & set(ONLY_IN):
        assert part_of(path) in ONLY_IN[name], name


@pytest.mark.parametrize("part", sorted(PLUGIN_SIDE))
def test_the_plugin_side_knows_protocols_only(part):
    path = PACKAGE / "plug" / f"{part}.py"
    siblings = {name.split(".")[2] for name in imports(path) if name.startswith("cinekit.plug.")}
    assert inner(path) <= MAY_USE
    assert siblings & {other.stem for other in (PACKAGE / "plug").iterdir()} <= PLUGIN_SIDE


def test_the_rules_find_a_forbidden_import(tmp_path):
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from hydra import main\n    import cinekit.app.make\n")
    assert imports(module) == {"hydra", "cinekit.app.make"}


HEAVY = ["torch", "hydra", "omegaconf", "sklearn", "av", "numba", "cv2", "scipy", "PIL", "pluggy"]


@pytest.mark.parametrize("module", ["cinekit", "cinekit.model", "cinekit.protocols", "cinekit.app"])
def test_light_modules_stay_light(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_cinekit_loads_no_plugin():
    code = (
        "import sys, cinekit, importlib.metadata as m; "
        "names = [e.module for e in m.entry_points(group='cinekit')]; "
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
