import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from mailstrata.errors import LockedError, TargetError
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.sinks import filesystem, source_folder
from mailstrata.sinks.filesystem import FilesystemSink
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing import (
    Interrupted,
    InterruptingSink,
    MemoryFile,
    MemorySource,
    conformance_mailboxes,
    memory_mbox,
    memory_message,
    memory_tree,
    ordinary_mailbox,
)

PART = b"--b\nContent-Type: %s\nContent-Disposition: attachment; filename*=utf-8''%s\n\n%s\n"


def message_with(*parts: tuple[str, bytes], subject: str = "Subject") -> bytes:
    """A message with one attached text for each name and content."""
    header = b"Subject: %s\nContent-Type: multipart/mixed; boundary=b\n\n" % subject.encode()
    body = b"".join(
        PART % (b"text/plain", "".join(f"%{byte:02X}" for byte in name.encode()).encode(), content)
        for name, content in parts
    )
    return header + body + b"--b--\n"


def extract(directory: Path, *sources: MemorySource, **options: bool) -> None:
    """Run the sources through a filesystem sink."""
    Pipeline([FilesystemSink(directory, **options)]).run(sources)


def files_in(directory: Path) -> dict[str, bytes]:
    """Every file below a folder and its content, but for the sink's own records."""
    records = {"source.json", "manifest.jsonl", "manifest.jsonl.part"}
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not (path.name in records and len(path.relative_to(directory).parts) == 2)
    }


def manifest_of(folder: Path) -> list[dict[str, object]]:
    """The lines of a source's manifest."""
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_every_leaf_becomes_a_file_of_its_content(tmp_path: Path) -> None:
    """Texts and attachments lie decoded in a folder for each message, under recognisable names, equal ones
    numbered; containers leave nothing."""
    extract(tmp_path, ordinary_mailbox())
    files = files_in(tmp_path)
    assert {name: files[name] for name in files if not name.endswith(".pdf")} == {
        "ordinary.mbox/000/000000 Notes/part-1.txt": b"Hello.\nFrom here on, all is quoted.\n",
        "ordinary.mbox/000/000001 R\u00e9sum\u00e9/part-1.1.1.txt": b"Plain text",
        "ordinary.mbox/000/000001 R\u00e9sum\u00e9/part-1.1.2.html": b"<p>Text",
        "ordinary.mbox/000/000002 Fwd- Notes/part-1.1.1.txt": b"Hello again.\n",
    }
    assert files["ordinary.mbox/000/000001 R\u00e9sum\u00e9/report.pdf"] == b"%PDF-1.7 " + bytes(range(256))
    assert files["ordinary.mbox/000/000001 R\u00e9sum\u00e9/report (2).pdf"] == b"%PDF-1.7 other"
    assert len(files) == 6


def test_attachments_only(tmp_path: Path) -> None:
    """With attachments_only, texts without a name are left out, and so are messages that have nothing
    else."""
    extract(tmp_path, ordinary_mailbox(), attachments_only=True)
    folder = "ordinary.mbox/000/000001 R\u00e9sum\u00e9"
    assert sorted(files_in(tmp_path)) == [f"{folder}/report (2).pdf", f"{folder}/report.pdf"]
    assert [path.name for path in (tmp_path / "ordinary.mbox/000").iterdir()] == ["000001 R\u00e9sum\u00e9"]


@pytest.mark.parametrize("digests", [False, True])
def test_the_manifest_names_every_file(tmp_path: Path, digests: bool) -> None:
    """Each file has a line with its place, declared name, size and, if asked for, its digest; and there are
    no other lines."""
    extract(tmp_path, ordinary_mailbox(), digests=digests)
    folder = tmp_path / "ordinary.mbox"
    lines = manifest_of(folder)
    assert sorted(f"ordinary.mbox/{line['saved_as']}" for line in lines) == sorted(files_in(tmp_path))
    for line in lines:
        content = (folder / str(line["saved_as"])).read_bytes()
        assert line["size"] == len(content)
        assert line["sha256"] == (hashlib.sha256(content).hexdigest() if digests else None)
    report = lines[3]
    assert report["saved_as"] == "000/000001 R\u00e9sum\u00e9/report.pdf"
    assert (report["index"], report["path"], report["message_id"]) == (1, "1.2", "2@example.org")
    assert (report["content_type"], report["filename"]) == ("application/pdf", "report.pdf")
    assert not (folder / "manifest.jsonl.part").exists()


