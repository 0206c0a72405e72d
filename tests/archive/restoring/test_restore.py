from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.folders import files_below
from support.segments import MemorySegments, copy_line, file_end_line, file_line, gap_line, message_line

from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.restoring.restore import RestoreReport, restore
from mailstrata.errors import TargetError
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.pipeline import Pipeline, Progress
from mailstrata.testing import MemoryFile, conformance_mailboxes, memory_mbox, memory_tree
from mailstrata.testing.mailboxes import HOSTILE_FILENAMES
from mailstrata.testing.memory import MemorySource

MESSAGE = b"From: a@example.org\nSubject: %d\n\ntext\n"


def keep(archive: Path, *sources: MemorySource) -> None:
    Pipeline([ArchiveSink(archive)]).run(sources)


def restored(tmp_path: Path, *, manifest: bool = True) -> tuple[RestoreReport, Path]:
    target = tmp_path / "restored"
    with Archive.open(tmp_path / "archive") as archive:
        return restore(archive, os.fsencode(target), archive.sources(), manifest=manifest), target


def test_every_source_comes_back(tmp_path: Path) -> None:
    """All of the mailboxes that sinks must take: each file with its bytes, under the name of its source."""
    sources = list(conformance_mailboxes())
    keep(tmp_path / "archive", *sources)
    report, target = restored(tmp_path, manifest=False)
    found = files_below(target)
    expected: dict[bytes, bytes] = {}
    for source in sources:
        base = source.info.path.rpartition(b"/")[2]
        for file in source.contents:
            if isinstance(file, MemoryFile):
                content = b"".join(data for _, data in file.contents)
                name = b"damaged" if base == b"damaged.gz" else base
                expected[b"/".join(filter(None, (name, file.info.name)))] = content
    assert found == expected
    assert len(report.failures) == len(report.renamed) == 0
    assert {partial.name for partial in report.partial} == {b"changed while read", b"damaged"}
    assert report.files == len(expected)
    assert report.bytes == sum(map(len, expected.values()))


def test_modes_and_times_come_back(tmp_path: Path) -> None:
    """Permissions and the time to the nanosecond, but nothing that gives somebody's rights away."""
    modes = {b"a": 0o600, b"b": 0o444, b"c": 0o4755, b"d": None}
    files = [
        MemoryFile((("message", MESSAGE % n),), FileInfo(name, mode=mode, mtime_ns=10**18 + n))
        for n, (name, mode) in enumerate(modes.items())
    ]
    keep(tmp_path / "archive", memory_tree("tree", files))
    umask = os.umask(0o027)
    try:
        _, target = restored(tmp_path)
    finally:
        os.umask(umask)
    found = {path.name: path.stat() for path in (target / "tree").iterdir()}
    assert {name: stat.S_IMODE(each.st_mode) for name, each in found.items()} == {
        "a": 0o600,
        "b": 0o444,
        "c": 0o755,
        "d": 0o640,
    }
    assert [found[name].st_mtime_ns - 10**18 for name in "abcd"] == [0, 1, 2, 3]


def test_a_maildir_has_its_folders(tmp_path: Path) -> None:
    """cur, new and tmp, also where nothing is in them; also where nothing is in the whole Maildir."""
    names = [b"cur/1:2,S", b".Work/new/2"]
    files = [MemoryFile((("message", MESSAGE % 1),), FileInfo(name)) for name in names]
    keep(tmp_path / "archive", memory_tree("Maildir", files, "maildir"), memory_tree("empty", [], "maildir"))
    _, target = restored(tmp_path, manifest=False)
    folders = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_dir())
    three = ["cur", "new", "tmp"]
    assert folders == sorted(
        [
            *("Maildir", "Maildir/.Work", "empty"),
            *(f"{maildir}/{name}" for maildir in ("Maildir", "Maildir/.Work", "empty") for name in three),
        ]
    )


