import errno
import os
import stat
from pathlib import Path

import pytest

from mailstrata.errors import TargetError
from mailstrata.sinks.target_tree import TargetTree


def _write(tree: TargetTree, name: bytes, data: bytes = b"x", **about: int) -> bytes:
    with tree.create(name, **about) as file:
        file.write(data)
        return file.place()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_appear_with_content_mode_and_time(tmp_path: Path) -> None:
    """A placed file has its bytes, permissions and time to the nanosecond, and its folders are there."""
    with TargetTree(os.fsencode(tmp_path / "new" / "tree")) as tree:
        _write(tree, b"cur/1.host:2,S", b"mail", mode=0o640, mtime_ns=1_234_567_890_123_456_789)
        tree.finish()
    path = tmp_path / "new" / "tree" / "cur" / "1.host:2,S"
    assert path.read_bytes() == b"mail"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_mtime_ns == 1_234_567_890_123_456_789


def test_setuid_does_not_come_back(tmp_path: Path) -> None:
    """Of a mode only the permission bits are set."""
    with TargetTree(os.fsencode(tmp_path)) as tree:
        _write(tree, b"a", mode=0o4755)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755


def test_what_is_not_placed_leaves_nothing(tmp_path: Path) -> None:
    """A file that is not whole never appears, not even under its temporary name."""
    with TargetTree(os.fsencode(tmp_path)) as tree:
        with tree.create(b"a") as file:
            file.write(b"half")
            assert all(path.name.startswith(".mailstrata-") for path in tmp_path.iterdir())
        with pytest.raises(RuntimeError), tree.create(b"b") as file:
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_tree_that_holds_something_is_refused(tmp_path: Path) -> None:
    """Nothing of the user's is mixed with what is written."""
    (tmp_path / "there").touch()
    with pytest.raises(TargetError, match="is not empty"):
        TargetTree(os.fsencode(tmp_path))
    with pytest.raises(TargetError, match="something else lies there"):
        TargetTree(os.fsencode(tmp_path / "there"))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (b"/etc/passwd", "etc/passwd"),
        (b"../../up", "__/__/up"),
        (b"a//b/./c/", "a/b/c"),
        (b"", "unnamed"),
        (b"/", "unnamed"),
        (b"nul\0byte", "nul_byte"),
        (b"..", "__"),
        (b"...", "..."),
        (b"\xff\xfe", os.fsdecode(b"\xff\xfe")),
        (b"line\nbreak", "line\nbreak"),
    ],
)
def test_hostile_names_stay_inside(tmp_path: Path, name: bytes, place: str) -> None:
    """Whatever a name says, the file is below the tree, under a name changed no more than need be; changes are told."""
    renamed = []
    inside = tmp_path / "a" / "b" / "tree"
    with TargetTree(os.fsencode(inside), on_renamed=lambda *names: renamed.append(names)) as tree:
        got = _write(tree, name)
        tree.finish()
    assert _files(tmp_path) == {f"a/b/tree/{place}": b"x"}
    assert got == os.fsencode(place)
    assert renamed == ([] if got == name else [(name, got)])


def test_long_names_stay_apart(tmp_path: Path) -> None:
    """Names that are cut to the same beginning are not the same file."""
    with TargetTree(os.fsencode(tmp_path)) as tree:
        for number in range(3):
            _write(tree, b"n" * 300 + b"%d" % number)
            _write(tree, b"d/" * 3000 + b"%d" % number)
    assert len(_files(tmp_path)) == 6


def test_equal_names_get_numbers(tmp_path: Path) -> None:
    """Two members of one name are both there, and so are a file and a folder of one name."""
    with TargetTree(os.fsencode(tmp_path)) as tree:
        assert _write(tree, b"a.eml", b"1") == b"a.eml"
        assert _write(tree, b"a.eml", b"2") == b"a (2).eml"
        assert _write(tree, b"a.eml/inside", b"3") == b"a (3).eml/inside"
        assert _write(tree, b"a.eml/beside", b"3") == b"a (3).eml/beside"
        assert _write(tree, b"./a.eml", b"4") == b"a (4).eml"
        assert _write(tree, b"1.host:2,S", b"5") == b"1.host:2,S"
        assert _write(tree, b"1.host:2,S", b"6") == b"1.host:2,S (2)"
        tree.finish()
    assert sorted(_files(tmp_path).values()) == [b"1", b"2", b"3", b"3", b"4", b"5", b"6"]