def test_hostile_mail_stays_in_its_folder(tmp_path: Path) -> None:
    """Whatever names and subjects say, every file lies below the source's folder, none is hidden, and each
    part has one."""
    target = tmp_path / "deep" / "target"
    sources = list(conformance_mailboxes())
    report = Pipeline([FilesystemSink(target)]).run(sources)
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["target"]
    assert len(list(target.iterdir())) == len(sources) < report.messages
    (folder,) = target.glob("hostile*/000000*")
    assert folder.name == "000000 _up- and-or-down"
    names = [path.name for path in folder.iterdir()]
    assert len(names) == len({name.casefold() for name in names}) == len(manifest_of(folder.parent))
    assert not [name for name in names if name.startswith((".", "-")) or "\u202e" in name]


def test_a_message_of_a_file_of_its_own_needs_no_thousands(tmp_path: Path) -> None:
    """A single message lies directly in its source's folder, under its subject."""
    extract(tmp_path, memory_message("letter.eml", b"Subject: Hi: there/here\n\nx"))
    assert files_in(tmp_path) == {"letter.eml/000000 Hi- there-here/part-1.txt": b"x"}


def test_a_thousand_messages_a_folder(tmp_path: Path) -> None:
    """Folders do not grow with the mailbox: message 1000 begins the next one."""
    source = memory_mbox("m", b"".join(b"From a@b Mon Nov 10 10:00:00 2025\nX: y\n\n%d\n\n" % n for n in range(1001)))
    extract(tmp_path, source)
    assert sorted(path.name for path in (tmp_path / "m").iterdir() if path.is_dir()) == ["000", "001"]
    assert len(list((tmp_path / "m/000").iterdir())) == 1000
    assert (tmp_path / "m/001/001000/part-1.txt").read_bytes() == b"1000\n"