def test_folder_lines(tmp_path: Path) -> None:
    """Folders have the mode and the time that their lines say, whatever was written into them."""
    memory = MemorySegments()
    folders = [
        {"type": "folder", "name": name, "mode": 0o500, "mtime_ns": 10**18} for name in ("empty", "full", "full/in")
    ]
    file = [file_line("full/in/a"), gap_line(0, b"x"), file_end_line(b"x")]
    snapshot = memory.add("s", [*folders, *file], label="tree")
    restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot])
    root = tmp_path / "to" / "tree"
    try:
        for name in ("empty", "full", "full/in"):
            found = (root / name).stat()
            assert (stat.S_IMODE(found.st_mode), found.st_mtime_ns) == (0o500, 10**18)
        assert (root / "full/in/a").read_bytes() == b"x"
    finally:
        for name in ("full", "full/in"):
            (root / name).chmod(0o700)


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    """With the digest of its bytes, and the path that it has got."""
    keep(tmp_path / "archive", *conformance_mailboxes())
    _, target = restored(tmp_path)
    found = files_below(target)
    lines = found.pop(b"SHA256SUMS").splitlines()
    assert {line[66:]: line[:64].decode() for line in lines} == {
        name: hashlib.sha256(content).hexdigest() for name, content in found.items()
    }


HOSTILE = [
    b"../../outside",
    b"/absolute",
    b"a/../../outside",
    b"..",
    b".",
    b"",
    b"nul\0byte",
    b"n" * 400,
    b"/".join([b"deep" * 20] * 60),
    b"new\nline",
    b"Case",
    b"case",
    b"same",
    b"same",
    b"same/below",
    b"caf\xe9",
    *(name.encode() for name in HOSTILE_FILENAMES),
]


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    """Every file is somewhere below its source's folder, its content whole; nothing appears beside the target."""
    files = [MemoryFile((("message", MESSAGE % n),), FileInfo(name)) for n, name in enumerate(HOSTILE)]
    keep(tmp_path / "archive", memory_tree("hostile", files, "tar"))
    before = {path.name for path in tmp_path.iterdir()}
    report, target = restored(tmp_path, manifest=False)
    assert {path.name for path in tmp_path.iterdir()} - before == {"restored"}
    found = files_below(target)
    assert sorted(found.values()) == sorted(MESSAGE % n for n in range(len(HOSTILE)))
    assert report.files == len(HOSTILE)
    assert len(report.failures) == 0
    for name in (b"Case", b"case", b"new\nline", b"caf\xe9", b"same"):
        assert b"hostile/" + name in found
    told = {item.wanted: item.name for item in report.renamed}
    assert told[b"hostile/../../outside"] == b"hostile/__/__/outside"
    assert told[b"hostile//absolute"] == b"hostile/absolute"
    assert all(name in found for name in told.values())


names = st.lists(st.sampled_from([b"..", b".", b"", b"a", b"b", b"\0", b"a\nb", b"x" * 260]), max_size=4).map(b"/".join)


