from __future__ import annotations

import hashlib
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.segments import (
    MemorySegments,
    copy_line,
    file_end_line,
    file_line,
    gap_line,
    message_line,
    source_end_line,
)

from mailstrata.archive.commits.records import SegmentEntry
from mailstrata.archive.snapshots import snapshot_lines
from mailstrata.archive.snapshots.lines import BrokenLine, SkippedLine, SourceEndLine
from mailstrata.archive.snapshots.snapshot_lines import MAX_DEPTH, SnapshotLines, lines_or_damage
from mailstrata.errors import ArchiveError, UnsupportedFormatError


def skipped(name: str) -> dict[str, Any]:
    return {"type": "skipped", "name": name, "reason": "", "error": False}


def names(lines: object) -> list[tuple[int, bytes]]:
    return [(line.number, line.name) for line in lines if isinstance(line, SkippedLine)]  # type: ignore[attr-defined]


OTHERS = st.sampled_from(
    [
        {"type": "unheard-of", "x": "y"},
        {"snapshot": "keys in another order", "type": "unheard-of"},
        file_line(),
        gap_line(0, b'\n{"type":"copy"'),
        message_line(0, b"x"),
        file_end_line(b""),
        {"type": "folder", "name": "f", "mode": None, "mtime_ns": None},
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[MemorySegments, list[list[bytes | None]]]:
    """Snapshots that copy from each other, cut into segments anywhere, and the lines that each must have: the name of a
    skipped file, None for any other line."""
    memory = MemorySegments(draw(st.sampled_from([1, 7, 100, 1 << 20])))
    resolved: list[list[bytes | None]] = []
    for snapshot in range(draw(st.integers(1, 5))):
        stored: list[dict[str, Any]] = []
        expected: list[bytes | None] = []
        reached = [0] * snapshot
        for at in range(draw(st.integers(0, 8))):
            kind = draw(st.sampled_from(["own", "other", "copy"]))
            old = draw(st.integers(0, snapshot - 1)) if snapshot and kind == "copy" else None
            if old is not None:
                first = draw(st.integers(reached[old], len(resolved[old])))
                count = draw(st.integers(0, len(resolved[old]) - first))
                reached[old] = first + count
                stored.append(copy_line(f"s{old}", first, count))
                expected += resolved[old][first : first + count]
            elif kind == "other":
                stored.append(draw(OTHERS))
                expected.append(None)
            else:
                stored.append(skipped(f"{snapshot}.{at}"))
                expected.append(f"{snapshot}.{at}".encode())
        if draw(st.booleans()):
            stored.append(source_end_line())
        cuts = sorted(draw(st.lists(st.integers(0, len(stored)), max_size=3)))
        memory.add(f"s{snapshot}", *(stored[a:b] for a, b in zip([0, *cuts], [*cuts, len(stored)], strict=True)))
        resolved.append(expected)
    return memory, resolved


@given(histories())
@settings(max_examples=200, deadline=None)
def test_copies_are_resolved_and_counted(history: tuple[MemorySegments, list[list[bytes | None]]]) -> None:
    """Whatever copies from what, however segments and pieces are cut: each line comes in its place with its number."""
    memory, resolved = history
    for snapshot, expected in zip(memory.snapshots(), resolved, strict=True):
        lines = list(SnapshotLines(memory.archive, snapshot))
        assert names(lines) == [(at, name) for at, name in enumerate(expected) if name is not None]
        assert [line.number for line in lines] == sorted(line.number for line in lines)
        ends = [line for line in lines if isinstance(line, SourceEndLine)]
        assert all(end is lines[-1] and end.number == len(expected) - 1 for end in ends)
        assert list(lines_or_damage(memory.archive, snapshot)) == lines


def test_each_snapshot_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many copies are taken from it, in one pass; and none of those before it that are not needed."""
    memory = MemorySegments()
    memory.add("unused", [skipped(f"u{n}") for n in range(3)])
    memory.add("old", [copy_line("unused", 0, 3), *(skipped(f"o{n}") for n in range(100))])
    new = memory.add("new", *([copy_line("old", 3 + n, 1), skipped(f"n{n}")] for n in range(100)))
    read: list[str] = []
    original = memory.read_segment
    monkeypatch.setattr(memory, "read_segment", lambda name: (read.append(name), original(name))[1])
    assert len(list(SnapshotLines(memory.archive, new))) == 200
    assert sorted(read) == sorted(entry.name for entry in [*memory.snapshots()[1].segments, *new.segments])


def test_more_snapshots_than_are_kept_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was not used for longest is read anew, and the lines are the same."""
    monkeypatch.setattr(snapshot_lines, "_OPEN_SNAPSHOTS", 2)
    memory = MemorySegments()
    for old in range(4):
        memory.add(f"s{old}", [skipped(f"{old}.{n}") for n in range(3)])
    new = memory.add("new", [copy_line(f"s{old}", n, 1) for n in range(3) for old in range(4)])
    assert [name for _, name in names(SnapshotLines(memory.archive, new))] == [
        f"{old}.{n}".encode() for n in range(3) for old in range(4)
    ]


def chain(length: int) -> MemorySegments:
    memory = MemorySegments()
    memory.add("s0", [skipped("a")])
    for depth in range(1, length):
        memory.add(f"s{depth}", [copy_line(f"s{depth - 1}", 0, 1)])
    return memory


def test_the_depth_is_limited() -> None:
    """As deep as a writer may go and deeper, but not without an end."""
    memory = chain(MAX_DEPTH + 2)
    snapshots = memory.snapshots()
    assert names(SnapshotLines(memory.archive, snapshots[MAX_DEPTH])) == [(0, b"a")]
    with pytest.raises(ArchiveError, match="more than 64 snapshots"):
        list(SnapshotLines(memory.archive, snapshots[MAX_DEPTH + 1]))


def test_a_snapshot_that_copies_from_itself_ends() -> None:
    """In an error, not in a loop."""
    memory = MemorySegments()
    itself = memory.add("s", [skipped("a"), copy_line("s", 1, 1)])
    with pytest.raises(ArchiveError):
        list(SnapshotLines(memory.archive, itself))


@pytest.mark.parametrize(
    ("copies", "message"),
    [
        ([copy_line("s9", 0, 1)], "no snapshot s9"),
        ([copy_line("other", 0, 1)], "no snapshot other of this source"),
        ([copy_line("s0", 2, 2)], "has 3 lines"),
        ([copy_line("s0", 5, 1)], "has 3 lines"),
        ([copy_line("s0", 1, 1), copy_line("s0", 0, 1)], "out of their order"),
    ],
)
def test_copies_of_what_is_not_there(copies: list[dict[str, Any]], message: str) -> None:
    """No such snapshot, another source's, lines that it has not, lines that have gone by."""
    memory = MemorySegments()
    memory.add("s0", [skipped(name) for name in "abc"])
    memory.add("other", [skipped("x")], source="6" * 32)
    new = memory.add("s1", copies)
    with pytest.raises(ArchiveError, match=message):
        list(SnapshotLines(memory.archive, new))


def broken(kind: str) -> tuple[MemorySegments, str]:
    """Three segments with three lines each, of which the second is damaged; what the error says."""
    memory = MemorySegments(50)
    snapshot = memory.add("s0", *([skipped(f"{n}{m}") for m in "abc"] for n in range(3)))
    entry = snapshot.segments[1]
    data = memory.segments[entry.name]
    lines = data.splitlines(keepends=True)
    if kind == "digest":
        memory.segments[entry.name] = data.replace(b'"1c"', b'"1x"')
        return memory, "its commit says"
    if kind == "size":
        memory.segments[entry.name] = b"".join(lines[:-1])
        return memory, "its commit says"
    content, message = {
        "cut": (data[:-1], "last line has no end"),
        "no JSON": (b"".join([*lines[:2], b"{\n", *lines[3:]]), "line 3: it is no JSON"),
        "no line": (b"".join([*lines[:2], b'{"type":"skipped"}\n']), "line 3: the skipped line has no name"),
        "another head": (data + lines[0], "line 5: another segment begins"),
        "no head": (b"".join(lines[1:]), "line 1: this is no segment"),
        "another snapshot": (data.replace(b'"s0"', b'"s7"'), "line 1: this is another segment"),
        "another number": (data.replace(b'"number": 1', b'"number": 2'), "line 1: this is another segment"),
    }[kind]
    memory.segments[entry.name] = content
    snapshot.segments[1] = SegmentEntry(entry.name, len(content), hashlib.sha256(content).hexdigest())
    return memory, message


KINDS = ["digest", "size", "cut", "no JSON", "no line", "another head", "no head", "another snapshot", "another number"]


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_named(kind: str) -> None:
    """By segment and line, after the lines before it; nothing is made up."""
    memory, message = broken(kind)
    seen = []
    with pytest.raises(ArchiveError, match=message) as caught:
        seen.extend(SnapshotLines(memory.archive, memory.snapshots()[0]))
    assert caught.value.args[0].startswith("sources/")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_goes_on_behind_damage(kind: str) -> None:
    """At the next segment, with a line that stands for what is missing."""
    memory, message = broken(kind)
    lines = list(lines_or_damage(memory.archive, memory.snapshots()[0]))
    [damage] = [line for line in lines if isinstance(line, BrokenLine)]
    assert message in str(damage.error)
    found = [name for _, name in names(lines)]
    assert found[:3] == [b"0a", b"0b", b"0c"]
    assert found[-3:] == [b"2a", b"2b", b"2c"]


def test_damage_in_a_snapshot_that_is_copied_from() -> None:
    """What is copied before the damage comes; each copy behind it is missing, what stands between comes."""
    memory, _ = broken("no JSON")
    new = memory.add(
        "s1", [copy_line("s0", 0, 2), skipped("x"), copy_line("s0", 2, 5), skipped("y"), copy_line("s0", 7, 1)]
    )
    lines = list(lines_or_damage(memory.archive, new))
    shown = [line.name if isinstance(line, SkippedLine) else type(line) for line in lines]
    assert shown == [b"0a", b"0b", b"x", b"0c", b"1a", BrokenLine, b"y", BrokenLine]


def test_a_newer_version_is_refused() -> None:
    """It is not damage: no line of it is believed."""
    memory = MemorySegments()
    snapshot = memory.add("s0", [])
    [name] = memory.segments
    data = memory.segments[name].replace(b'"version": 1', b'"version": 2')
    snapshot.segments.clear()
    memory.store(snapshot, data)
    with pytest.raises(UnsupportedFormatError):
        list(SnapshotLines(memory.archive, snapshot))


def test_a_snapshot_without_segments_has_no_lines() -> None:
    """As that of a source that could not be opened."""
    memory = MemorySegments()
    assert list(SnapshotLines(memory.archive, memory.add("s0"))) == []


def test_a_line_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a limit it is refused."""
    monkeypatch.setattr(snapshot_lines, "MAX_LINE_BYTES", 1000)
    memory = MemorySegments(100)
    snapshot = memory.add("s0", [gap_line(0, b"x" * 2000)])
    with pytest.raises(ArchiveError, match="a line has more than 1000 bytes"):
        list(SnapshotLines(memory.archive, snapshot))


def test_memory_does_not_depend_on_the_number_of_lines() -> None:
    """One piece and one line are held, not the segment."""
    memory = MemorySegments(1 << 16)
    data = json.dumps(skipped("a")).encode() + b"\n"
    snapshot = memory.add("s0", [])
    [name] = memory.segments
    whole = memory.segments[name] + data * 40_000
    snapshot.segments.clear()
    memory.store(snapshot, whole)
    tracemalloc.start()
    try:
        assert sum(1 for _ in SnapshotLines(memory.archive, snapshot)) == 40_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(whole) > 2_000_000
    assert peak < 400_000
