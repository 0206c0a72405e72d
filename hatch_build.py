"""The build hook: with MAILSTRATA_COMPILE=1, hot modules are compiled with mypyc and go into the wheel as well.

Without it nothing happens, and the wheel is pure Python. Which modules are hot is the option `compile` of this hook in
pyproject.toml; docs/compiled.md says why these, and what differs.

The plugin hatch-mypyc does the like. It builds in the source tree, where an editable install would import what was
compiled, moves pyproject.toml away while it builds, and puts the shared library beside the package, not into it.
"""

from __future__ import annotations

import importlib
import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "MAILSTRATA_COMPILE"
# From this mypy on, the library that compiled modules share can lie inside of the package.
REQUIREMENTS = ("mypy>=2.4,<3", "setuptools>=70")

# `make check` sees to the types. Here they decide what is made, so they must not depend on what happens to be
# installed. What mypy takes for unreachable, compiled code would refuse to run.
_MYPY_OPTIONS = (
    "--config-file=",
    "--no-site-packages",
    "--ignore-missing-imports",
    "--follow-imports=silent",
    "--warn-unreachable",
)


class CompileHook(BuildHookInterface[BuilderConfig]):
    """Compiles where the environment says so."""

    PLUGIN_NAME = "custom"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """What has to be installed to build."""
        return list(REQUIREMENTS) if is_switched_on() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have what was made put into the wheel, which is then one for this platform and this Python."""
        if not is_switched_on():
            return
        if version == "editable":
            _fail(f"an editable install runs the source as it stands; unset {SWITCH}, or install without --editable")
        problem = what_is_missing()
        if problem:
            _fail(f"cannot compile: {problem}; or unset {SWITCH}, and mailstrata is built in pure Python")
        self._folder = TemporaryDirectory(prefix="mailstrata-compile-")
        folder = Path(self._folder.name)
        sources = Path(self.root, "src")
        library = compile_files(sources, source_files(sources, self.config["compile"]), folder)
        for path in sorted(library.rglob("*.*")):
            build_data["force_include"][str(path)] = path.relative_to(library).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """The wheel has its copies."""
        if self._folder is not None:
            self._folder.cleanup()


def is_switched_on() -> bool:
    """Whether the environment asks for compiled modules."""
    return os.environ.get(SWITCH, "").lower() not in ("", "0", "false", "no", "off")


def what_is_missing() -> str:
    """What this interpreter or this machine lacks to compile, and how to get it, in one line; empty if nothing."""
    if sys.implementation.name != "cpython":
        return f"mypyc compiles for CPython, and this is {sys.implementation.name}"
    if os.name == "nt":
        # setuptools looks for the compiler in the registry, and says what to install where there is none.
        return ""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler {compiler!r}; install one (Debian: apt install gcc), or name yours in CC"
    headers = sysconfig.get_path("include")
    if not Path(headers, "Python.h").is_file():
        return (
            f"there is no Python.h in {headers}; install the headers of this Python (Debian: apt install python3-dev)"
        )
    return ""


def source_files(sources: Path, modules: list[str]) -> list[Path]:
    """The files of modules, relative to the folder of the sources."""
    paths = [Path(*module.split(".")).with_suffix(".py") for module in modules]
    for module, path in zip(modules, paths, strict=True):
        if not (sources / path).is_file():
            _fail(f"pyproject.toml says that {module} is compiled, but there is no {sources / path}")
    return paths


def compile_files(sources: Path, paths: list[Path], folder: Path) -> Path:
    """Compile modules into a folder, and nothing into the source tree; returns where the extension modules lie.

    All of them share one library in the package, so that a call from one to another costs what a call in C costs.
    Tracebacks name the files as they are named here; with relative names, Python finds the lines in what is installed.
    """
    # Only whoever compiles has these.
    mypycify = importlib.import_module("mypyc.build").mypycify
    setuptools = importlib.import_module("setuptools")
    with _working_directory(sources):
        extensions = mypycify(
            [*_MYPY_OPTIONS, f"--cache-dir={folder / 'cache'}", *map(str, paths)],
            target_dir=str(folder / "c"),
            group_name="mailstrata._compiled",
            debug_level="0",
        )
        for extension in extensions:
            # What another compiler warns about is no reason to have no build.
            extension.extra_compile_args = [one for one in extension.extra_compile_args if one != "-Werror"]
        command = setuptools.Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
        command.ensure_finalized()
        command.run()
    return folder / "lib"


@contextmanager
def _working_directory(path: Path) -> Iterator[None]:
    # mypy and setuptools know no other place to begin at.
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def _fail(problem: str) -> NoReturn:
    # Not an exception: whoever builds is told in one line, and needs no traceback.
    sys.exit(f"mailstrata: {problem}")


if __name__ == "__main__":
    print(what_is_missing())