@given(st.lists(names, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names(tmp_path_factory: pytest.TempPathFactory, found: list[bytes]) -> None:
    """No name loses a file or leaves the target."""
    root = tmp_path_factory.mktemp("names")
    memory = MemorySegments()
    lines = []
    for number, name in enumerate(found):
        content = b"%d" % number
        lines += [file_line(name.decode("latin-1")), gap_line(0, content), file_end_line(content)]
    snapshot = memory.add("s", lines, label="tree")
    report = restore(memory.archive, os.fsencode(root / "a" / "to"), [snapshot], manifest=False)
    assert len(report.failures) == 0
    assert sorted(files_below(root).values()) == sorted(b"%d" % number for number in range(len(found)))
    assert all(name.startswith((b"a/to/tree", b"a/to/long names/")) for name in files_below(root))


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Should somebody put one where a folder is to be made, the folder gets another name."""
    memory = MemorySegments()
    first = [file_line("a"), gap_line(0, b"1"), file_end_line(b"1")]
    second = [file_line("dir/b"), gap_line(0, b"2"), file_end_line(b"2")]
    snapshot = memory.add("s", first, second, label="tree")
    target, outside = tmp_path / "to", tmp_path / "outside"
    outside.mkdir()

    def plant(progress: Progress) -> None:
        if (target / "tree").is_dir() and not (target / "tree" / "dir").is_symlink():
            (target / "tree" / "dir").symlink_to(outside)

    report = restore(memory.archive, os.fsencode(target), [snapshot], progress=plant)
    assert list(outside.iterdir()) == []
    assert (target / "tree" / "dir (2)" / "b").read_bytes() == b"2"
    assert [item.name for item in report.renamed] == [b"tree/dir (2)/b"]


def test_sources_of_the_same_name_do_not_mix(tmp_path: Path) -> None:
    """Each has an entry of its own."""
    memory = MemorySegments()
    contents = [b"one", b"two", b"three"]
    snapshots = [
        memory.add(f"s{n}", [file_line("a"), gap_line(0, content), file_end_line(content)], source=str(n) * 32)
        for n, content in enumerate(contents)
    ]
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), snapshots, manifest=False)
    assert files_below(tmp_path / "to") == {b"inbox/a": b"one", b"inbox (2)/a": b"two", b"inbox (3)/a": b"three"}
    assert [source.entries for source in report.sources] == [[b"inbox"], [b"inbox (2)"], [b"inbox (3)"]]


def test_a_file_with_another_digest_does_not_appear(tmp_path: Path) -> None:
    """It is an error that names both digests; the others are restored, and nothing of it is left."""
    memory = MemorySegments()
    bad = [file_line("bad"), gap_line(0, b"changed"), file_end_line(b"as read")]
    good = [file_line("good"), gap_line(0, b"ok"), file_end_line(b"ok")]
    snapshot = memory.add("s", [*bad, *good], label="tree")
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot])
    assert set(files_below(tmp_path / "to")) == {b"tree/good", b"SHA256SUMS"}
    [failure] = report.failures
    assert failure.file == b"tree/bad"
    for content in (b"changed", b"as read"):
        assert hashlib.sha256(content).hexdigest() in str(failure.error)
    assert (report.files, len(report.failures)) == (1, 1)


def test_a_damaged_segment_is_one_failure(tmp_path: Path) -> None:
    """The file that it cuts off is another; files of other segments and sources come."""
    memory = MemorySegments()
    parts = [[file_line(name), gap_line(0, name.encode()), file_end_line(name.encode())] for name in "abc"]
    snapshot = memory.add("s", [*parts[0], file_line("cut"), gap_line(0, b"x")], parts[1], parts[2], label="tree")
    memory.segments[snapshot.segments[1].name] = b"damaged\n"
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot], manifest=False)
    assert files_below(tmp_path / "to") == {b"tree/a": b"a", b"tree/c": b"c"}
    assert [failure.file for failure in report.failures] == [b"tree/cut", b""]
    assert all("\n" not in str(failure.error) for failure in report.failures)


def test_a_lost_pack_is_named_for_each_file(tmp_path: Path) -> None:
    """In a real archive, with a pack that is cut off: no exception, one line for each thing that is missing."""
    keep(tmp_path / "archive", memory_mbox("inbox.mbox", b"From a@b Mon Nov 10 10:00:00 2025\n" + MESSAGE % 1))
    [pack] = (tmp_path / "archive" / "packs").iterdir()
    pack.write_bytes(b"\0" * pack.stat().st_size)
    report, target = restored(tmp_path, manifest=False)
    assert files_below(target) == {}
    assert report.failures.items
    for failure in report.failures:
        assert str(pack) in str(failure.error)
        assert "\n" not in str(failure.error)


def test_files_that_are_not_whole_are_restored_and_told(tmp_path: Path) -> None:
    """One that could not be read on, one that changed, one that was still being read."""
    memory = MemorySegments()
    lines = [
        *(file_line("cut"), gap_line(0, b"1"), file_end_line(b"1", complete=False)),
        *(file_line("changed"), gap_line(0, b"2"), file_end_line(b"2", changed=True)),
        *(file_line("open"), gap_line(0, b"3")),
    ]
    snapshot = memory.add("s", lines, label="tree")
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot], manifest=False)
    assert files_below(tmp_path / "to") == {b"tree/cut": b"1", b"tree/changed": b"2", b"tree/open": b"3"}
    assert [partial.name for partial in report.partial] == [b"tree/cut", b"tree/changed", b"tree/open"]
    assert len({partial.reason for partial in report.partial}) == 3


def test_erased_messages_are_left_out(tmp_path: Path) -> None:
    """A file that was nothing else does not appear; the rest of another one does, and its digest is what it now is."""
    memory = MemorySegments()
    kept, erased = memory.keep(b"kept"), b"erased"
    memory.erasures[hashlib.sha256(erased).hexdigest()] = "on request"
    lines = [
        *(file_line("mixed"), message_line(0, kept), message_line(4, erased), file_end_line(kept + erased)),
        *(file_line("gone"), message_line(0, erased), file_end_line(erased)),
    ]
    snapshot = memory.add("s", lines, label="tree")
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot])
    found = files_below(tmp_path / "to")
    assert found[b"tree/mixed"] == kept
    assert set(found) == {b"tree/mixed", b"SHA256SUMS"}
    assert hashlib.sha256(kept).hexdigest().encode() in found[b"SHA256SUMS"]
    assert [(item.file, item.span.start, item.span.reason) for item in report.erased] == [
        (b"tree/mixed", 4, "on request"),
        (b"tree/gone", 0, "on request"),
    ]


def test_metadata_of_a_grown_file_are_the_new_ones(tmp_path: Path) -> None:
    """Its beginning was copied from the snapshot before, with the time that it had then."""
    memory = MemorySegments()
    memory.add("old", [file_line("a", mode=0o600, mtime_ns=1), gap_line(0, b"12"), file_end_line(b"12")], label="tree")
    goes_on = [file_line("a", mode=0o640, mtime_ns=10**18, offset=2), gap_line(2, b"3"), file_end_line(b"123")]
    new = memory.add("new", [copy_line("old", 0, 2), *goes_on], label="tree")
    restore(memory.archive, os.fsencode(tmp_path / "to"), [new])
    found = tmp_path / "to" / "tree" / "a"
    assert found.read_bytes() == b"123"
    assert (stat.S_IMODE(found.stat().st_mode), found.stat().st_mtime_ns) == (0o640, 10**18)


def test_the_target_must_be_empty(tmp_path: Path) -> None:
    """Nothing that lies there is touched."""
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine").write_bytes(b"x")
    with pytest.raises(TargetError, match="is not empty"):
        restore(MemorySegments().archive, os.fsencode(tmp_path / "to"), [])
    assert files_below(tmp_path / "to") == {b"mine": b"x"}


def test_an_interrupt_leaves_only_whole_files(tmp_path: Path) -> None:
    """What was being written goes, and so does the list that was not finished."""
    memory = MemorySegments(10)
    large = memory.keep(b"x" * 100)
    small = [file_line("a"), gap_line(0, b"1"), file_end_line(b"1")]
    snapshot = memory.add("s", [*small, file_line("b"), message_line(0, large), file_end_line(large)], label="tree")

    def interrupt(progress: Progress) -> None:
        if progress.bytes_read > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot], progress=interrupt)
    assert files_below(tmp_path / "to") == {b"tree/a": b"1"}


def test_progress_counts_up_to_the_total(tmp_path: Path) -> None:
    """The bytes that the ledger knows are those that come."""
    keep(tmp_path / "archive", *conformance_mailboxes())
    told: list[tuple[int, int | None]] = []
    with Archive.open(tmp_path / "archive") as archive:
        restore(
            archive,
            os.fsencode(tmp_path / "to"),
            archive.sources(),
            progress=lambda state: told.append((state.bytes_read, state.bytes_total)),
        )
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
