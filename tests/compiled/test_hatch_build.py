"""The build hook: off unless asked for, in one line where it cannot, and never a change to the source tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.builds import ROOT, compiled_modules

import hatch_build

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "mailstrata"
version = "1"
requires-python = ">=3.11"
[tool.hatch.build.targets.wheel]
packages = ["src/mailstrata"]
[tool.hatch.build.targets.wheel.hooks.custom]
compile = ["mailstrata.inner.hot", "mailstrata.warm"]
"""
HOT = """
from mailstrata.cold import NAME
from mailstrata.warm import double

def first(text: bytes, end: int) -> bytes:
    if end < 0:
        raise ValueError("no end")
    return text[:double(end)] + NAME
"""
SHOW = """
from mailstrata.inner import hot
import mailstrata.cold, mailstrata.warm
print(hot.first(b"abcdef", 2), *(m.__file__.endswith(".py") for m in (hot, mailstrata.warm, mailstrata.cold)))
"""
TRACEBACK = """
import traceback
from mailstrata.inner import hot
try:
    hot.first(b"", -1)
except ValueError:
    print(traceback.format_exc())
"""
needs_compiler = pytest.mark.skipif(bool(hatch_build.what_is_missing()), reason=hatch_build.what_is_missing())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of four modules, two of which are compiled."""
    package = tmp_path / "project" / "src" / "mailstrata"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner" / "__init__.py").touch()
    (package / "inner" / "hot.py").write_text(HOT)
    (package / "warm.py").write_text("def double(number: int) -> int:\n    return number * 2\n")
    (package / "cold.py").write_text('NAME = b"!"\n')
    (tmp_path / "project" / "pyproject.toml").write_text(PROJECT)
    shutil.copy(ROOT / "hatch_build.py", tmp_path / "project")
    return tmp_path / "project"


def build(
    project: Path, target: str = "wheel", **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """Build, and check that the source tree is as it was; gives the wheels."""
    before = sorted(project.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(project.parent / "dist")],
        cwd=project,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", hatch_build.SWITCH: "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(project.rglob("*")) == before
    return done, sorted(project.parent.glob("dist/*.whl"))


def run(wheel: Path, code: str) -> str:
    """What a program prints that imports from an unpacked wheel."""
    zipfile.ZipFile(wheel).extractall(wheel.parent / "unpacked")
    return subprocess.run(
        [sys.executable, "-c", code], cwd=wheel.parent / "unpacked", capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("switch", ["", "0", "no"])
def test_a_wheel_is_pure_unless_asked_otherwise(project: Path, switch: str) -> None:
    """A wheel for any Python anywhere."""
    done, wheels = build(project, **{hatch_build.SWITCH: switch})
    assert done.returncode == 0, done.stderr
    assert [wheel.name for wheel in wheels] == ["mailstrata-1-py3-none-any.whl"]
    assert run(wheels[0], SHOW) == "b'abcd!' True True True\n"


@needs_compiler
def test_a_compiled_wheel(project: Path) -> None:
    """What is named is compiled and calls what is not; the source lies beside it; nothing lies outside the package."""
    done, wheels = build(project, **{hatch_build.SWITCH: "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = wheels
    tag = wheel.stem.removeprefix("mailstrata-1-")
    assert tag.startswith(f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}")
    assert not tag.endswith("any")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert [name for name in names if not name.startswith("mailstrata/")] == []
    assert {name for name in names if name.endswith(".py")} == {
        f"mailstrata/{name}.py" for name in ("__init__", "cold", "inner/__init__", "inner/hot", "warm")
    }
    assert sorted(name.split(".")[0] for name in names if not name.endswith(".py")) == [
        "mailstrata/_compiled__mypyc",
        "mailstrata/inner/hot",
        "mailstrata/warm",
    ]
    assert run(wheel, SHOW) == "b'abcd!' False False True\n"
    assert 'raise ValueError("no end")' in run(wheel, TRACEBACK)


@needs_compiler
def test_what_compiled_code_would_refuse_to_run_is_not_built(project: Path) -> None:
    """A statement that seems unreachable, because a method changes what was asked before, is named with its place."""
    warm = project / "src" / "mailstrata" / "warm.py"
    warm.write_text(
        "class Gate:\n"
        "    def __init__(self) -> None:\n"
        "        self.is_open = False\n"
        "    def push(self) -> None:\n"
        "        self.is_open = True\n"
        "    def enter(self) -> int:\n"
        "        if self.is_open:\n"
        "            return 1\n"
        "        self.push()\n"
        "        if self.is_open:\n"
        "            return 2\n"
        "        return 3\n"
    )
    done, wheels = build(project, **{hatch_build.SWITCH: "1"})
    assert done.returncode != 0
    assert "warm.py:11: error: Statement is unreachable" in done.stdout
    assert wheels == []


def test_without_a_compiler_one_line_says_what_to_do(project: Path) -> None:
    """No traceback; what is missing, how to get it, and how to do without."""
    done, wheels = build(project, CC="no-such-compiler -pthread", **{hatch_build.SWITCH: "1"})
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("mailstrata: cannot compile: there is no C compiler 'no-such-compiler'; install one")
    assert line.endswith("or unset MAILSTRATA_COMPILE, and mailstrata is built in pure Python")
    assert wheels == []


def test_an_editable_install_is_not_compiled(project: Path) -> None:
    """It would run the source, whatever was compiled; so it says so."""
    done, wheels = build(project, "wheel:editable", **{hatch_build.SWITCH: "1"})
    assert done.returncode != 0
    assert done.stderr.startswith("mailstrata: an editable install runs the source")
    assert wheels == []


@needs_compiler
def test_a_module_that_is_not_there(project: Path) -> None:
    """A module that was renamed is named."""
    (project / "src" / "mailstrata" / "warm.py").rename(project / "src" / "mailstrata" / "cool.py")
    done, _ = build(project, **{hatch_build.SWITCH: "1"})
    assert done.stderr.startswith("mailstrata: pyproject.toml says that mailstrata.warm is compiled, but there is no ")


def test_what_has_to_be_installed_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing more than hatchling, unless it compiles."""
    hook = hatch_build.CompileHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    monkeypatch.delenv(hatch_build.SWITCH, raising=False)
    assert hook.dependencies() == []
    monkeypatch.setenv(hatch_build.SWITCH, "1")
    assert hook.dependencies() == list(hatch_build.REQUIREMENTS)


def test_the_modules_of_this_project_are_there() -> None:
    """Each that pyproject.toml names, once, in order."""
    modules = compiled_modules()
    assert modules == sorted(set(modules))
    assert len(hatch_build.source_files(ROOT / "src", modules)) == len(modules)
