"""mailstrata.cli.output: streams of every kind take what they are given, or say why not."""

from __future__ import annotations

import io
import json
import sys

import pytest

from mailstrata.cli import output
from mailstrata.errors import TargetError


class _BrokenStream(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error


def test_a_reader_that_has_gone_is_told_apart_from_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """`| head` ends quietly; a full disk is an error of the target."""
    monkeypatch.setattr(sys, "stdout", _BrokenStream(BrokenPipeError()))
    with pytest.raises(output.OutputClosedError):
        output.write("x")
    monkeypatch.setattr(sys, "stdout", _BrokenStream(OSError(28, "No space left on device")))
    with pytest.raises(TargetError, match="standard output: No space left on device"):
        output.write("x")


def test_a_closed_standard_output_is_an_error_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no stream where the shell closed it (`>&-`)."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(TargetError, match="closed"):
        output.write("x")
    output.flush()


def test_what_an_encoding_lacks_becomes_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Latin-1 terminal, or the C locale, raises nothing."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    output.prepare()
    output.write_line("Grüße 日 \udc80")
    output.flush()
    assert stream.buffer.getvalue() == b"Gr\\xfc\\xdfe \\u65e5 \\udc80\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_valid_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """Backslash escapes of Python's kind would not be JSON, so what is no UTF-8 gets JSON's own."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    output.prepare()
    value = {"subject": "é 日 \U0001f600 \x9b \x1b \u202e"}
    output.write_json(value)
    output.flush()
    written = stream.buffer.getvalue()  # type: ignore[attr-defined]
    assert json.loads(written.decode(encoding)) == value
    assert not any(control in written.decode(encoding) for control in "\x9b\x1b\u202e")
    assert ("é" in written.decode(encoding)) == (encoding == "utf-8")


def test_bytes_come_after_the_text_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is buffered, bytes are not held back behind it."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    output.write("a")
    output.write_bytes(b"\xff")
    output.write("b")
    output.flush()
    assert stream.buffer.getvalue() == b"a\xffb"  # type: ignore[attr-defined]
