"""Putting mailboxes together again, whole ones and changed ones."""

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.folders import everything_below, open_folders, write_tree
from support.stripped import HEADER, base64_body, content, mbox_of, message_with, strip, tree_of

from mailstrata.errors import ArchiveError, StrippedMailError, TargetError
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources
from mailstrata.stripped.sink import StripSink
from mailstrata.stripped.unstrip import unstrip
from mailstrata.stripping import StripPolicy
from mailstrata.testing import memory_mbox
from mailstrata.testing.mailboxes import conformance_mailboxes
from mailstrata.testing.memory import MemoryFile

ALL = StripPolicy(minimum_bytes=1, attachments_only=False)


def _there_and_back(tmp_path: Path, source: Path, **options: object) -> Path:
    strip(source, tmp_path / "stripped", tmp_path / "attachments", **options)
    unstrip(tmp_path / "stripped", tmp_path / "attachments", tmp_path / "back")
    return tmp_path / "back"


def test_folders_come_back(tmp_path: Path) -> None:
    """Empty ones, their modes and times, whatever they are called and whatever they forbid; setuid does not."""
    body = message_with(base64_body(content(9000)))
    tree = {
        b"tree": (0o555, None),
        b"tree/caf\xe9 \xff": (0o750, None),
        b"tree/caf\xe9 \xff/ empty ": (0o4777, None),
        b"tree/closed": (0o000, None),
        b"tree/full": (0o500, None),
        b"tree/full/1.eml": (0o640, body),
        b"tree/full/2": (0o711, None),
        b"Maildir": (0o700, None),
        b"Maildir/cur": (0o700, None),
        b"Maildir/cur/1.host:2,S": (0o600, body),
        b"Maildir/new": (0o755, None),
        b"Maildir/tmp": (0o770, None),
    }
    write_tree(tmp_path, tree)
    for name in ("tree", "Maildir"):
        folder = tmp_path / f"of {name}"
        folder.mkdir()
        back = everything_below(_there_and_back(folder, tmp_path / name))
        expected = everything_below(tmp_path / name)
        if name == "tree":
            expected[b"caf\xe9 \xff/ empty "] = ("folder", 0o777, *expected[b"caf\xe9 \xff/ empty "][2:])
        open_folders(tmp_path)
        assert back == expected


def test_a_manifest_without_the_times_of_folders(tmp_path: Path) -> None:
    """They came later: a folder then has the time at which it was written."""
    write_tree(tmp_path, {b"tree": (0o750, None), b"tree/1.eml": (0o600, message_with(b""))})
    strip(tmp_path / "tree", tmp_path / "s", tmp_path / "a")
    manifest = tmp_path / "a" / "manifest.jsonl"
    head, *lines = manifest.read_bytes().splitlines(keepends=True)
    rest = b"".join(lines).replace(b',"mtime_ns":1000000000000000000}', b"}", 1)
    assert rest != b"".join(lines)
    stated = json.loads(head) | {"size": len(rest), "sha256": hashlib.sha256(rest).hexdigest()}
    manifest.write_bytes(json.dumps(stated).encode() + b"\n" + rest)
    unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "back")
    kind, mode, time, _ = everything_below(tmp_path / "back")[b""]
    assert (kind, mode) == ("folder", 0o750)
    assert time != 10**18


def _mbox(tmp_path: Path, *messages: bytes) -> Path:
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(*messages))
    return path