def test_a_message_of_many_parts_gets_more_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of names is bounded: a message of many parts goes on in a numbered folder, where
    names are free again, and a second run finds the same."""
    monkeypatch.setattr(filesystem, "FILES_PER_FOLDER", 3)
    source = memory_message("m", message_with(*[("same.txt", b"same")] * 7, subject="Many"))
    for _ in range(2):
        extract(tmp_path, source)
        assert sorted(files_in(tmp_path)) == [
            "m/000000 Many (2)/same (2).txt",
            "m/000000 Many (2)/same (3).txt",
            "m/000000 Many (2)/same.txt",
            "m/000000 Many (3)/same.txt",
            "m/000000 Many/same (2).txt",
            "m/000000 Many/same (3).txt",
            "m/000000 Many/same.txt",
        ]
        assert [line["path"] for line in manifest_of(tmp_path / "m")] == [f"1.{n}" for n in range(1, 8)]


# Runs over earlier ones
# --------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """What an earlier run wrote from the same source is left as it is: not a file is replaced."""
    extract(tmp_path, ordinary_mailbox())
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*") if path.name != "manifest.jsonl"}
    manifest = manifest_of(tmp_path / "ordinary.mbox")
    extract(tmp_path, ordinary_mailbox())
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*") if path.name != "manifest.jsonl"} == before
    assert manifest_of(tmp_path / "ordinary.mbox") == manifest


@pytest.mark.parametrize("change", ["another content", "longer", "shorter", "one more file", "one file less", "a link"])
def test_what_differs_gets_a_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """A message whose files are not those that lie there is put beside them; nothing is overwritten."""
    monkeypatch.setattr(source_folder, "_CHUNK", 2)
    source = memory_message("m", message_with(("a.txt", b"one"), ("b.txt", b"two")))
    extract(tmp_path, source)
    folder = tmp_path / "m/000000 Subject"
    if change == "another content":
        (folder / "a.txt").write_bytes(b"two")
    elif change == "longer":
        (folder / "a.txt").write_bytes(b"one more")
    elif change == "shorter":
        (folder / "a.txt").write_bytes(b"on")
    elif change == "one more file":
        (folder / "c.txt").write_bytes(b"mine")
    elif change == "one file less":
        (folder / "a.txt").unlink()
    else:
        (folder / "a.txt").unlink()
        (folder / "a.txt").symlink_to(folder / "b.txt")
    before = files_in(folder)
    extract(tmp_path, source)
    assert files_in(folder) == before
    assert files_in(tmp_path / "m/000000 Subject (2)") == {"a.txt": b"one", "b.txt": b"two"}
    assert manifest_of(tmp_path / "m")[0]["saved_as"] == "000000 Subject (2)/a.txt"
    extract(tmp_path, source)
    assert len(list((tmp_path / "m").glob("000000*"))) == 2


def test_an_interrupted_message_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted while a file is being written, the sink removes the message under way and keeps the ones
    before; the manifest's name says that it is not whole."""
    source = ordinary_mailbox()
    counter = InterruptingSink(at=-1)
    Pipeline([FilesystemSink(tmp_path / "whole"), counter]).run([source])
    with pytest.raises(Interrupted):
        Pipeline([FilesystemSink(tmp_path / "cut"), InterruptingSink(at=counter.calls // 2)]).run([source])
    whole, cut = files_in(tmp_path / "whole"), files_in(tmp_path / "cut")
    assert 0 < len(cut) < len(whole)
    assert cut.items() <= whole.items()
    folder = tmp_path / "cut/ordinary.mbox"
    assert sorted(path.name for path in folder.iterdir()) == ["000", "manifest.jsonl.part", "source.json"]


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    """A killed process cannot tidy up: the next run removes the half-written message and finishes the job."""
    extract(tmp_path / "whole", ordinary_mailbox())
    folder = tmp_path / "killed/ordinary.mbox"
    extract(tmp_path / "killed", ordinary_mailbox())
    (folder / "manifest.jsonl").rename(folder / "manifest.jsonl.part")
    (folder / "000/000002 Fwd- Notes").rename(folder / "unfinished.part")
    (folder / "unfinished.part/part-1.1.1.txt").write_bytes(b"Hel")
    extract(tmp_path / "killed", ordinary_mailbox())
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "whole")
    assert manifest_of(folder) == manifest_of(tmp_path / "whole/ordinary.mbox")


def test_a_damaged_source_has_no_finished_manifest(tmp_path: Path) -> None:
    """Where the source was not read to its end, what was read is there, and the manifest says so by its
    name."""
    (source,) = [source for source in conformance_mailboxes() if source.info.label == "damaged.gz"]
    extract(tmp_path, source)
    assert len(files_in(tmp_path)) == 2
    assert (tmp_path / "damaged.gz/manifest.jsonl.part").exists()
    assert not (tmp_path / "damaged.gz/manifest.jsonl").exists()


# Sources and their folders
# -----------------------------------------------------------------------------------


def source_at(path: bytes, content: bytes, kind: str = "eml") -> MemorySource:
    """A source of one message that says it lies at `path`."""
    info = SourceInfo(path.decode("utf-8", "replace"), path, kind)
    return MemorySource(info, (MemoryFile((("message", b"\n" + content),), FileInfo()),))


def test_sources_of_the_same_name_have_folders_of_their_own(tmp_path: Path) -> None:
    """Sources whose names are equal, or equal on some systems, are told apart, whatever the order of later
    runs."""
    sources = [source_at(path, path) for path in (b"/a/Mail", b"/b/Mail", b"/c/mail", b"/d/caf\xe9")]
    extract(tmp_path, *sources)
    contents = files_in(tmp_path)
    digest = [hashlib.sha256(path).hexdigest()[:8] for path in (b"/b/Mail", b"/c/mail")]
    assert contents == {
        "Mail/000000/part-1.txt": b"/a/Mail",
        f"Mail {digest[0]}/000000/part-1.txt": b"/b/Mail",
        f"mail {digest[1]}/000000/part-1.txt": b"/c/mail",
        "caf\ufffd/000000/part-1.txt": b"/d/caf\xe9",
    }
    extract(tmp_path, *reversed(sources))
    assert files_in(tmp_path) == contents


def test_another_choice_of_options_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """All parts and only attachments are not mixed in one folder."""
    extract(tmp_path, ordinary_mailbox())
    before = files_in(tmp_path)
    extract(tmp_path, ordinary_mailbox(), attachments_only=True)
    assert before.items() < files_in(tmp_path).items()
    assert len(list(tmp_path.iterdir())) == 2


def test_standard_input_is_never_the_same(tmp_path: Path) -> None:
    """Nothing says whether standard input is the same mail as last time, so every run has its own folder."""
    for content in (b"one", b"two", b"two"):
        extract(tmp_path, source_at(b"-", content, "stdin"))
    assert files_in(tmp_path) == {
        "stdin/000/000000/part-1.txt": b"one",
        "stdin (2)/000/000000/part-1.txt": b"two",
        "stdin (3)/000/000000/part-1.txt": b"two",
    }


@pytest.mark.parametrize("obstacle", ["file", "folder", "link to a folder", "dangling link"])
def test_what_belongs_to_others_is_left_alone(tmp_path: Path, obstacle: str) -> None:
    """A file, a folder of the user's, or a link under the source's name is neither changed nor followed."""
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    place = target / "m"
    if obstacle == "file":
        place.write_bytes(b"mine")
    elif obstacle == "folder":
        place.mkdir()
        (place / "mine.txt").write_bytes(b"mine")
    else:
        place.symlink_to(elsewhere if obstacle == "link to a folder" else tmp_path / "nowhere")
    extract(target, memory_message("m", b"\nx"))
    assert len(list(target.iterdir())) == 2
    assert list(elsewhere.iterdir()) == []
    assert not (tmp_path / "nowhere").exists()
    if obstacle == "folder":
        assert [path.name for path in place.iterdir()] == ["mine.txt"]
    (folder,) = target.glob("m ????????")
    assert (folder / "000000/part-1.txt").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["000", "unfinished.part", "manifest.jsonl.part", "source.json"])
def test_links_in_a_source_folder_are_not_followed(tmp_path: Path, name: str) -> None:
    """Someone who can write to the folder cannot lead the sink out of it."""
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"mine")
    source = memory_tree("m", [MemoryFile((("message", b"\nx"),), FileInfo(b"a"))])
    extract(target, source)
    place = target / "m" / name
    if place.is_dir():
        place.rename(tmp_path / "away")
    place.unlink(missing_ok=True)
    place.symlink_to(elsewhere if name in ("000", "unfinished.part") else elsewhere / "file")
    if name == "source.json":
        # Without its own record the folder is not the sink's.
        extract(target, source)
        assert len(list(target.iterdir())) == 2
    else:
        with pytest.raises(TargetError) as caught:
            extract(target, source)
        assert str(target) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_bytes() == b"mine"


