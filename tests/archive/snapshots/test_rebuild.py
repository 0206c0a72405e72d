from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
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

from mailstrata.archive.snapshots import rebuild
from mailstrata.archive.snapshots.lines import (
    BrokenLine,
    FileEndLine,
    FolderLine,
    GapLine,
    MessageLine,
    SkippedLine,
    SourceEndLine,
)
from mailstrata.archive.snapshots.rebuild import MOST_ERASED, ErasedSpan, RebuiltFile, rebuild_files
from mailstrata.archive.snapshots.snapshot_lines import SnapshotLines, lines_or_damage
from mailstrata.errors import ArchiveError
from mailstrata.transfer.mbox import MboxUnquoter

Lines = list[dict[str, Any]]


@pytest.fixture
def memory() -> MemorySegments:
    return MemorySegments(100)


def rebuilt(memory: MemorySegments, *segments: Lines) -> Iterator[object]:
    snapshot = memory.add("s", *segments)
    return rebuild_files(memory.archive, lines_or_damage(memory.archive, snapshot), snapshot.label)


def first(items: Iterator[object]) -> RebuiltFile:
    file = next(items)
    assert isinstance(file, RebuiltFile)
    return file


def tried(memory: MemorySegments, *segments: Lines) -> list[tuple[bytes, bytes | str]]:
    """Of each file its name and its bytes, or what went wrong."""
    found: list[tuple[bytes, bytes | str]] = []
    for item in rebuilt(memory, *segments):
        if not isinstance(item, RebuiltFile):
            continue
        try:
            found.append((item.file.name, b"".join(item)))
        except ArchiveError as error:
            found.append((item.file.name, str(error)))
    return found


def whole(name: str, content: bytes) -> Lines:
    return [file_line(name), gap_line(0, content), file_end_line(content)]


def test_a_file_is_put_together_and_proven(memory: MemorySegments) -> None:
    """Gaps, separators and messages, small and in blobs, in their order."""
    one, two, large = memory.keep(b"Subject: 1\n\n" * 50), memory.keep(b"Subject: 2\n"), memory.keep(b"junk" * 1000)
    separator = b"From x\n"
    expected = separator + one + b"\n" + large + two
    lines = [
        file_line("a/b", mode=0o600),
        gap_line(0, separator, "separator"),
        message_line(7, one),
        gap_line(7 + len(one), b"\n"),
        {"type": "gap", "start": 8 + len(one), "size": 4000, "sha256": hashlib.sha256(large).hexdigest()},
        message_line(4008 + len(one), two),
        file_end_line(expected),
    ]
    items = rebuilt(memory, [*lines, source_end_line()])
    file = first(items)
    assert b"".join(file) == expected
    assert (file.length, file.sha256, file.messages) == (len(expected), hashlib.sha256(expected).hexdigest(), 2)
    assert (file.file.name, file.file.mode) == (b"a/b", 0o600)
    assert file.end is not None
    assert isinstance(next(items), SourceEndLine)


@given(
    content=st.lists(st.sampled_from([b"From a\n", b">From b\n", b">>From c\n", b"x\n", b"Fro", b"m "]), max_size=8),
    variant=st.sampled_from(["mboxo", "mboxrd", "mboxcl", "mboxcl2", None]),
    piece=st.integers(1, 9),
)
@settings(max_examples=100, deadline=None)
def test_quoting_is_done_again(content: list[bytes], variant: str | None, piece: int) -> None:
    """In each variant, whatever was quoted and whatever was not."""
    memory = MemorySegments(piece)
    raw = b"".join(content)
    unquoter = MboxUnquoter(variant)
    message = memory.keep(unquoter.feed(raw) + unquoter.flush())
    line = message_line(0, message, end=len(raw), unquoted_lines=unquoter.unquoted_lines)
    assert tried(memory, [file_line(quoting=variant), line, file_end_line(raw)]) == [(b"a", raw)]


def test_files_come_one_after_the_other_with_what_stands_between(memory: MemorySegments) -> None:
    """Also where nobody reads their bytes, or not all of them."""
    folder = {"type": "folder", "name": "f", "mode": None, "mtime_ns": None}
    skipped = {"type": "skipped", "name": "s", "reason": "", "error": True}
    memory.keep(b"x" * 500)
    long = [file_line("long"), message_line(0, b"x" * 500), gap_line(500, b"y"), file_end_line(None, 501)]
    items = rebuilt(memory, [folder, *whole("a", b"A"), *long, skipped, *whole("b", b"B"), *whole("c", b"")])
    kinds = []
    for item in items:
        kinds.append(type(item))
        if isinstance(item, RebuiltFile) and item.file.name == b"long":
            assert next(iter(item)) == b"x" * 100
        elif isinstance(item, RebuiltFile) and item.file.name == b"c":
            assert list(item) == []
    assert kinds == [FolderLine, RebuiltFile, RebuiltFile, SkippedLine, RebuiltFile, RebuiltFile]


