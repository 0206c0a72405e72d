"""The targets of the fuzzer over the inputs that it begins with, and over what it once found; without a fuzzer."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import guard
from fuzz.given import Given
from fuzz.seeds import seeds, write_seeds
from fuzz.targets import TARGETS
from fuzz.tokens import TOKENS, write_dictionary


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_pass(name: str) -> None:
    """Each target is fine with each of its seeds."""
    count = 0
    for data in seeds(name):
        TARGETS[name](data)
        count += 1
    assert count > 10


FOUND = [
    ("text", "a byte order mark of UTF-8 that ends within itself was lost", b"utf-8\n\xef"),
    (
        "text",
        "malformed escape sequences of ISO-2022-JP raised where a piece ended nine bytes into one",
        b"iso-2022-kr\n"
        + base64.b64decode(
            "RnJGcm9tIGIKCj4+RnJvbSBjCkZybw0HGyRCRnxLXDdsGyhCChskQkZ8S1w4fEtcOGwbKEIKGyRCbSBiCgo+PkZyb20gY/xGcm8U"
            "BxskQkZ8S1w3bBsoQgobJHF1b3RlZC1wcmludGFibGUkQkZ8S1w4bBsouwobJEJGfEtcOGxGfEtcOGwbKLsKGyS8rs63Y3Z0G20="
        ),
    ),
]
"""Target, what was wrong, and the content of the input that showed it."""


@pytest.mark.parametrize(("name", "what", "content"), FOUND)
def test_what_was_found_once_is_right_now(name: str, what: str, content: bytes) -> None:
    """In pieces of any size."""
    for number in range(64):
        TARGETS[name](bytes((number, 0, 0, 0)) + content)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_at_all_passes(name: str) -> None:
    """The shortest inputs."""
    for data in (b"", b"\0", b"\0\0\0\0", b"\0\0\0\0\n"):
        TARGETS[name](data)


def test_pieces_are_the_content() -> None:
    """However an input says that it is cut, nothing of it is left out."""
    for number in range(64):
        given = Given(bytes((number, 1, 2, 3)) + b"content" * 400)
        assert b"".join(given.pieces(given.content)) == b"content" * 400


def test_seeds_are_written_once_each(tmp_path) -> None:
    """As many files as there are seeds, the same in each run."""
    assert write_seeds("base64", tmp_path) == len(list(tmp_path.iterdir())) == len(set(seeds("base64")))
    assert list(seeds("sources")) == list(seeds("sources"))


def test_the_dictionary_has_every_word(tmp_path) -> None:
    """One line a word, in escapes."""
    write_dictionary(tmp_path / "dictionary")
    lines = (tmp_path / "dictionary").read_text("ascii").splitlines()
    assert [bytes.fromhex(line.strip('"').replace("\\x", "")) for line in lines] == list(TOKENS)


def test_square_work_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target whose time grows with the square of its input is too slow when the input is repeated."""
    clock = [0.0]
    monkeypatch.setattr(guard.time, "process_time", lambda: clock[0])

    def square(data: bytes) -> None:
        clock[0] += (len(data) / 1000) ** 2 / 100

    guard.run(square, bytes(1000))
    with pytest.raises(guard.TooSlowError, match="bytes took"):
        guard.run_amplified(square, bytes(1000))


def test_one_slow_run_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may have been busy: an input is slow when it is slow each time."""
    clock = [0.0]
    monkeypatch.setattr(guard.time, "process_time", lambda: clock[0])
    takes = [10.0, 0.0]

    def target(data: bytes) -> None:
        clock[0] += takes.pop(0)

    guard.run(target, b"")
    assert takes == []


def fuzz(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m fuzz`."""
    return subprocess.run(
        [sys.executable, "-m", "fuzz", *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_input_can_be_tried_again(tmp_path) -> None:
    """Without a fuzzer: what passes says so, and the words are checked."""
    (tmp_path / "input").write_bytes(b"\0\0\0\0QUJD")
    good = fuzz("base64", "--again", str(tmp_path / "input"))
    assert (good.returncode, good.stdout) == (0, "base64: nothing wrong with these 8 bytes\n")
    for words in (("nonsense",), ("--again", str(tmp_path / "input"))):
        bad = fuzz(*words)
        assert bad.returncode == 2
        assert "target" in bad.stderr
