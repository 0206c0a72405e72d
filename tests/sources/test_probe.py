"""Looking into files before they are read."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstrata.sources.mbox_variant import SAMPLE_BYTES
from mailstrata.sources.probe import Probe, probe_file

FROM_LINE = b"From ada@example.org Mon Mar  3 10:00:00 2025\n"


@pytest.fixture
def probe(tmp_path: Path) -> Callable[..., Probe]:
    """Writes a file and looks into it."""

    def look(data: bytes, name: str = "x", **options: object) -> Probe:
        path = tmp_path / name
        path.write_bytes(data)
        return probe_file(os.fsencode(path), name, **options)

    return look


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_message_with_its_from_line(probe: Callable, mbox: Callable, pack: Callable[[bytes], bytes]) -> None:
    """A file of one message with a `From ` line is told from a mailbox; a name that says mailbox, or a size beyond the
    sample, makes it one."""
    name = "x.gz" if pack is gzip.compress else "x"
    assert probe(pack(mbox(1)), name).identified.single
    assert not probe(pack(mbox(2)), name).identified.single
    assert not probe(pack(mbox(1)), f"a.mbox{name[1:]}").identified.single
    assert not probe(pack(mbox(1, b"text\n" * (SAMPLE_BYTES // 5))), name).identified.single
    assert not probe(b"", "empty.mbox").identified.single


def test_lengths_beyond_the_sample(probe: Callable) -> None:
    """An mboxcl2 whose first message is larger than the sample is known by looking at where its length leads."""
    body = b"text\n" * (SAMPLE_BYTES // 4)
    one = FROM_LINE + b"Content-Length: %d\n\n%s\n" % (len(body), body)
    found = probe(one * 2, "x").identified
    assert (found.quoting, found.has_lengths) == ("mboxcl2", True)
    wrong = FROM_LINE + b"Content-Length: %d\n\n%s\n" % (len(body) - 9, body)
    assert probe(wrong * 2, "x").identified.quoting == "mboxrd"
    assert probe(gzip.compress(one * 2), "x.gz").identified.quoting == "mboxrd"


def test_what_the_system_says(probe: Callable, message: Callable, tmp_path: Path) -> None:
    """Size on disk, mode and time are those of the file; name, folder and flags are the caller's."""
    found = probe(gzip.compress(message()), "a.eml.gz")
    status = (tmp_path / "a.eml.gz").stat()
    info = found.file_info(b"d/a.eml.gz", "d", "S")
    assert (info.name, info.folder, info.flags, info.compression) == (b"d/a.eml.gz", "d", "S", "gzip")
    assert (info.size, info.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert info.quoting is None