_BODIES = {
    "lines of 76": base64_body(content(9000)),
    "lines of 64, CRLF": base64_body(content(9000), 64, b"\r\n"),
    "one line": base64.b64encode(content(9000)),
    "one line with its break": base64.b64encode(content(9000)) + b"\n",
    "lines of 1000": base64_body(content(9000), 1000),
    "lines of 3": base64_body(content(3000), 3),
    "no padding": base64_body(content(9001)).replace(b"=", b""),
    "too much padding": base64_body(content(9001)) + b"====\n",
    "pad bits": base64_body(content(9000)) + b"QR==\n",
    "lines of different widths": base64_body(content(5000), 76) + base64_body(content(5001), 60),
    "LF and CRLF": base64_body(content(5001), 76) + base64_body(content(5001), 76, b"\r\n"),
    "spaces at the ends of lines": base64_body(content(9000), 72, b" \n"),
    "concatenated": base64_body(content(5000)) + base64_body(content(5001)) + base64_body(content(5002)),
    "a line of junk": base64_body(content(5001)) + b"This line was added by a gateway.\n" + base64_body(content(5001)),
    "empty lines": base64_body(content(5001), 76, b"\n\n\n"),
    "nothing but junk": b"(/&%$" * 2000,
    "nothing": b"",
    "line breaks": b"\n" * 6000,
    "our own words": b"Content-Type: message/external-body; access-type=x-mailstrata; size=3\n" * 100,
}


@pytest.mark.parametrize("form", _BODIES)
def test_every_form_of_body_comes_back(tmp_path: Path, form: str) -> None:
    """However a body is written, and whatever encoding it is said to be in, the mailbox comes back."""
    encodings = (b"base64", b"8bit", b"quoted-printable", b"x-uuencode", b"nonsense")
    source = _mbox(tmp_path, *(message_with(_BODIES[form], encoding=encoding) for encoding in encodings))
    assert _there_and_back(tmp_path, source).read_bytes() == source.read_bytes()


def test_what_is_in_no_message_comes_back(tmp_path: Path) -> None:
    """Junk before the first message, odd separators, quoting of every depth, a missing last line break."""
    body = base64_body(content(9000))
    data = (
        b"junk\n\n"
        + mbox_of(message_with(body, b">From the start"))
        + b"From nobody Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\n>From a\r\n>>From b\r\nFrom c\r\n"
        + b"\n\n\nFrom - Thu Jan  1 00:00:00 1970\n"
        + message_with(body).rstrip(b"\n")
    )
    for variant in ("mboxo", "mboxrd", "mboxcl", "mboxcl2"):
        folder = tmp_path / variant
        folder.mkdir()
        (folder / "in").write_bytes(data)
        sink = StripSink(folder / "s", folder / "a", source=os.fsencode(folder / "in"))
        Pipeline([sink]).run(find_sources([folder / "in"], mbox_variant=variant))
        assert sink.totals.taken_out == 2
        unstrip(folder / "s", folder / "a", folder / "u")
        assert (folder / "u").read_bytes() == data


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                b"From a@b Mon Nov 10 10:00:00 2025\n",
                b"From \n",
                b">From x\n",
                b"\n",
                b"\r\n",
                b"Subject: x\n",
                b"Content-Transfer-Encoding: base64\n",
                b"Content-Type: multipart/mixed; boundary=b\n",
                b"Content-Type: image/png\n",
                b"--b\n",
                b"--b--\n",
                b"aGVsbG8=\n",
                b"aGVsbG8gd29ybGQ",
                b"Content-Type: message/external-body; access-type=x-mailstrata;",
                b"access-type=x-mailstrata-",
                b"text\n",
            ]
        )
        | st.binary(max_size=20),
        max_size=40,
    ),
    st.sampled_from(["mboxo", "mboxrd", "mboxcl2"]),
)
def test_any_mbox_comes_back(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], variant: str) -> None:
    """Whatever the bytes: what was stripped is what comes back."""
    folder = tmp_path_factory.mktemp("any")
    data = b"From a@b Mon Nov 10 10:00:00 2025\n" + b"".join(pieces)
    sink = StripSink(folder / "s", folder / "a", policy=ALL, source=b"/memory/m")
    Pipeline([sink]).run([memory_mbox("m", data, variant)])  # type: ignore[arg-type]
    unstrip(folder / "s", folder / "a", folder / "u")
    assert (folder / "u").read_bytes() == data


