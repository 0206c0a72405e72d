"""Mail as bytes: header fields, transfer encodings and multipart bodies, written out the way mail clients do.

Everything here ends its lines with LF; `crlf` turns a finished message into one with CRLF. An *entity* is a
header block with its blank line and a body, as bytes; a body carries no last line break inside a multipart,
because the one before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
"""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Iterable, Sequence

Fields = Iterable[tuple[str, str]]

_WORD_LIMIT = 75
_FOLD_AT = 76
_SAFE_IN_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_SAFE_IN_PARAMETER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~")


def encoded_words(text: str, charset: str = "utf-8", encoding: str = "B") -> str:
    """`text` as encoded words of at most 75 characters, never split inside a character (RFC 2047, 5)."""
    words = []
    chunk = ""
    for character in text:
        if chunk and len(_encoded_word(chunk + character, charset, encoding)) > _WORD_LIMIT:
            words.append(_encoded_word(chunk, charset, encoding))
            chunk = ""
        chunk += character
    words.append(_encoded_word(chunk, charset, encoding))
    return " ".join(words)


def _encoded_word(text: str, charset: str, encoding: str) -> str:
    data = text.encode(charset)
    if encoding == "B":
        payload = base64.b64encode(data).decode("ascii")
    else:
        payload = "".join(
            "_" if byte == 0x20 else chr(byte) if byte in _SAFE_IN_WORD else f"={byte:02X}" for byte in data
        )
    return f"=?{charset}?{encoding}?{payload}?="


def parameter(name: str, value: str, *, charset: str = "utf-8", language: str = "") -> str:
    """`name=value` as a parameter: a quoted string where the value is ASCII, else as in RFC 2231, in
    numbered continuations where it is long."""
    if value.isascii():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}="{escaped}"'
    encoded = [chr(byte) if byte in _SAFE_IN_PARAMETER else f"%{byte:02X}" for byte in value.encode(charset)]
    sections = [f"{charset}'{language}'"]
    for piece in encoded:
        if len(sections[-1]) + len(piece) > 56:
            sections.append("")
        sections[-1] += piece
    if len(sections) == 1:
        return f"{name}*={sections[0]}"
    return "; ".join(f"{name}*{number}*={section}" for number, section in enumerate(sections))


def fold(name: str, value: str) -> str:
    """A header field, folded at its spaces to 76 characters a line where possible (RFC 5322, 2.2.3)."""
    lines = [f"{name}:"]
    for word in value.split(" "):
        if len(lines[-1]) + 1 + len(word) > _FOLD_AT and lines[-1].strip() not in ("", f"{name}:"):
            lines.append("")
        lines[-1] += f" {word}"
    return "\n".join(lines) + "\n"


def header(fields: Fields) -> bytes:
    """Header fields as bytes, without the blank line. Values beyond ASCII stay raw UTF-8 (RFC 6532)."""
    return "".join(fold(name, value) for name, value in fields).encode("utf-8")


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 characters, without a last line break (RFC 2045, 6.8)."""
    return base64.encodebytes(data)[:-1]


def quoted_printable(data: bytes) -> bytes:
    """Quoted-printable with soft line breaks, the line breaks of text kept (RFC 2045, 6.7)."""
    return quopri.encodestring(data)


def uuencode(data: bytes, filename: str) -> bytes:
    """A uuencoded file, from its `begin` line to its `end` line, without a last line break."""
    lines = [binascii.b2a_uu(data[start : start + 45], backtick=True) for start in range(0, len(data), 45)]
    return b"begin 644 " + filename.encode("ascii") + b"\n" + b"".join(lines) + b"`\nend"


def entity(content_type: str, body: bytes, fields: Fields = ()) -> bytes:
    """An entity: Content-Type, the other header fields, a blank line, the body."""
    return header([("Content-Type", content_type), *fields]) + b"\n" + body


def text(
    content: str, *, subtype: str = "plain", charset: str = "utf-8", encoding: str = "", parameters: str = ""
) -> bytes:
    """A text part. Without an `encoding`, 7bit where the content is ASCII and 8bit otherwise."""
    data = content.encode(charset)
    if not encoding:
        encoding = "7bit" if data.isascii() else "8bit"
    if encoding == "quoted-printable":
        data = quoted_printable(data)
    elif encoding == "base64":
        data = base64_lines(data)
    kind = f"text/{subtype}; charset={charset}{parameters}"
    return entity(kind, data, [("Content-Transfer-Encoding", encoding)])


def attachment(
    content_type: str,
    data: bytes,
    filename: str,
    *,
    disposition: str = "attachment",
    content_id: str = "",
    filename_parameter: str = "",
) -> bytes:
    """A base64 attachment. `filename_parameter` replaces what `filename` would be written as."""
    fields = [
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"{disposition}; {filename_parameter or parameter('filename', filename)}"),
    ]
    if content_id:
        fields.append(("Content-ID", f"<{content_id}>"))
    name = f'; name="{filename}"' if filename.isascii() else ""
    return entity(content_type + name, base64_lines(data), fields)


def embedded(message: bytes, *, disposition: str = "") -> bytes:
    """A message/rfc822 part (RFC 2046, 5.2.1)."""
    fields = [("Content-Disposition", disposition)] if disposition else []
    return entity("message/rfc822", message.removesuffix(b"\n"), fields)


def multipart(
    subtype: str,
    boundary: str,
    parts: Sequence[bytes],
    *,
    parameters: str = "",
    preamble: bytes = b"",
    epilogue: bytes = b"",
    close: bool = True,
) -> bytes:
    """A multipart entity (RFC 2046, 5.1). Without `close`, its close-delimiter is missing."""
    delimiter = b"--" + boundary.encode("ascii")
    body = preamble + b"\n" if preamble else b""
    body += b"\n".join(delimiter + b"\n" + part for part in parts)
    if close:
        body += b"\n" + delimiter + b"--"
    if epilogue:
        body += b"\n" + epilogue
    return entity(f'multipart/{subtype}; boundary="{boundary}"{parameters}', body)


def crlf(message: bytes) -> bytes:
    """The message with CRLF for every LF."""
    return message.replace(b"\n", b"\r\n")
