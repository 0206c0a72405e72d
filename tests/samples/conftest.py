"""The sample mailboxes, made once for a module, as `make samples` makes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Manifest = dict[str, list[dict[str, str | int]]]


def generate(target: Path, **environment: str) -> Manifest:
    """Run the generator; returns the manifest."""
    manifest = target.parent / f"{target.name}.json"
    printed = subprocess.run(
        [sys.executable, "-m", "samples.generate", "--to", str(target), "--manifest", str(manifest)],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.count("\n") == 1
    found: Manifest = json.loads(manifest.read_text())
    return found


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """The samples and their manifest."""
    target = tmp_path_factory.mktemp("samples") / "mail"
    return target, generate(target)


@pytest.fixture(scope="session")
def mail(made: tuple[Path, Manifest]) -> Path:
    """The folder of the samples."""
    return made[0]


@pytest.fixture(scope="session")
def manifest(made: tuple[Path, Manifest]) -> Manifest:
    """What is in each mailbox."""
    return made[1]


@pytest.fixture
def made_again(tmp_path: Path) -> Path:
    """Another run, in another place, zone and locale, where something was left lying about."""
    target = tmp_path / "mail"
    (target / "left-over").mkdir(parents=True)
    generate(target, PYTHONHASHSEED="77", TZ="Asia/Tokyo", LC_ALL="C")
    return target