def test_very_many_files_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each finds a name after a few attempts, however many there are; a folder of that name stays one."""
    attempts = 0
    link = os.link

    def counting_link(*arguments: bytes, **options: int) -> None:
        nonlocal attempts
        attempts += 1
        link(*arguments, **options)

    monkeypatch.setattr(os, "link", counting_link)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    with TargetTree(os.fsencode(tmp_path)) as tree:
        for _ in range(300):
            _write(tree, b"a")
        assert _write(tree, b"a/1") == b"a (20)/1"
        assert _write(tree, b"a/2") == b"a (20)/2"
    assert len(_files(tmp_path)) == 302
    assert attempts < 300 * 21


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link that somebody puts into the tree while it is written does not lead out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = tmp_path / "tree"
    with TargetTree(os.fsencode(inside)) as tree:
        (inside / "folder").symlink_to(outside)
        (inside / "file").symlink_to(outside / "target")
        _write(tree, b"folder/a")
        _write(tree, b"file")
        tree.finish()
    assert list(outside.iterdir()) == []
    assert _files(inside) == {"folder (2)/a": b"x", "file (2)": b"x"}


def test_folders_get_their_mode_and_time_in_the_end(tmp_path: Path) -> None:
    """An empty folder is made, and one that forbids writing can still be filled."""
    with TargetTree(os.fsencode(tmp_path / "t")) as tree:
        tree.make_folder(b"closed", mode=0o500, mtime_ns=1_000_000_000)
        tree.make_folder(b"empty/tmp")
        tree.make_folder(b"", mtime_ns=2_000_000_000)
        _write(tree, b"closed/a")
        _write(tree, b"closed/below/b")
        tree.finish()
    closed = (tmp_path / "t" / "closed").stat()
    assert (stat.S_IMODE(closed.st_mode), closed.st_mtime_ns) == (0o500, 1_000_000_000)
    assert (tmp_path / "t").stat().st_mtime_ns == 2_000_000_000
    assert (tmp_path / "t" / "empty" / "tmp").is_dir()
    (tmp_path / "t" / "closed").chmod(0o700)


def test_a_private_folder_is_private_from_the_beginning(tmp_path: Path) -> None:
    """While it is filled others may do no more with it than in the end, and its owner may do all."""
    with TargetTree(os.fsencode(tmp_path / "t")) as tree:
        tree.make_folder(b"private", mode=0o4040)
        assert stat.S_IMODE((tmp_path / "t/private").stat().st_mode) == 0o740
        _write(tree, b"private/below/a")
        tree.finish()
    assert stat.S_IMODE((tmp_path / "t/private").stat().st_mode) == 0o040
    (tmp_path / "t/private").chmod(0o700)


def test_a_staged_tree_tells_names_at_once(tmp_path: Path) -> None:
    """Where the tree gets its name later, a file's name is known while it is written, and still removed if it fails."""
    with TargetTree(os.fsencode(tmp_path), is_staged=True) as tree:
        assert _write(tree, b"cur/a", b"1", mode=0o600) == b"cur/a"
        with tree.create(b"cur/a") as file:
            assert file.place_name == b"cur/a (2)"
            file.write(b"half")
        with tree.create(b"../b") as file:
            assert file.place_name == b"__/b"
            file.place()
        tree.finish()
    assert _files(tmp_path) == {"cur/a": b"1", "__/b": b""}


def test_a_time_beyond_the_system_is_left_out(tmp_path: Path) -> None:
    """A member from the year 10^12 is written all the same."""
    with TargetTree(os.fsencode(tmp_path)) as tree:
        _write(tree, b"a", mtime_ns=10**30)
        _write(tree, b"b", mtime_ns=-(10**9))
    assert (tmp_path / "b").stat().st_mtime_ns == -(10**9)
    assert (tmp_path / "a").exists()


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no hard links files are renamed, and still replace nothing."""

    def link(*arguments: object, **options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    with TargetTree(os.fsencode(tmp_path)) as tree:
        assert _write(tree, b"a", b"1") == b"a"
        assert _write(tree, b"a", b"2") == b"a (2)"
    assert _files(tmp_path) == {"a": b"1", "a (2)": b"2"}


def test_a_file_system_that_refuses_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no UTF-8, on a file system that wants it, becomes one that every system takes."""
    link, mkdir = os.link, os.mkdir

    def refusing(name: bytes) -> None:
        try:
            name.decode()
        except UnicodeDecodeError:
            raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ)) from None

    def refusing_link(source: bytes, name: bytes, **options: object) -> None:
        refusing(name)
        link(source, name, **options)

    def refusing_mkdir(name: bytes, *mode: int, **options: object) -> None:
        refusing(name)
        mkdir(name, *mode, **options)

    monkeypatch.setattr(os, "link", refusing_link)
    monkeypatch.setattr(os, "mkdir", refusing_mkdir)
    with TargetTree(os.fsencode(tmp_path)) as tree:
        _write(tree, b"caf\xe9/\xff.eml")
    (place,) = _files(tmp_path)
    assert place.encode()
    assert place.endswith(".eml")


@pytest.mark.parametrize("is_staged", [False, True])
def test_a_disk_that_fails_to_sync_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_staged: bool) -> None:
    """What could not be made durable is an error before the tree is taken for whole."""

    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with TargetTree(os.fsencode(tmp_path), is_staged=is_staged) as tree:
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(TargetError, match="Input/output error; check the disk"):
            _write(tree, b"a")
            tree.finish()


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system says which file, and what to do."""

    def write(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with TargetTree(os.fsencode(tmp_path)) as tree, tree.create(b"cur/a") as file:
        monkeypatch.setattr(os, "write", write)
        with pytest.raises(TargetError, match=r"cur/a: No space left on device; free some space"):
            file.write(b"data")
    assert not _files(tmp_path)


def test_new_folders_above_the_tree_are_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name is not synced in the one above it may be gone after a power cut, with all that is in it."""
    real, synced = os.fsync, set()

    def fsync(descriptor: int) -> None:
        synced.add(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with TargetTree(os.fsencode(tmp_path / "a" / "b" / "c")):
        assert synced == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}
