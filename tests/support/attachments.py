"""Content that is not what it seems, made here: nothing of it is harmful. Formats that the standard library cannot
write are put together field by field."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile

PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(44) + b"\x40\0\0\0PE\0\0" + bytes(400)
CLASS_FILE = b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(100)


def zip_of(*names: str, password: bool = False, central_names: tuple[str, ...] = ()) -> bytes:
    """A zip with these members. With `password` it says that they are encrypted; `central_names` are those that the
    central directory has instead."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, f"content of {name} " * 20)
    data = bytearray(file.getvalue())
    if password:
        for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = data.find(signature)
            while place >= 0:
                data[place + at] |= 1
                place = data.find(signature, place + 1)
    content = bytes(data)
    for old, new in zip(names, central_names, strict=False):
        head, directory, rest = content.partition(b"PK\x01\x02")
        content = head + directory + rest.replace(old.encode(), new.encode(), 1)
    return content


def compound_file(*entries: tuple[str, int], main: bytes = b"", class_id: bytes = bytes(16)) -> bytes:
    """An OLE compound file: header, a sector of the main stream, and the directory, of names and types of entries."""
    directory = b""
    for name, kind in (("Root Entry", 5), *entries):
        wide = name.encode("utf-16-le")
        entry = wide.ljust(64, b"\0") + struct.pack("<HBB", len(wide) + 2, kind, 1)
        entry = entry.ljust(80, b"\xff") + (class_id if kind == 5 else bytes(16))
        directory += entry.ljust(128, b"\0")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + main.ljust(4096, b"\0") + directory


def word_main_stream(*, encrypted: bool) -> bytes:
    """The beginning of the main stream of a Word document ([MS-DOC], 2.5.1)."""
    return b"\xec\xa5\xc1\x00" + bytes(6) + struct.pack("<H", 0x0100 if encrypted else 0)


def excel_records(*records: tuple[int, bytes]) -> bytes:
    """Records of an Excel workbook ([MS-XLS], 2.1.4): a BOF, and these."""
    all_records = ((0x0809, bytes(16)), *records)
    return b"".join(struct.pack("<HH", number, len(data)) + data for number, data in all_records)


def sheet_record(name: str, *, macros: bool) -> tuple[int, bytes]:
    """The record of a sheet: a position, hidden or not, its kind, its name."""
    return 0x85, struct.pack("<IBBBB", 1234, 0, macros, len(name), 0) + name.encode("latin-1")


def rar4(*names: str, password: bool = False, hides_names: bool = False) -> bytes:
    """A RAR 4 archive, checksums left out."""
    data = b"Rar!\x1a\x07\x00" + struct.pack("<HBHH", 0, 0x73, 0x80 if hides_names else 0, 13) + bytes(6)
    if hides_names:
        return data + b"\x55" * 200
    for name in names:
        raw = name.encode()
        packed = b"\xaa" * 77
        fields = struct.pack("<IIBIIBBHI", len(packed), 99, 2, 0, 0, 29, 0x33, len(raw), 0x20)
        flags = 0x8000 | (4 if password else 0)
        data += struct.pack("<HBHH", 0, 0x74, flags, 7 + len(fields) + len(raw)) + fields + raw + packed
    return data + struct.pack("<HBHH", 0, 0x7B, 0x4000, 7)


def rar5(*names: str, password: bool = False, hides_names: bool = False) -> bytes:
    """A RAR 5 archive, checksums left out."""

    def number(value: int) -> bytes:
        out = bytearray()
        while True:
            value, low = value >> 7, value & 0x7F
            out.append(low | (0x80 if value else 0))
            if not value:
                return bytes(out)

    def block(header: bytes) -> bytes:
        return bytes(4) + number(len(header)) + header

    data = b"Rar!\x1a\x07\x01\x00"
    if hides_names:
        return data + block(number(4) + number(0) + bytes(20)) + b"\x55" * 200
    data += block(number(1) + number(0) + number(0))
    for name in names:
        raw, packed = name.encode(), b"\xaa" * 300
        extra = number(34) + number(1) + bytes(33) if password else b""
        sizes = (number(len(extra)) if extra else b"") + number(len(packed))
        fields = number(4) + number(99) + number(0x20) + bytes(4) + number(0) + number(0) + number(len(raw)) + raw
        data += block(number(2) + number(2 | (1 if extra else 0)) + sizes + fields + extra) + packed
    return data + block(number(5) + number(0) + number(0))


def seven_zip(*names: str, password: bool = False, hides_names: bool = False, packs_header: bool = True) -> bytes:
    """A 7z archive as 7-Zip writes them: its header is compressed with LZMA, unless not `packs_header`."""

    def number(value: int) -> bytes:
        return bytes((value,)) if value < 0x80 else bytes((0x80 | value >> 8, value & 0xFF))

    wide = b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)
    coder = b"\x24\x06\xf1\x07\x01\x01\x53" if password else b"\x21\x21\x01\x18"
    header = (
        b"\x01\x04\x06\x00\x01\x09\x40\x00\x07\x0b\x01\x00\x01" + coder + b"\x0c\x40\x00\x00\x05" + number(len(names))
    )
    header += b"\x11" + number(len(wide) + 1) + b"\0" + wide + b"\x00\x00"
    content = b"\xaa" * 0x40
    if hides_names:
        header = b"\x17\x06\x40\x01\x09\x30\x00\x07\x0b\x01\x00\x02\x24\x06\xf1\x07\x01\x01\x53" + bytes(20)
    elif packs_header:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 4096, "lc": 3, "lp": 0, "pb": 2}]
        packed = lzma.compress(header, lzma.FORMAT_RAW, filters=filters)
        properties = b"\x5d\x00\x10\x00\x00"
        size = number(len(header))
        header = b"\x17\x06" + number(len(content)) + b"\x01\x09" + number(len(packed)) + b"\x00"
        header += (
            b"\x07\x0b\x01\x00\x01\x23\x03\x01\x01\x05" + properties + b"\x0c" + size + b"\x0a\x01" + bytes(4) + b"\0\0"
        )
        content += packed
    start = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(4) + struct.pack("<QQI", len(content), len(header), 0)
    return start + content + header


def cabinet(*names: str) -> bytes:
    """A cabinet file."""
    entries = b"".join(struct.pack("<IIHHHH", 99, 0, 0, 0, 0, 0x20) + name.encode() + b"\0" for name in names)
    header = struct.pack("<4s5I2B5H", b"MSCF", 0, 9999, 0, 44, 0, 3, 1, 1, len(names), 0, 1, 0)
    return header + struct.pack("<IHH", 44 + len(entries), 1, 0) + entries + bytes(500)


def disk_image(*names: str, joliet: bool = False) -> bytes:
    """An ISO 9660 image."""
    encoded = [name.encode("utf-16-be") if joliet else name.upper().encode() + b";1" for name in names]
    records = b"".join(bytes(32) + bytes((len(name),)) + name + b"\0" for name in encoded)
    return bytes(32 << 10) + b"\x01CD001\x01" + bytes(2041) + records + bytes(4096)


def tar_of(*names: str, mode: str = "w", form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive, compressed as `mode` says (`w:gz`)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 700
            archive.addfile(member, io.BytesIO(b"x" * 700))
    data: bytes = file.getvalue()
    return data
