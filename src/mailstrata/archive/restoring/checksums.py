"""Lists of digests as `sha256sum -c` of the GNU coreutils reads them."""

from __future__ import annotations

MANIFEST = b"SHA256SUMS"
"""What such a list is called in a folder that `restore` or `export` has filled."""


def checksum_line(sha256: str, name: bytes) -> bytes:
    """The line of a file: its digest in hexadecimal, its path below the folder of the list.

    A name with a backslash, a line feed or a carriage return at its end is escaped, and its line begins with a
    backslash. Other names stand as they are, for programs that know no escapes.
    """
    if name == b"-":
        # To sha256sum that is standard input.
        name = b"./-"
    mark = b""
    if b"\\" in name or b"\n" in name or name.endswith(b"\r"):
        mark = b"\\"
        name = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b"%s%s  %s\n" % (mark, sha256.encode("ascii"), name)
