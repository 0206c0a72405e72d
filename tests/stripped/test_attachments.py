"""The folder of attachments: whole files under their digests, whatever else is going on there."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from mailstrata.errors import StrippedMailError, TargetError
from mailstrata.stripped.attachment_reader import read_attachment
from mailstrata.stripped.attachments import MAX_HELD_BYTES, AttachmentFolder, place_of


def _keep(folder: AttachmentFolder, data: bytes) -> tuple[str, bool]:
    attachment = folder.new()
    for start in range(0, len(data), 400_000):
        attachment.write(data[start : start + 400_000])
    sha256 = hashlib.sha256(data).hexdigest()
    return sha256, folder.keep(attachment, sha256)


@pytest.mark.parametrize("size", [0, 1, MAX_HELD_BYTES, MAX_HELD_BYTES + 1, 3 * MAX_HELD_BYTES])
def test_content_is_kept_and_read_back(tmp_path: Path, size: int) -> None:
    """Small content and large, which never lies in memory as a whole."""
    data = os.urandom(size)
    folder = AttachmentFolder(tmp_path / "a")
    attachment = folder.new()
    attachment.write(data)
    assert b"".join(attachment.read()) == data
    assert len(attachment._held) <= MAX_HELD_BYTES
    attachment.discard()
    sha256, is_new = _keep(folder, data)
    assert is_new
    folder.sync()
    folder.close()
    assert b"".join(read_attachment(tmp_path / "a", sha256)) == data
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_runs_share_the_folder(tmp_path: Path) -> None:
    """Two at the same time keep the same content, each trusting only what it has read or written itself."""
    one, two = AttachmentFolder(tmp_path), AttachmentFolder(tmp_path)
    sha256, is_new = _keep(one, b"shared")
    one.sync()
    assert is_new
    assert _keep(two, b"shared") == (sha256, False)
    assert _keep(two, b"own")[1]
    two.sync()
    one.close()
    assert two.working.is_dir()
    two.close()
    assert sorted(path.name for path in tmp_path.glob("??/*")) == sorted(
        hashlib.sha256(data).hexdigest() for data in (b"shared", b"own")
    )


def test_reading_tells_what_is_wrong(tmp_path: Path) -> None:
    """A flipped bit is seen when the last byte is read."""
    folder = AttachmentFolder(tmp_path)
    sha256, _ = _keep(folder, b"content")
    folder.sync()
    folder.close()
    (tmp_path / place_of(sha256)).write_bytes(b"contenT")
    with pytest.raises(StrippedMailError, match="is damaged"):
        b"".join(read_attachment(tmp_path, sha256))
    (tmp_path / place_of(sha256)).unlink()
    with pytest.raises(StrippedMailError, match="is missing"):
        b"".join(read_attachment(tmp_path, sha256))
    (tmp_path / place_of(sha256)).mkdir()
    with pytest.raises(StrippedMailError, match="cannot be read"):
        b"".join(read_attachment(tmp_path, sha256))


def test_a_full_disk_is_an_error_of_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the disk says so only when it is asked to be sure."""

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = AttachmentFolder(tmp_path)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(TargetError, match="No space left"):
        _keep(folder, b"content")
        folder.sync()
    folder.close()
    assert not list(tmp_path.glob("??/*"))
