"""The operators of the language: their names, and what node each makes of its value."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from mailstrata.search.query.content_types import FAMILIES, NAMES, read_content_type
from mailstrata.search.query.dates import read_age, read_beginning, read_date_range
from mailstrata.search.query.nodes import (
    ANYWHERE,
    MESSAGE_FLAGS,
    OCCURRENCE_FLAGS,
    PART_FLAGS,
    RECIPIENTS,
    ContentType,
    Date,
    Everything,
    Field,
    Flag,
    Folder,
    HasAttachment,
    Label,
    MessageId,
    Node,
    Path,
    Sha256,
    Size,
    Words,
    disjunction,
    negation,
)
from mailstrata.search.query.sizes import MOST_BYTES, read_size, read_size_range
from mailstrata.search.query.unreadable import UnreadableError, shown


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind an operator, or alone: a word, with its stars; or what stands between quotes (`is_quoted`),
    behind which a star may follow (`is_prefix`)."""

    text: str
    is_quoted: bool = False
    is_prefix: bool = False


Reader = Callable[[Value, datetime], Node]
"""From a value, and the time that it is, to a node. Raises `UnreadableError`."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `wanted` says what it wants, with an example, where there is nothing behind it."""

    name: str
    aliases: tuple[str, ...]
    wanted: str
    read: Reader


def has_words(text: str) -> bool:
    """Whether there is anything in the text that can be a word: a letter, a digit, or a mark that is no accent,
    compatibility characters decomposed."""
    return any(
        unicodedata.category(character)[0] in "LNM" and not unicodedata.combining(character)
        for character in unicodedata.normalize("NFKD", text.casefold())
    )


def read_words(fields: tuple[Field, ...], value: Value) -> Words:
    """Words to be looked for in these fields. Raises `UnreadableError`."""
    text, is_prefix = value.text, value.is_prefix
    if not value.is_quoted:
        if fields == (Field.FILENAME,) and text.startswith("*."):
            # `filename:*.pdf`: an extension is a word by itself.
            text = text[2:]
        if text.endswith("*"):
            text, is_prefix = text.rstrip("*"), True
        if "*" in text or (is_prefix and text and unicodedata.category(text[-1])[0] not in "LNM"):
            raise UnreadableError("a * stands for the end of a word only, as in contr*; put what holds one in quotes")
    if not has_words(text):
        raise UnreadableError(f"{shown(value.text)} holds no letter or digit to look for; write a word")
    return Words(fields, text, is_prefix)


def read_bare(value: Value) -> Node:
    """What stands in a query without an operator. Raises `UnreadableError`."""
    if value == Value("*"):
        return Everything()
    return read_words(ANYWHERE, value)


def _always(read: Callable[[Value], Node]) -> Reader:
    """The reader of what means the same at any time."""
    return lambda value, _now: read(value)


def _words(*fields: Field) -> Reader:
    return _always(lambda value: read_words(fields, value))


def _names(value: Value) -> str:
    """Names between slashes: of a folder, of a path. As in notmuch, `/**` at the end says what holds anyway."""
    text = value.text
    if value.is_prefix or (not value.is_quoted and "*" in text.removesuffix("/**")):
        raise UnreadableError("whole names are looked for here, between slashes; leave the * out")
    if not value.is_quoted:
        text = text.removesuffix("/**")
    return text.strip("/")


def _folder(value: Value) -> Node:
    return Folder(_names(value))


def _label(value: Value) -> Node:
    text = _names(value)
    if not text:
        raise UnreadableError(f"{shown(value.text)} is no label; write label:work")
    return Label(text)


def _in(value: Value) -> Node:
    if value.text.lower() in ("anywhere", "all"):
        return Everything()
    text = _names(value)
    return disjunction((Folder(text), Label(text))) if text else Folder(text)


def _path(value: Value) -> Node:
    text = _names(value)
    if not text:
        raise UnreadableError(f"{shown(value.text)} is no path; write path:mail/2019.mbox")
    return Path(text)


def _content_type(value: Value) -> Node:
    return ContentType(read_content_type(_plain(value)))


def _has(value: Value) -> Node:
    name = _plain(value).lower()
    if name in ("attachment", "attachments"):
        return HasAttachment()
    if name in NAMES:
        return ContentType(name)
    raise UnreadableError(
        _unknown("has", name, ("attachment", *NAMES), f"it knows attachment, pdf, {', '.join(FAMILIES)}")
    )


_FLAGS: dict[str, Node] = {
    **{name: Flag(name) for name in (*PART_FLAGS, *MESSAGE_FLAGS, *OCCURRENCE_FLAGS)},
    # What Gmail, notmuch and mu call them.
    "attach": HasAttachment(),
    "attachment": HasAttachment(),
    "forwarded": Flag("passed"),
    "read": Flag("seen"),
    "starred": Flag("flagged"),
    "unread": negation(Flag("seen")),
}


def _flag(value: Value) -> Node:
    name = _plain(value).lower().replace("_", "-")
    if name not in _FLAGS:
        raise UnreadableError(_unknown("flag", name, tuple(_FLAGS), f"it knows {', '.join(sorted(_FLAGS))}"))
    return _FLAGS[name]