def test_two_processes_do_not_work_on_one_source(tmp_path: Path) -> None:
    """The second one is told at once, and can work on another source meanwhile."""
    source = ordinary_mailbox()
    sink = FilesystemSink(tmp_path)
    sink.open()
    sink.begin_source(source.info)
    with pytest.raises(LockedError, match=r"another process is writing to .*ordinary\.mbox; wait"):
        extract(tmp_path, source)
    extract(tmp_path, memory_message("m", b"\nx"))
    sink.abort()
    extract(tmp_path, source)
    assert (tmp_path / "ordinary.mbox/manifest.jsonl").exists()


# Failing disks and odd filesystems
# ---------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, name: str, number: int, *, after: int = 0) -> None:
    """Let a function of `os` fail with an error number, from call `after` on."""
    real = getattr(os, name)
    calls = 0

    def fail(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            if name == "close":
                # One that fails has closed all the same.
                real(*arguments)
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize(
    ("function", "number", "after", "advice"),
    [
        ("write", errno.ENOSPC, 5, "No space left on device; free some space"),
        ("write", errno.EDQUOT, 1, "; free some space"),
        ("write", errno.EIO, 3, "; check the disk"),
        ("mkdir", errno.EROFS, 1, "Read-only file system; choose a place that you may write to"),
        ("rename", errno.ENOSPC, 1, "; free some space"),
        ("close", errno.EIO, 2, "; check the disk"),
    ],
)
def test_a_failing_disk_is_one_line_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, after: int, advice: str
) -> None:
    """Whatever call fails, the error says where and what to do, and what has its final name is whole."""
    extract(tmp_path / "whole", ordinary_mailbox())
    with monkeypatch.context() as patch:
        failing(patch, function, number, after=after)
        with pytest.raises(TargetError) as caught:
            extract(tmp_path / "cut", ordinary_mailbox())
    assert str(tmp_path / "cut") in str(caught.value)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)
    cut = {name: data for name, data in files_in(tmp_path / "cut").items() if "unfinished.part" not in name}
    assert cut.items() < files_in(tmp_path / "whole").items()
    extract(tmp_path / "cut", ordinary_mailbox())
    assert files_in(tmp_path / "cut") == files_in(tmp_path / "whole")


