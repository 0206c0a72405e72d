"""The inputs as Maildirs, and the input of real mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.forms import UNKNOWN, file_list, make_maildir, make_real
from benchmarks.inputs import make
from benchmarks.peers.mbox import messages


def test_a_maildir_has_the_messages_in_their_order(tmp_path: Path) -> None:
    """One file each, and the list names them all."""
    source = Path(make("small", 12, tmp_path).path)
    maildir = make_maildir(source, tmp_path / "out")
    names = file_list(maildir).read_bytes().decode().rstrip("\0").split("\0")
    assert [Path(name).read_bytes() for name in names] == list(messages(source))
    assert sorted(map(Path, names)) == sorted((maildir / "cur").iterdir())
    assert [path.name for path in sorted(maildir.iterdir())] == ["cur", "new", "tmp"]


def test_a_maildir_that_is_whole_is_not_made_again(tmp_path: Path) -> None:
    """What is left of one that was interrupted is."""
    source = Path(make("small", 3, tmp_path).path)
    maildir = make_maildir(source, tmp_path)
    (maildir / "cur" / "mark").touch()
    assert (make_maildir(source, tmp_path) / "cur" / "mark").exists()
    file_list(maildir).unlink()
    assert not (make_maildir(source, tmp_path) / "cur" / "mark").exists()


def test_real_mail_becomes_one_mbox(tmp_path: Path) -> None:
    """Single messages whatever they begin with, `From ` quoted once more, what is no mail left out."""
    corpora = tmp_path / "corpora"
    (corpora / "b").mkdir(parents=True)
    (corpora / "b" / "1").write_bytes(b"From x Mon\nSubject: one\n\nFrom here\n>From there\n")
    (corpora / "2.eml").write_bytes(b"Subject: two\r\n\r\nbody\r\n\r\n")
    (corpora / "readme.md").write_bytes(b"Subject: none\n\n")
    (corpora / "notes").write_bytes(b"no field here\n")
    facts = make_real(corpora, tmp_path)
    path = Path(facts.path)
    assert list(messages(path)) == [
        b"Subject: two\r\n\r\nbody\n",
        b"Subject: one\n\n>From here\n>>From there\n\n",
    ]
    assert (facts.size, facts.messages, facts.attachments) == (path.stat().st_size, 2, UNKNOWN)
    assert make_real(tmp_path / "gone", tmp_path) == facts


def test_no_real_mail(tmp_path: Path) -> None:
    """Says so, and leaves nothing behind."""
    with pytest.raises(FileNotFoundError, match="no mail below"):
        make_real(tmp_path / "none", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
