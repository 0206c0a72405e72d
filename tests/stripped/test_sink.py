"""The sink that strips: what it leaves behind, and in which order."""

import hashlib
import json
import mailbox
import os
import subprocess
import sys
from collections.abc import Collection, Hashable
from pathlib import Path

import pytest
from support.folders import everything_below, open_folders, write_tree
from support.stripped import HEADER, base64_body, content, mbox_of, message_with, strip, tree_of

import mailstrata
from mailstrata.errors import LockedError, TargetError, UsageError
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import Sink
from mailstrata.stripped.sink import StripSink
from mailstrata.stripped.target import StagedTarget
from mailstrata.stripped.unstrip import unstrip
from mailstrata.stripping import StripPolicy
from mailstrata.testing import MemoryFile, SinkConformance, memory_tree
from mailstrata.testing.mailboxes import ordinary_mailbox

ALL = StripPolicy(minimum_bytes=1, attachments_only=False)


class TestStripSink(SinkConformance):
    """It passes the suite; its mailbox is visible as a whole or not at all."""

    atomic = True
    reusable = False
    most_interruptions = 20

    def make_sink(self, directory: Path) -> Sink:
        return StripSink(directory / "stripped", directory / "attachments")

    def read_back(self, directory: Path) -> Collection[Hashable]:
        target = directory / "stripped"
        return {(str(path.relative_to(target)), path.read_bytes()) for path in target.rglob("*") if path.is_file()}


class TestStripSinkThatTakesEverything(TestStripSink):
    """So it does when it takes out every leaf that there is."""

    def make_sink(self, directory: Path) -> Sink:
        return StripSink(directory / "stripped", directory / "attachments", policy=ALL)


def test_a_stripped_mbox_is_an_mbox(tmp_path: Path) -> None:
    """The standard library finds the same messages, and of each attachment its name, type and size."""
    data = content(9000)
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(HEADER + b"Subject: Zero\n\nText.\n", message_with(base64_body(data))))
    report, sink = strip(source, tmp_path / "stripped.mbox", tmp_path / "attachments")
    assert report.messages == sink.totals.messages == 2
    assert sink.totals.messages_stripped == sink.totals.taken_out == sink.totals.attachments_new == 1
    assert sink.totals.taken_out_bytes == len(data)
    assert sink.totals.source_bytes == source.stat().st_size
    assert sink.totals.stripped_bytes == (tmp_path / "stripped.mbox").stat().st_size < 2000
    stripped = mailbox.mbox(tmp_path / "stripped.mbox")
    try:
        assert [message["Subject"] for message in stripped] == ["Zero", "One"]
        placeholder = stripped[1].get_payload(1)
        assert placeholder.get_content_type() == "message/external-body"
        assert "data.bin (application/octet-stream, 9,000 bytes)" in placeholder["Content-Description"]
        assert placeholder.get_payload(0).get_filename() == "data.bin"
    finally:
        stripped.close()
    sha256 = hashlib.sha256(data).hexdigest()
    assert (tmp_path / "attachments" / sha256[:2] / sha256).read_bytes() == data