def test_all_mailboxes_of_the_suite_come_back(tmp_path: Path) -> None:
    """Deep, wide, hostile and broken ones: each file as far as it could be read."""
    for number, source in enumerate(conformance_mailboxes()):
        folder = tmp_path / str(number)
        sink = StripSink(folder / "s", folder / "a", policy=ALL)
        Pipeline([sink]).run([source])
        unstrip(folder / "s", folder / "a", folder / "u")
        expected = sorted(
            b"".join(data for _, data in file.contents) for file in source.contents if isinstance(file, MemoryFile)
        )
        found = [path.read_bytes() for path in (folder / "u").rglob("*") if path.is_file()]
        assert sorted(found) == expected


def test_names_flags_modes_and_times_come_back(tmp_path: Path) -> None:
    """A Maildir comes back as it was."""
    source = tmp_path / "Maildir"
    for part in ("cur", "new", "tmp", ".Work/cur", ".Work/new", ".Work/tmp"):
        (source / part).mkdir(parents=True)
    for number, name in enumerate(("cur/1.host:2,FS", "new/2.host", ".Work/cur/3.host:2,")):
        path = source / name
        path.write_bytes(message_with(base64_body(content(9000, number))))
        path.chmod(0o600 + number)
        os.utime(path, ns=(1, 10**18 + number))
    assert tree_of(_there_and_back(tmp_path, source)) == tree_of(source)


def test_trees_and_archives_come_back(tmp_path: Path) -> None:
    """A folder of mailboxes of all kinds is a folder of them again; tar and zip become their members."""
    message = message_with(base64_body(content(9000)))
    source = tmp_path / "mail"
    (source / "letters" / "2025").mkdir(parents=True)
    (source / "letters" / "a.eml").write_bytes(message)
    (source / "letters" / "2025" / "b.eml").write_bytes(message)
    (source / "letters" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (source / "lists.mbox").write_bytes(mbox_of(message, message))
    (source / "Maildir" / "cur").mkdir(parents=True)
    (source / "Maildir" / "cur" / "1.host:2,S").write_bytes(message)
    (source / "old.mbox.gz").write_bytes(gzip.compress(mbox_of(message)))
    with tarfile.open(source / "backup.tar", "w") as tar:
        member = tarfile.TarInfo("in/c.eml")
        member.size, member.mtime, member.mode = len(message), 10**9, 0o640
        tar.addfile(member, io.BytesIO(message))
    with zipfile.ZipFile(source / "takeout.zip", "w") as archive:
        archive.writestr("All.mbox", mbox_of(message))
    back = tree_of(_there_and_back(tmp_path, source))
    files = {name: entry[0] for name, entry in back.items() if entry is not None}
    assert files == {
        "letters/a.eml": message,
        "letters/2025/b.eml": message,
        "lists.mbox": mbox_of(message, message),
        "Maildir/cur/1.host:2,S": message,
        "old.mbox": mbox_of(message),
        "backup.tar/in/c.eml": message,
        "takeout.zip/All.mbox": mbox_of(message),
    }
    assert back["backup.tar/in/c.eml"] == (message, 0o640, 10**18)


def test_hostile_member_names_stay_inside(tmp_path: Path) -> None:
    """Names of a tar lead out of neither tree, and each file comes back under the name that it has got."""
    message = message_with(base64_body(content(9000)))
    names = ["../../up.eml", "/absolute.eml", "a.eml", "a.eml", "a.eml/below.eml", "n" * 300 + ".eml", "x/../y.eml"]
    with tarfile.open(tmp_path / "in.tar", "w") as tar:
        for number, name in enumerate(names):
            member = tarfile.TarInfo(name)
            data = HEADER + b"X: %d\n" % number + message
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    renamed: list[bytes] = []
    inside = tmp_path / "deep" / "inside"
    report, _ = strip(
        tmp_path / "in.tar", inside / "s", inside / "a", on_renamed=lambda wanted, got: renamed.append(wanted)
    )
    unstrip(inside / "s", inside / "a", inside / "u")
    assert report.messages == len(names)
    assert len(renamed) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "in.tar"]
    assert sorted(path.name for path in inside.iterdir()) == ["a", "s", "u"]
    found = {path.read_bytes().partition(b"X: ")[2][:1] for path in (inside / "u").rglob("*") if path.is_file()}
    assert found == {b"%d" % number for number in range(len(names))}