def test_an_abort_does_not_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tidying up fails as well, the user is told of the first failure only, and nothing stays open."""
    failing(monkeypatch, "write", errno.EIO, after=3)
    failing(monkeypatch, "close", errno.EIO)
    with pytest.raises(TargetError, match="Input/output error") as caught:
        extract(tmp_path, ordinary_mailbox())
    assert not getattr(caught.value, "__notes__", [])
    assert caught.value.__cause__ is not None
    assert not getattr(caught.value.__cause__, "__notes__", [])


def test_a_target_that_is_a_file(tmp_path: Path) -> None:
    """A file where the folder should be is one line that says so."""
    (tmp_path / "file").write_bytes(b"mine")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(TargetError, match=r"cannot write .*file.*; something else lies there"):
            extract(target, ordinary_mailbox())
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_target_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written to is refused before anything is read."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(TargetError, match="Permission denied; choose a place that you may write to"):
        FilesystemSink(tmp_path).open()


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may take fewer bytes than it was given; the rest follows."""
    extract(tmp_path / "whole", ordinary_mailbox())
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[:7]))
    extract(tmp_path / "m", ordinary_mailbox())
    assert files_in(tmp_path / "m") == files_in(tmp_path / "whole")


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, refuses) -> None:
    """Let a filesystem refuse to create files whose path `refuses`."""
    real = os.open

    def open_(path: object, flags: int, *arguments: object, **options: object) -> int:
        if flags & os.O_EXCL and refuses(path):
            raise OSError(number, os.strerror(number))
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", open_)


@pytest.mark.parametrize("number", [errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG])
def test_a_name_that_the_filesystem_refuses_becomes_a_plain_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A message cannot stop the run by a name that only this filesystem does not hold."""
    refusing(monkeypatch, number, lambda path: not path.isascii())
    names = ["caf\u00e9.txt", "plain.txt", "\u5831.txt"]
    extract(tmp_path, memory_message("m", message_with(*[(name, name.encode()) for name in names])))
    assert files_in(tmp_path / "m/000000 Subject") == {
        "part.txt": names[0].encode(),
        "plain.txt": b"plain.txt",
        "part (2).txt": names[2].encode(),
    }


def test_a_refusal_that_is_not_about_the_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the plainest name is refused, the run ends instead of trying for ever."""
    refusing(monkeypatch, errno.EINVAL, lambda _: True)
    with pytest.raises(TargetError, match="Invalid argument"):
        extract(tmp_path, ordinary_mailbox())


def test_a_filesystem_that_takes_more_names_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the filesystem says that a name is in use, the next number is tried."""
    refusing(monkeypatch, errno.EEXIST, lambda path: path.endswith((b"/b.txt", b"/b (2).txt")))
    extract(tmp_path, memory_message("m", message_with(("a.txt", b"a"), ("b.txt", b"b"))))
    assert files_in(tmp_path / "m/000000 Subject") == {"a.txt": b"a", "b (3).txt": b"b"}
