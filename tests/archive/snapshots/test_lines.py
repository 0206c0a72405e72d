from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.segments import copy_line, file_end_line, file_line, gap_line, message_line, source_end_line

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.snapshots.lines import (
    CopyLine,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    MessageLine,
    SegmentLine,
    SeparatorLine,
    SkippedLine,
    SourceEndLine,
    StoredLine,
    parse_line,
)

DIGEST = "0123456789abcdef" * 4
SEGMENT = {
    "type": "segment", "format": "mailstrata-segment", "version": 1, "source": "5", "snapshot": "1-a", "number": 3,
    "label": "x", "path": "/x", "kind": "mbox",
}  # fmt: skip
SKIPPED = {"type": "skipped", "name": "a", "reason": "no mail", "error": False}
FOLDER = {"type": "folder", "name": "a", "mode": 0o700, "mtime_ns": -5}


def parsed(line: dict[str, Any], number: int = 7) -> StoredLine | None:
    return parse_line(json.dumps(line).encode(), number)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            file_line("cur/caf\xe9", mode=0o600, mtime_ns=-1, size=3, compression="gzip", quoting="mboxrd", offset=9),
            FileLine(7, b"cur/caf\xe9", "", "", 0o600, -1, 3, "gzip", "mboxrd", 9),
        ),
        (gap_line(3, b"\0\xff"), GapLine(7, 3, 2, b"\0\xff", None)),
        (gap_line(0, b"From x\n", "separator"), SeparatorLine(7, 0, 7, b"From x\n", None)),
        ({"type": "gap", "start": 1, "size": 70_000, "sha256": DIGEST}, GapLine(7, 1, 70_000, None, DIGEST)),
        (
            {"type": "message", "start": 1, "end": 5, "size": 3, "sha256": DIGEST},
            MessageLine(7, 1, 5, 3, DIGEST, [], None),
        ),
        (
            {
                "type": "message", "start": 1, "end": 5, "size": 3, "sha256": DIGEST, "unquoted_lines": [0, 2],
                "quoting_end": 3,
            },
            MessageLine(7, 1, 5, 3, DIGEST, [0, 2], 3),
        ),
        (
            {
                "type": "message", "start": 1, "end": 5, "size": 3, "sha256": DIGEST,
                "defects": [["from-line-in-message", 2, 4], ["heard-of-never", 0, 0]],
            },
            MessageLine(
                7, 1, 5, 3, DIGEST, defects=[("from-line-in-message", 2, 4), ("heard-of-never", 0, 0)]
            ),
        ),
        (file_end_line(None, 5, changed=True), FileEndLine(7, 5, None, True, True)),
        (SKIPPED, SkippedLine(7, b"a", "no mail", False)),
        (FOLDER, FolderLine(7, b"a", 0o700, -5)),
        (copy_line("1-a", 2, 3), CopyLine("1-a", 2, 3)),
        (SEGMENT, SegmentLine("mailstrata-segment", 1, "5", "1-a", 3)),
        (source_end_line(), SourceEndLine(6, True, [], Totals())),
    ],
)  # fmt: skip
def test_every_line_is_read(line: dict[str, Any], expected: StoredLine) -> None:
    """With all it says, whatever keys stand in it besides."""
    assert parsed({**line, "heard_of": ["never"]}) == expected
    assert type(parsed(line)) is type(expected)