def test_a_file_goes_on_in_the_next_segment(memory: MemorySegments) -> None:
    """With the metadata of its last line, and the name of its first."""
    beginning = [file_line("a", mode=0o600, mtime_ns=1, flags="S"), gap_line(0, b"12")]
    second = [
        file_line("old name", mode=0o640, mtime_ns=2, flags="RS", offset=2),
        gap_line(2, b"3"),
        file_end_line(b"123"),
    ]
    file = first(rebuilt(memory, beginning, second))
    assert b"".join(file) == b"123"
    assert (file.file.name, file.file.mode, file.file.mtime_ns, file.file.flags) == (b"a", 0o640, 2, "RS")


def test_a_file_that_has_grown(memory: MemorySegments) -> None:
    """Its first lines are copied from the snapshot before, without the end it had then."""
    memory.add("old", whole("a", b"12"))
    new = memory.add(
        "new", [copy_line("old", 0, 2), file_line("a", offset=2), gap_line(2, b"3"), file_end_line(b"123")]
    )
    file = first(rebuild_files(memory.archive, SnapshotLines(memory.archive, new), "inbox"))
    assert b"".join(file) == b"123"


def test_a_snapshot_that_is_still_open(memory: MemorySegments) -> None:
    """Its last file is there as far as it goes, and has no end."""
    file = first(rebuilt(memory, [file_line("a"), gap_line(0, b"12")]))
    assert b"".join(file) == b"12"
    assert file.end is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([gap_line(0, b"12"), gap_line(3, b"4"), file_end_line(None, 4)], "bytes 2 to 3 are missing"),
        ([gap_line(0, b"12"), gap_line(1, b"4"), file_end_line(None, 4)], "bytes 2 to 1 are missing"),
        ([gap_line(0, b"12"), file_line(offset=3), file_end_line(None, 4)], "bytes 2 to 3 are missing"),
        ([gap_line(0, b"12"), file_end_line(None, 3)], "2 bytes are in the archive, 3 were read"),
        ([gap_line(0, b"12"), file_end_line(b"13")], "SHA-256 6b51d431.*, those that were read had 3fdba35f"),
        ([message_line(0, b"there", end=6), file_end_line(None, 6)], "another length than the 6 bytes"),
        ([message_line(0, b"there", end=4), file_end_line(None, 4)], "another length than the 4 bytes"),
        ([message_line(0, b"not there"), file_end_line(None, 9)], "has no content"),
        ([{"type": "gap", "start": 0, "size": 9, "sha256": "ab" * 32}, file_end_line(None, 9)], "has no content"),
        ([gap_line(0, b"12")], "does not say where the file ends"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(memory: MemorySegments, lines: Lines, message: str) -> None:
    """In one line that names the file; the files behind it come all the same."""
    memory.keep(b"there")
    [(name, said), after] = tried(memory, [file_line("dir/bad"), *lines, *whole("good", b"ok")])
    assert name == b"dir/bad"
    assert isinstance(said, str)
    assert said.startswith("inbox: dir/bad: ")
    assert re.search(message, said)
    assert "\n" not in said
    assert after == (b"good", b"ok")


@pytest.mark.parametrize("lines", [[gap_line(0, b"1")], [file_end_line(b"")], [file_line(offset=3)]])
def test_lines_that_belong_to_no_file(memory: MemorySegments, lines: Lines) -> None:
    """A snapshot that is not what the format says is not guessed at."""
    with pytest.raises(ArchiveError, match="inbox: line 3"):
        tried(memory, [*whole("a", b"A"), *lines])


def test_behind_damage_the_next_whole_file_comes(memory: MemorySegments) -> None:
    """The file that broke off is an error, so is one whose beginning is lost; lines of no file are passed over."""
    snapshot = memory.add(
        "s",
        [*whole("a", b"A"), file_line("b"), gap_line(0, b"B")],
        [file_line("b", offset=1), gap_line(1, b"b"), file_end_line(b"Bb")],
        [file_line("c", offset=5), gap_line(5, b"c"), file_end_line(None, 6), *whole("d", b"D")],
    )
    memory.segments[snapshot.segments[1].name] = b"{\n"
    found: list[object] = []
    for item in rebuild_files(memory.archive, lines_or_damage(memory.archive, snapshot), "inbox"):
        if isinstance(item, RebuiltFile):
            try:
                found.append((item.file.name, b"".join(item)))
            except ArchiveError as error:
                found.append((item.file.name, str(error).partition(": sources")[0]))
        else:
            found.append(type(item))
    assert found == [
        (b"a", b"A"),
        (b"b", "inbox: b: what follows byte 1 cannot be found"),
        BrokenLine,
        (b"c", "inbox: c: its first 5 bytes are missing in the archive"),
        (b"d", b"D"),
    ]


def test_an_erased_message_is_left_out_and_named(memory: MemorySegments) -> None:
    """Its place and digest are told, the rest comes, and the digest of the whole is not asked for."""
    kept, erased = memory.keep(b"kept"), b"erased"
    digest = hashlib.sha256(erased).hexdigest()
    memory.erasures[digest] = "a request"
    content = kept + erased + kept
    lines = [
        file_line(),
        message_line(0, kept),
        message_line(4, erased),
        message_line(10, kept),
        file_end_line(content),
    ]
    file = first(rebuilt(memory, lines))
    assert b"".join(file) == kept + kept
    assert file.erased == [ErasedSpan(4, 10, digest, "a request")]
    assert file.length == 8


def test_many_erased_messages_are_counted(memory: MemorySegments) -> None:
    """And only so many of them listed."""
    digest = hashlib.sha256(b"x").hexdigest()
    memory.erasures[digest] = ""
    count = MOST_ERASED + 5
    file = first(
        rebuilt(memory, [file_line(), *(message_line(n, b"x") for n in range(count)), file_end_line(None, count)])
    )
    assert b"".join(file) == b""
    assert (len(file.erased), file.erased_count) == (MOST_ERASED, count)


class ListedContents(MemorySegments):
    """Gives messages as `Archive` gives small ones: all pieces of them, in a list."""

    def read_message(self, digest: str) -> Iterator[bytes]:
        return list(super().read_message(digest))  # type: ignore[return-value]


@given(
    content=st.lists(
        st.sampled_from([b"From a\n", b">From b\n", b">>From c\n", b"x\n", b"Fro", b"m ", b">"]), max_size=8
    ),
    variant=st.sampled_from(["mboxo", "mboxrd", "mboxcl", "mboxcl2", None]),
    piece=st.integers(1, 9),
)
@settings(max_examples=200, deadline=None)
def test_a_small_message_is_quoted_as_a_large_one(content: list[bytes], variant: str | None, piece: int) -> None:
    """Also where no piece of it needs that, or only two of them together do."""
    memory = ListedContents(piece)
    raw = b"".join(content)
    unquoter = MboxUnquoter(variant)
    message = memory.keep(unquoter.feed(raw) + unquoter.flush())
    line = message_line(0, message, end=len(raw), unquoted_lines=unquoter.unquoted_lines)
    assert tried(memory, [file_line(quoting=variant), line, file_end_line(raw)]) == [(b"a", raw)]


def test_a_small_message_of_another_length_is_an_error() -> None:
    """As a large one is."""
    memory = ListedContents()
    memory.keep(b"there")
    for end in (4, 6):
        [(_, said)] = tried(memory, [file_line(), message_line(0, b"there", end=end), file_end_line(None, end)])
        assert isinstance(said, str)
        assert f"another length than the {end} bytes" in said


@pytest.mark.parametrize("contents", [MemorySegments, ListedContents])
def test_batches_are_the_same_bytes(contents: type[MemorySegments], monkeypatch: pytest.MonkeyPatch) -> None:
    """In fewer pieces; length and digest are at any line those of what stands before it, and errors come as they do."""
    monkeypatch.setattr(rebuild, "_BATCH", 1000)
    memory = contents(100)
    message = memory.keep(bytes(range(250)))
    lines = []
    for start in range(0, 6000, 300):
        lines += [gap_line(start, b"\n" * 50), message_line(start + 50, message)]
    expected = (b"\n" * 50 + message) * 20
    snapshot = memory.add("s", [file_line(), *lines, file_end_line(expected)])
    seen = []

    def noted() -> Iterator[Any]:
        for line in lines_or_damage(memory.archive, snapshot):
            if isinstance(line, GapLine | MessageLine | FileEndLine):
                place = len(expected) if isinstance(line, FileEndLine) else line.start
                seen.append((file.length, file.sha256) == (place, hashlib.sha256(expected[:place]).hexdigest()))
            yield line

    items = rebuild_files(memory.archive, noted(), "inbox")
    file = first(items)
    batches = list(file.batches())
    assert b"".join(batches) == expected
    assert all(1000 <= len(batch) < 1300 for batch in batches[:-1])
    assert seen == [True] * 41
    broken = memory.add("b", [file_line(), *lines, file_end_line(b"x" * 6000)])
    with pytest.raises(ArchiveError, match="those that were read had"):
        list(first(rebuild_files(memory.archive, lines_or_damage(memory.archive, broken), "inbox")).batches())