def _before(value: Value, now: datetime) -> Node:
    return Date(None, read_beginning(_plain(value), now))


def _after(value: Value, now: datetime) -> Node:
    return Date(read_beginning(_plain(value), now), None)


def _older_than(value: Value, now: datetime) -> Node:
    return Date(None, read_age(_plain(value), now))


def _newer_than(value: Value, now: datetime) -> Node:
    return Date(read_age(_plain(value), now), None)


def _date(value: Value, now: datetime) -> Node:
    return read_date_range(_plain(value), now)


def _larger(value: Value) -> Node:
    return Size(min(read_size(_plain(value)) + 1, MOST_BYTES), None)


def _smaller(value: Value) -> Node:
    return Size(None, read_size(_plain(value)))


def _size(value: Value) -> Node:
    return read_size_range(_plain(value))


def _message_id(value: Value) -> Node:
    text = _plain(value).removeprefix("<").removesuffix(">")
    if not text:
        raise UnreadableError(f"{shown(value.text)} is no Message-ID; write rfc822msgid:200503292@example.org")
    return MessageId(text)


_DIGEST = re.compile("[0-9a-f]{6,64}")


def _sha256(value: Value) -> Node:
    prefix = _plain(value).lower()
    if _DIGEST.fullmatch(prefix) is None:
        raise UnreadableError(f"{shown(value.text)} is no SHA-256; write 6 to 64 hexadecimal digits")
    return Sha256(prefix)


def _plain(value: Value) -> str:
    if value.is_prefix:
        raise UnreadableError("a * behind quotes is for words; leave it out")
    return value.text.strip()


def _unknown(operator: str, name: str, known: tuple[str, ...], otherwise: str) -> str:
    nearest = difflib.get_close_matches(name[:40], known, n=1)
    return f"{operator}: does not know {shown(name)}" + (
        f", did you mean {nearest[0]}?" if nearest else f"; {otherwise}"
    )


OPERATORS: tuple[Operator, ...] = (
    Operator("from", (), "a name, an address or a piece of one, as in from:ann", _words(Field.FROM)),
    Operator("to", ("recip",), "a name, an address or a piece of one, as in to:ann", _words(*RECIPIENTS)),
    Operator("cc", (), "a name, an address or a piece of one, as in cc:ann", _words(Field.CC)),
    Operator("bcc", (), "a name, an address or a piece of one, as in bcc:ann", _words(Field.BCC)),
    Operator("contact", (), "a name, an address or a piece of one, as in contact:ann", _words(Field.FROM, *RECIPIENTS)),
    Operator("deliveredto", (), "an address or a piece of one, as in deliveredto:ann", _words(Field.DELIVERED_TO)),
    Operator("subject", (), "a word, as in subject:contract", _words(Field.SUBJECT)),
    Operator("body", (), "a word, as in body:contract", _words(Field.BODY)),
    Operator("content", ("embed",), "a word, as in content:contract", _words(Field.CONTENT)),
    Operator("filename", ("attachment", "file"), "a word of a file's name, as in filename:pdf", _words(Field.FILENAME)),
    Operator("list", (), "a mailing list, as in list:dev.example.org", _words(Field.LIST)),
    Operator("has", (), "attachment or a type, as in has:attachment", _always(_has)),
    Operator("type", ("mimetype", "mime"), "a type, as in type:pdf or type:image/*", _always(_content_type)),
    Operator("after", ("newer",), "a date, as in after:2024-05-01", _after),
    Operator("before", ("older",), "a date, as in before:2024-05-01", _before),
    Operator("newer_than", (), "a length of time, as in newer_than:2w", _newer_than),
    Operator("older_than", (), "a length of time, as in older_than:1y", _older_than),
    Operator("date", (), "a date or a range, as in date:2024-05..2024-07", _date),
    Operator("larger", ("larger_than",), "a size, as in larger:10M", _always(_larger)),
    Operator("smaller", ("smaller_than",), "a size, as in smaller:10M", _always(_smaller)),
    Operator("size", (), "a size or a range, as in size:1M..5M", _always(_size)),
    Operator("in", (), "a folder or a label, as in in:inbox", _always(_in)),
    Operator("folder", ("maildir",), "a folder, as in folder:Work/2024", _always(_folder)),
    Operator("label", ("tag",), "a label, as in label:work", _always(_label)),
    Operator("path", (), "a path or a piece of one, as in path:mail/2019.mbox", _always(_path)),
    Operator(
        "rfc822msgid",
        ("id", "mid", "msgid", "message-id"),
        "a Message-ID, as in id:2005@example.org",
        _always(_message_id),
    ),
    Operator("sha256", (), "a digest or its beginning, as in sha256:9f86d081", _always(_sha256)),
    Operator("flag", ("flags", "is"), "a flag, as in flag:executable", _always(_flag)),
)
"""All operators, in the order of docs/search.md."""

BY_NAME: dict[str, Operator] = {name: each for each in OPERATORS for name in (each.name, *each.aliases)}
"""The operators by their names and aliases, in lower case."""


@cache
def nearest_operator(name: str) -> str | None:
    """The name of an operator that was probably meant, if there is one."""
    found = difflib.get_close_matches(name, BY_NAME, n=1)
    return found[0] if found else None