def test_nothing_of_a_run_stays_but_what_it_made(tmp_path: Path) -> None:
    """No working folder, neither beside the mailbox nor among the attachments."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    strip(source, tmp_path / "s", tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "inbox.mbox", "s"]
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert {"manifest.jsonl", ".lock"} < names
    assert len(names) == 3


def test_an_attachment_is_kept_once_over_all_runs(tmp_path: Path) -> None:
    """Twice in a mailbox, or in two mailboxes, it is one file, and the counts say what was new."""
    body = base64_body(content(9000))
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(mbox_of(message_with(body), message_with(body, name.encode())))
    _, first = strip(tmp_path / "one", tmp_path / "s1", tmp_path / "a")
    _, second = strip(tmp_path / "two", tmp_path / "s2", tmp_path / "a")
    assert (first.totals.taken_out, first.totals.attachments_new) == (2, 1)
    assert (second.totals.taken_out, second.totals.attachments_new) == (2, 0)
    assert len(list((tmp_path / "a").glob("??/*"))) == 1


def test_a_damaged_attachment_is_written_again(tmp_path: Path) -> None:
    """What lies in the folder is not trusted: the mailbox that is stripped now may be deleted tomorrow."""
    (tmp_path / "one").write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    strip(tmp_path / "one", tmp_path / "s1", tmp_path / "a")
    (attachment,) = (tmp_path / "a").glob("??/*")
    attachment.write_bytes(bytes(9000))
    _, sink = strip(tmp_path / "one", tmp_path / "s2", tmp_path / "a")
    assert sink.totals.attachments_repaired == 1
    assert attachment.read_bytes() == content(9000)


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """Neither a file nor a folder that holds something; an empty folder may be the target, of either shape."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(TargetError, match="is there already; nothing is overwritten"):
            strip(source, tmp_path / name, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    (tmp_path / "empty").mkdir()
    strip(source, tmp_path / "empty", tmp_path / "a")
    assert (tmp_path / "empty").is_file()


def test_target_and_attachments_lie_apart(tmp_path: Path) -> None:
    """One inside the other would be in each other's way, and is refused before anything is made."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(b"")))
    for target, attachments in (("x", "x"), ("x", "x/a"), ("x/s", "x"), ("x/../y", "y")):
        with pytest.raises(UsageError, match="must not lie inside one another"):
            strip(source, tmp_path / target, tmp_path / attachments)
    assert [path.name for path in tmp_path.iterdir()] == ["inbox.mbox"]


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    """Attachments are not put among the user's files."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(b"")))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.tex").touch()
    with pytest.raises(TargetError, match="holds other things"):
        strip(source, tmp_path / "s", tmp_path / "a")
    assert not (tmp_path / "s").exists()


def test_two_processes_cannot_write_the_same_target(tmp_path: Path) -> None:
    """The second is told at once; the first is not disturbed."""
    first = StripSink(tmp_path / "s", tmp_path / "a")
    first.open()
    with pytest.raises(LockedError, match="another process is writing to"):
        StripSink(tmp_path / "s", tmp_path / "b").open()
    other = StripSink(tmp_path / "other", tmp_path / "a")
    other.open()
    other.close()
    first.abort()
    Pipeline([StripSink(tmp_path / "s", tmp_path / "a")]).run([ordinary_mailbox()])
    assert (tmp_path / "s").exists()


def test_a_killed_run_leaves_nothing_that_stays(tmp_path: Path) -> None:
    """The folders that it worked in are removed by the next run; what it had kept is used."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    script = (
        "import os, sys, mailstrata\n"
        "from mailstrata.stripped.sink import StripSink\n"
        "source, target, attachments = sys.argv[1:]\n"
        "sink = StripSink(target, attachments, source=os.fsencode(source))\n"
        "sink.commit = lambda: os._exit(9)\n"
        "mailstrata.Pipeline([sink]).run(mailstrata.find_sources([source]))\n"
    )
    words = [sys.executable, "-c", script, str(source), str(tmp_path / "s"), str(tmp_path / "a")]
    environment = {**os.environ, "PYTHONPATH": str(Path(mailstrata.__file__).parents[1])}
    assert subprocess.run(words, check=False, env=environment).returncode == 9
    assert not (tmp_path / "s").exists()
    assert (tmp_path / ".s.mailstrata").is_dir()
    assert list((tmp_path / "a").glob(".strip-*"))
    _, sink = strip(source, tmp_path / "s", tmp_path / "a")
    assert sink.totals.attachments_new == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "inbox.mbox", "s"]
    assert not list((tmp_path / "a").glob(".strip-*"))
    unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert (tmp_path / "u").read_bytes() == source.read_bytes()


def test_a_maildir_stays_one(tmp_path: Path) -> None:
    """Names, flags, modes and times stay, tmp is there, and the standard library reads it."""
    source = tmp_path / "Maildir"
    for part in ("cur", "new", "tmp", ".Work/cur", ".Work/new", ".Work/tmp"):
        (source / part).mkdir(parents=True)
    source.chmod(0o750)
    body = base64_body(content(9000))
    for number, name in enumerate(("cur/1.host:2,FS", "new/2.host", ".Work/cur/3.host:2,")):
        (source / name).write_bytes(message_with(body, name.encode()))
        (source / name).chmod(0o640)
        os.utime(source / name, ns=(1, 10**18 + number))
    strip(source, tmp_path / "s", tmp_path / "a")
    before, after = tree_of(source), tree_of(tmp_path / "s")
    assert set(before) == set(after)
    for name, entry in before.items():
        if entry is not None:
            assert (after[name] or ())[1:] == entry[1:]
    stripped = mailbox.Maildir(tmp_path / "s", create=False)
    assert {message.get_flags() for message in stripped} == {"FS", ""}
    assert stripped.list_folders() == ["Work"]
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o750


def test_folders_that_nobody_told_of(tmp_path: Path) -> None:
    """A Maildir of a source that tells of no folders gets its own, private ones; so does one without a message."""
    files = [MemoryFile((("message", message_with(b"")),), FileInfo(b".Work/cur/1:2,"))]
    for name, contents in (("full", files), ("empty", [])):
        Pipeline([StripSink(tmp_path / name, tmp_path / "a", source=b"/memory/m")]).run(
            [memory_tree("m", contents, "maildir")]
        )
    found = {path: entry[1] for path, entry in everything_below(tmp_path / "empty").items()}
    assert found == {b"": 0o700, b"cur": 0o700, b"new": 0o700, b"tmp": 0o700}
    found = {
        path: entry[1] for path, entry in everything_below(tmp_path / "full/.Work").items() if entry[0] == "folder"
    }
    assert found == {b"": 0o700, b"cur": 0o700, b"new": 0o700, b"tmp": 0o700}


def test_the_owner_of_a_stripped_mailbox_can_use_it(tmp_path: Path) -> None:
    """Folders keep mode and time, but their owner may always read and change what is in them."""
    write_tree(
        tmp_path,
        {b"t": (0o550, None), b"t/a": (0o570, None), b"t/a/1.eml": (0o440, message_with(b"")), b"t/b": (0o4711, None)},
    )
    strip(tmp_path / "t", tmp_path / "s", tmp_path / "a")
    before, after = everything_below(tmp_path / "t"), everything_below(tmp_path / "s")
    open_folders(tmp_path)
    assert {name: entry[1] for name, entry in after.items()} == {
        b"": 0o750,
        b"a": 0o770,
        b"a/1.eml": 0o440,
        b"b": 0o711,
    }
    assert {name: entry[2] for name, entry in after.items()} == {name: entry[2] for name, entry in before.items()}


def test_the_manifest_lists_what_was_taken_out(tmp_path: Path) -> None:
    """Each part that is gone is there with path, name, type, size and digest; long names are cut."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(base64_body(content(9000)), name=b"n" * 5000)))
    strip(source, tmp_path / "s", tmp_path / "a")
    lines = [json.loads(line) for line in (tmp_path / "a" / "manifest.jsonl").read_bytes().splitlines()]
    assert [line["type"] for line in lines] == [
        "strip",
        "source",
        "file",
        "separator",
        "message",
        "gap",
        "file-end",
        "source-end",
    ]
    (part,) = lines[4]["parts"]
    assert part == {
        "path": "1.2",
        "filename": "n" * 200,
        "content_type": "application/octet-stream",
        "sha256": hashlib.sha256(content(9000)).hexdigest(),
        "size": 9000,
        "encoding": "base64",
        "encoded_size": len(base64_body(content(9000))),
    }
    assert lines[6]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert lines[0]["stripped_sha256"] == hashlib.sha256((tmp_path / "s").read_bytes()).hexdigest()


def test_a_source_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    """A run that read nothing leaves no empty mailbox in the way of the next."""
    report, _ = strip(tmp_path / "missing", tmp_path / "s", tmp_path / "a")
    assert report.failed == 1
    assert not (tmp_path / "s").exists()


def test_sources_without_a_common_place_get_their_own(tmp_path: Path) -> None:
    """As a sink of the library it takes any sources, one of the same name as well."""
    sink = StripSink(tmp_path / "s", tmp_path / "a")
    Pipeline([sink]).run([ordinary_mailbox(), ordinary_mailbox()])
    assert sorted(tree_of(tmp_path / "s")) == ["ordinary (2).mbox", "ordinary.mbox"]


def test_a_crash_between_manifest_and_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest is complete before the mailbox appears: what it then tells of a mailbox that never came does no
    harm."""
    source = tmp_path / "inbox.mbox"
    source.write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    with monkeypatch.context() as patched:

        def crash(target: StagedTarget) -> None:
            assert (tmp_path / "a" / "manifest.jsonl").stat().st_size
            raise TargetError("crash")

        patched.setattr(StagedTarget, "publish", crash)
        with pytest.raises(TargetError, match="crash"):
            strip(source, tmp_path / "s", tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "inbox.mbox"]
    strip(source, tmp_path / "s", tmp_path / "a")
    unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert (tmp_path / "u").read_bytes() == source.read_bytes()
