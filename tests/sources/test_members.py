"""Members of archives as files to be read."""

import gzip
from collections.abc import Callable, Iterator

import pytest

from mailstrata.errors import DamagedSourceError, SourceError
from mailstrata.message.origin import SkippedFile
from mailstrata.sources.members import Member, open_member

Message = Callable[..., bytes]


def folder_of(name: bytes, data: bytes) -> str:
    file = open_member(Member(name), iter([data]), "x")
    assert not isinstance(file, SkippedFile)
    return file.info.folder


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        (b"Maildir/cur/1.a", "INBOX"),
        (b"home/ada/.maildir/new/1.a", "INBOX"),
        (b"cur/1.a", "INBOX"),
        (b"./cur/1.a", "INBOX"),
        (b"Maildir/.Work.2024/cur/1.a", "Work/2024"),
        (b"Maildir/.Entw&APw-rfe/cur/1.a", "Entwürfe"),
        (b"mail/Work/cur/1.a", "mail/Work"),
        (b"letters/2024/1.eml", "letters/2024"),
        (b"./1.eml", ""),
        (b"/abs/1.eml", "/abs"),
    ],
)
def test_folders(message: Message, name: bytes, folder: str) -> None:
    """The mail folder is told by the directories in the name."""
    assert folder_of(name, message()) == folder


def test_a_maildir_decides_that_it_is_a_message(message: Message) -> None:
    """In `cur` and `new` no header is needed; elsewhere it is. A delivery under way is passed over."""
    text = b"no header at all\n"
    assert folder_of(b"Maildir/cur/1.a", text) == "INBOX"
    assert folder_of(b"Maildir/cur/2.a", b"") == "INBOX"
    assert isinstance(open_member(Member(b"Maildir/x/1.a"), iter([text]), "x"), SkippedFile)
    assert isinstance(open_member(Member(b"Maildir/tmp/1.a"), iter([message()]), "x"), SkippedFile)
    assert not isinstance(open_member(Member(b"var/tmp/letter"), iter([message()]), "x"), SkippedFile)
    picture = open_member(Member(b"Maildir/cur/1.a"), iter([b"\x89PNG\r\n\x1a\n"]), "x")
    assert isinstance(picture, SkippedFile)


def test_only_a_sample_is_taken(message: Message) -> None:
    """Deciding takes the first chunk of a message, not all of it."""
    taken = []

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            taken.append(1)
            yield message(1, b"x" * 50_000)

    open_member(Member(b"a.eml"), chunks(), "x")
    assert len(taken) == 1


def test_damage_before_anything_can_be_told(message: Message) -> None:
    """A member that fails at once is passed over as an error; one that fails later gives what it has."""

    def failing(data: bytes) -> Iterator[bytes]:
        if data:
            yield data
        raise DamagedSourceError("the archive is cut off", offset=len(data))

    for name, data in ((b"a.eml", b""), (b"a.eml.gz", b"\x1f\x8b\x08\0"), (b"a.txt", b"some text")):
        skipped = open_member(Member(name), failing(data), "x")
        assert isinstance(skipped, SkippedFile)
        assert (skipped.is_error, skipped.reason.count("\n")) == (True, 0)
    for data in (message(), gzip.compress(message())[:-4]):
        file = open_member(Member(b"a"), failing(data), "x")
        assert not isinstance(file, SkippedFile)
        received = bytearray()
        with pytest.raises(SourceError, match="the archive is cut off"):
            for region in file.regions():
                for chunk in region.chunks:
                    received += chunk
        assert bytes(received) == message()
