"""The tests run on the build that they are said to run on, and a compiled wheel holds what it should."""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import distribution
from pathlib import Path
from pkgutil import walk_packages

import pytest
from support.builds import IS_COMPILED, ROOT, compiled_modules, compiled_only, is_extension

import mailstrata

LIBRARY = "mailstrata._compiled__mypyc"


def test_the_modules_that_are_compiled() -> None:
    """None in the source; in the compiled build those that pyproject.toml names, and no others."""
    found = {module.name for module in walk_packages(mailstrata.__path__, "mailstrata.") if is_extension(module.name)}
    assert found == ({LIBRARY, *compiled_modules()} if IS_COMPILED else set())


@compiled_only
def test_the_compiled_build_is_installed_and_imported() -> None:
    """Not the source of this checkout, and no interpreted function where a compiled one should be."""
    assert ROOT / "src" not in Path(mailstrata.__file__).parents
    for name in compiled_modules():
        module = import_module(name)
        for value in vars(module).values():
            if getattr(value, "__module__", None) == name and hasattr(value, "__code__"):
                pytest.fail(f"{name}.{value.__name__} is not compiled")


@compiled_only
def test_the_compiled_wheel() -> None:
    """It says for which Python it is; each extension module lies beside its source, and all are in the package."""
    wheel = distribution("mailstrata")
    assert "Root-Is-Purelib: false" in str(wheel.read_text("WHEEL"))
    paths = [Path(str(path)) for path in wheel.files or ()]
    extensions = {path for path in paths if path.name.endswith(tuple(EXTENSION_SUFFIXES))}
    library = {path for path in extensions if path.name.startswith("_compiled__mypyc.")}
    sources = {path.with_name(path.name.split(".")[0] + ".py") for path in extensions - library}
    assert len(library) == 1
    assert {path.parts[0] for path in extensions} == {"mailstrata"}
    assert sources == {Path(*module.split(".")).with_suffix(".py") for module in compiled_modules()}
    assert sources <= set(paths)