def test_a_type_that_is_not_known_is_passed_over() -> None:
    """As the format wants it."""
    assert parsed({"type": "weather", "sky": "blue"}) is None


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"3", b'{"a":1}', b'{"type":3}', b"\xff", b"[" * 100_000])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    """Whatever it is, with one kind of error."""
    with pytest.raises(ValueError, match=r"JSON|type"):
        parse_line(line, 0)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (file_line(), {"name": "\u0100"}),
        (file_line(), {"offset": -1}),
        (file_line(), {"offset": True}),
        (file_line(), {"mode": "644"}),
        (file_line(), {"mtime_ns": 1.5}),
        (file_line(), {"compression": "lzma"}),
        (file_line(), {"quoting": "mmdf"}),
        (file_line(), {"folder": None}),
        (gap_line(0, b"ab"), {"size": 3}),
        (gap_line(0, b"ab"), {"data": 5}),
        (message_line(0, b"ab"), {"sha256": DIGEST.upper()}),
        (message_line(0, b"ab"), {"sha256": DIGEST[1:]}),
        (message_line(5, b"ab"), {"end": 4}),
        (message_line(0, b"ab"), {"unquoted_lines": [3, 1]}),
        (message_line(0, b"ab"), {"unquoted_lines": [1, 1]}),
        (message_line(0, b"ab"), {"unquoted_lines": [-1]}),
        (message_line(0, b"ab"), {"unquoted_lines": ["1"]}),
        (message_line(0, b"ab"), {"unquoted_lines": 1}),
        (message_line(0, b"ab"), {"defects": "from-line-in-message"}),
        (message_line(0, b"ab"), {"defects": [["from-line-in-message", 3]]}),
        (message_line(0, b"ab"), {"defects": [["from-line-in-message", 3, 1]]}),
        (message_line(0, b"ab"), {"quoting_end": None}),
        (file_end_line(b""), {"complete": 1}),
        (file_end_line(b""), {"length": None}),
        (SKIPPED, {"error": None}),
        (FOLDER, {"mode": -1}),
        (copy_line("1", 0, 1), {"count": -1}),
        (SEGMENT, {"number": "0"}),
        (source_end_line(), {"reasons": "none"}),
        (source_end_line(), {"totals": [1]}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(line: dict[str, Any], wrong: dict[str, Any]) -> None:
    """Named by its key: nothing is guessed."""
    parsed(line)
    with pytest.raises(ValueError):
        parsed({**line, **wrong})


@pytest.mark.parametrize(
    "line",
    [
        file_line(), gap_line(0, b"x"), message_line(0, b"x"), file_end_line(b""), SKIPPED, FOLDER,
        copy_line("1", 0, 1), source_end_line(),
    ],
)  # fmt: skip
def test_a_key_that_is_missing_is_named(line: dict[str, Any]) -> None:
    """For each of the keys that a line must have."""
    for key in set(line) - {"type"}:
        with pytest.raises(ValueError, match="data|sha256" if key == "data" else key):
            parsed({name: value for name, value in line.items() if name != key})


@given(
    number=st.integers(0, 9),
    kind=st.sampled_from(["message", "gap", "separator"]),
    start=st.integers(0, 10**20),
    end=st.integers(0, 10**20),
    data=st.binary(max_size=20) | st.text(st.sampled_from('aF \n\r\t"\\~\x7f'), max_size=9).map(str.encode),
    stated=st.integers(-1, 1),
)
def test_lines_as_our_writer_writes_them(
    number: int, kind: str, start: int, end: int, data: bytes, stated: int
) -> None:
    """They are read in a shorter way: to the same lines, and the same errors, as any other JSON of the same content."""
    if kind == "message":
        line: dict[str, Any] = {"type": kind, "start": start, "end": end, "size": len(data), "sha256": DIGEST}
    else:
        line = gap_line(start, data, kind)
        line["size"] += stated
    short, long = json.dumps(line, separators=(",", ":")).encode(), json.dumps(line).encode()
    try:
        expected = parse_line(long, number)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            parse_line(short, number)
    else:
        found = parse_line(short, number)
        assert found == expected
        assert type(found) is type(expected)


@pytest.mark.parametrize("number", [b"01", b"-1", b"1.0", b"1e3", b" 1", b"", b"1_0"])
def test_numbers_are_those_of_json(number: bytes) -> None:
    """In the shorter way as well."""
    usual = b'{"type":"separator","start":1,"size":2,"data":"a\\n"}'
    assert parse_line(usual, 0) == SeparatorLine(0, 1, 2, b"a\n", None)
    try:
        value = json.loads(number)
    except ValueError:
        value = None
    line = usual.replace(b"1", number)
    if value == 1 and type(value) is int:
        assert parse_line(line, 0) == SeparatorLine(0, 1, 2, b"a\n", None)
    else:
        with pytest.raises(ValueError, match=r"JSON|start"):
            parse_line(line, 0)