def test_a_mailbox_that_was_stripped_is_stripped_again(tmp_path: Path) -> None:
    """Placeholders that are there already, of ours or made up, are content like any other."""
    source = _mbox(tmp_path, message_with(base64_body(content(9000))))
    strip(source, tmp_path / "once", tmp_path / "a1", policy=ALL)
    strip(tmp_path / "once", tmp_path / "twice", tmp_path / "a2", policy=ALL)
    unstrip(tmp_path / "twice", tmp_path / "a2", tmp_path / "once again")
    assert (tmp_path / "once again").read_bytes() == (tmp_path / "once").read_bytes()
    unstrip(tmp_path / "once again", tmp_path / "a1", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_moved_mailbox_is_found_among_many(tmp_path: Path) -> None:
    """The manifest tells ten mailboxes apart by their content, wherever they lie now."""
    for number in range(4):
        (tmp_path / str(number)).write_bytes(mbox_of(message_with(base64_body(content(9000, number)))))
        strip(tmp_path / str(number), tmp_path / f"s{number}", tmp_path / "a")
    (tmp_path / "s2").rename(tmp_path / "elsewhere")
    (tmp_path / "s3").rename(tmp_path / "s2")
    unstrip(tmp_path / "elsewhere", tmp_path / "a", tmp_path / "u2")
    unstrip(tmp_path / "s2", tmp_path / "a", tmp_path / "u3")
    assert (tmp_path / "u2").read_bytes() == (tmp_path / "2").read_bytes()
    assert (tmp_path / "u3").read_bytes() == (tmp_path / "3").read_bytes()


def test_a_changed_message_is_named(tmp_path: Path) -> None:
    """A client added a field: one line says which message it is, and nothing is written."""
    source = _mbox(tmp_path, *(message_with(base64_body(content(9000, n)), b"%d" % n) for n in range(3)))
    strip(source, tmp_path / "s", tmp_path / "a")
    data = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(data.replace(b"Subject: 1\n", b"Subject: 1\nStatus: RO\n"))
    with pytest.raises(StrippedMailError, match=r"message 2, at byte \d+, does not come back: .*changed") as caught:
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "u").exists()
    (tmp_path / "s").write_bytes(data[: data.index(b"Subject: 1\n")])
    with pytest.raises(StrippedMailError, match=r"message 2, at byte \d+, does not come back: .* ends at byte"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    (tmp_path / "s").write_bytes(data.replace(b"From ada@", b"From bob@"))
    with pytest.raises(StrippedMailError, match="what stands between its messages was changed"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "inbox.mbox", "s"]


def test_a_forged_placeholder_gets_nothing(tmp_path: Path) -> None:
    """An attachment comes back only where the manifest says that it was taken out."""
    source = _mbox(
        tmp_path, message_with(base64_body(content(9000)), b"A"), message_with(base64_body(content(9000, 2)), b"B")
    )
    strip(source, tmp_path / "s", tmp_path / "a")
    data = (tmp_path / "s").read_bytes()
    first, second = (data[at:].split()[0] for at in (data.index(b"sha256="), data.rindex(b"sha256=")))
    (tmp_path / "s").write_bytes(data.replace(first, b"%1%").replace(second, first).replace(b"%1%", second))
    with pytest.raises(StrippedMailError, match=r"message 1, .*not taken out of it"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")


def test_added_mail_is_told_and_left_out(tmp_path: Path) -> None:
    """What was delivered to the stripped mailbox since is not part of the original."""
    source = _mbox(tmp_path, message_with(base64_body(content(9000))))
    strip(source, tmp_path / "s", tmp_path / "a")
    with (tmp_path / "s").open("ab") as file:
        file.write(mbox_of(HEADER + b"\nNew.\n"))
    report = unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert (tmp_path / "u").read_bytes() == source.read_bytes()
    assert len(report.notes) == 1
    assert "bytes were added after it was stripped" in report.notes[0]


def test_attachments_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    """One line names the file and the message; nothing is written."""
    source = _mbox(tmp_path, HEADER + b"\nZero\n", message_with(base64_body(content(9000))))
    strip(source, tmp_path / "s", tmp_path / "a")
    (attachment,) = (tmp_path / "a").glob("??/*")
    data = bytearray(attachment.read_bytes())
    data[5000] ^= 1
    attachment.write_bytes(data)
    with pytest.raises(StrippedMailError, match=rf"message 2, .*{attachment.name} is damaged"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    attachment.unlink()
    with pytest.raises(StrippedMailError, match=rf"message 2, .*{attachment.name} is missing"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert not (tmp_path / "u").exists()


def test_of_a_folder_all_comes_back_that_can(tmp_path: Path) -> None:
    """A Maildir from which one message was deleted, and in which one was changed, gives back the others; flags that a
    client has set since do not matter."""
    source = tmp_path / "Maildir"
    for part in ("cur", "new", "tmp"):
        (source / part).mkdir(parents=True)
    for number in range(5):
        (source / "cur" / f"{number}.host:2,").write_bytes(message_with(base64_body(content(9000, number))))
    (source / "new" / "5.host").write_bytes(message_with(base64_body(content(9000, 5))))
    strip(source, tmp_path / "s", tmp_path / "a")
    (tmp_path / "s" / "cur" / "1.host:2,").unlink()
    (tmp_path / "s" / "cur" / "2.host:2,").write_bytes(b"Subject: other\n\n")
    (tmp_path / "s" / "cur" / "3.host:2,").rename(tmp_path / "s" / "cur" / "3.host:2,RS")
    (tmp_path / "s" / "new" / "5.host").rename(tmp_path / "s" / "cur" / "5.host:2,S")
    report = unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    assert (report.files, report.messages, report.failed) == (4, 4, 2)
    assert "1.host:2, is not there any more" in str(report.problems[0])
    assert "2.host:2,: message 1, at byte 0, does not come back" in str(report.problems[1])
    expected = tree_of(source)
    del expected["cur/1.host:2,"], expected["cur/2.host:2,"]
    assert tree_of(tmp_path / "u") == expected


def test_an_incomplete_source_is_said_to_be_so(tmp_path: Path) -> None:
    """What could be read of a truncated file comes back, with a word about it."""
    data = mbox_of(*(message_with(base64_body(content(90_000, n))) for n in range(3)))
    packed = gzip.compress(data)
    (tmp_path / "in.gz").write_bytes(packed[: len(packed) // 2])
    report, _ = strip(tmp_path / "in.gz", tmp_path / "s", tmp_path / "a")
    assert report.failed == 1
    found = unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    back = (tmp_path / "u").read_bytes()
    assert data.startswith(back)
    assert len(back) > 50_000
    assert "could not be read whole" in found.notes[0]


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    """Each thing that is not what strip wrote has its line."""
    source = _mbox(tmp_path, message_with(base64_body(content(9000))))
    with pytest.raises(ArchiveError, match="name the folder that strip wrote"):
        unstrip(source, tmp_path, tmp_path / "u")
    strip(source, tmp_path / "s", tmp_path / "a")
    with pytest.raises(ArchiveError, match="there is no such file or folder"):
        unstrip(tmp_path / "t", tmp_path / "a", tmp_path / "u")
    with pytest.raises(ArchiveError, match="is about no folder"):
        unstrip(tmp_path / "a", tmp_path / "a", tmp_path / "u")
    (tmp_path / "u").touch()
    with pytest.raises(TargetError, match="is there already"):
        unstrip(tmp_path / "s", tmp_path / "a", tmp_path / "u")
    strip(source, tmp_path / "s2", tmp_path / "a")
    (tmp_path / "other").write_bytes(b"not ours")
    with pytest.raises(ArchiveError, match=r"is about 2 mailboxes, and .* is none of them"):
        unstrip(tmp_path / "other", tmp_path / "a", tmp_path / "u2")
