"""The compiled build says the same of all mail as the source does: no result changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.builds import ROOT, compiled_only
from support.everything import everything, receive, send

from fuzz.seeds import seeds
from fuzz.tokens import TOKENS
from mailstrata.parser import machine

pytestmark = compiled_only

mail = st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)
inputs = st.one_of(mail, mail, st.builds(bytes.__add__, mail, st.binary(max_size=200)), st.binary(max_size=300))


@pytest.fixture(scope="module")
def by_source() -> Iterator[Callable[[bytes], list[str]]]:
    """What the source of this checkout says, interpreted in a process of its own."""
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "tests", "."))
    with subprocess.Popen(
        [sys.executable, "-m", "support.everything"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout
        assert receive(stdout) == str(ROOT / "src/mailstrata/parser/machine.py").encode()
        assert not str(machine.__file__).endswith(".py")

        def ask(data: bytes) -> list[str]:
            send(stdin, data)
            answer = receive(stdout)
            assert answer is not None, "the source fails where the compiled build does not"
            return answer.decode("utf-8", "surrogatepass").split("\n")

        yield ask
        stdin.close()


def test_seeds(by_source: Callable[[bytes], list[str]]) -> None:
    """Oddities and hostile cases of many kinds."""
    for data in sorted({seed[4:] for target in ("reader", "stripping", "header-blocks") for seed in seeds(target)}):
        assert everything(data) == by_source(data)


@settings(max_examples=400)
@given(inputs)
def test_any_mail(by_source: Callable[[bytes], list[str]], data: bytes) -> None:
    """Mail made of what mail is made of, and any bytes."""
    assert everything(data) == by_source(data)
