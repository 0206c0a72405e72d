"""What a query finds, by looking at each message: slow, obvious, and what everything faster is compared with.

It takes the docstrings of `mailstrata.search.query.nodes` at their word, over rows of the tables as dictionaries, and
shares nothing with the engine or with the translation to SQL.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from mailstrata.search.query.content_types import NAMES
from mailstrata.search.query.nodes import (
    And,
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
    Not,
    Or,
    Path,
    Sha256,
    Size,
    Words,
    fold_letters,
)

Row = dict[str, Any]
WordsOf = Callable[[str], Sequence[str]]
"""From a text to its words in order."""


@dataclass(slots=True)
class Mail:
    """All that is known of one message: its row of *messages*, the rows of *occurrences* and *parts*, the texts of its
    body, and those of its attachments."""

    message: Row
    occurrences: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """Its name."""
        return str(self.message["sha256"])


def finds(node: Node, mails: Sequence[Mail], words_of: WordsOf) -> set[str]:
    """The digests of those of the messages for which the query stands."""
    return {mail.sha256 for mail in mails if holds(node, mail, words_of)}


def holds(node: Node, mail: Mail, words_of: WordsOf) -> bool:
    """Whether a query stands for a message."""
    match node:
        case And(items):
            return all(holds(item, mail, words_of) for item in items)
        case Or(items):
            return any(holds(item, mail, words_of) for item in items)
        case Not(item):
            return not holds(item, mail, words_of)
        case Everything():
            return True
        case Words(fields, text, is_prefix):
            asked = list(words_of(text))
            texts = [found for each in fields for found in texts_of(mail, each)]
            return any(follow_one_another(asked, list(words_of(found)), is_prefix) for found in texts)
        case HasAttachment():
            return any(part["is_attachment"] for part in mail.parts)
        case ContentType(name):
            types = [part[column] for part in mail.parts for column in ("content_type", "sniffed_type")]
            wanted = NAMES.get(name, (name,))
            return any(fnmatchcase(each, pattern) for each in types if each is not None for pattern in wanted)
        case Date(at_least, below):
            date = mail.message["date"]
            if date is None:
                return False
            return (at_least is None or date >= at_least.replace(tzinfo=None)) and (
                below is None or date < below.replace(tzinfo=None)
            )
        case Size(at_least, below):
            size = mail.message["size"]
            return (at_least is None or size >= at_least) and (below is None or size < below)
        case Folder(text):
            return any(has_names(each["folder"], text) for each in mail.occurrences)
        case Label(text):
            return any(has_names(label, text) for label in mail.message["labels"])
        case Path(text):
            paths = [f"{each['source_path']}/{each['file']}" for each in mail.occurrences]
            return any(has_names(path, text) for path in paths)
        case MessageId(text):
            return bool(mail.message["message_id"] == text)
        case Sha256(prefix):
            digests = [mail.sha256, *(part["blob"] for part in mail.parts)]
            return any(digest.startswith(prefix) for digest in digests if digest is not None)
        case Flag(name):
            return has_flag(mail, name)


def texts_of(mail: Mail, where: Field) -> Iterator[str]:
    """The texts of a field."""
    row = mail.message
    match where:
        case Field.SUBJECT:
            yield row["subject"] or ""
        case Field.FROM | Field.TO | Field.CC | Field.BCC:
            for mailbox in row[f"{where}_addresses"]:
                yield mailbox["name"] or ""
                yield mailbox["address"] or ""
        case Field.DELIVERED_TO:
            yield from row["delivered_to"]
        case Field.LIST:
            yield row["list_id"] or ""
        case Field.BODY:
            yield from mail.bodies
        case Field.FILENAME:
            yield from (part["filename"] for part in mail.parts if part["filename"] is not None)
        case Field.CONTENT:
            yield from mail.contents


def follow_one_another(asked: list[str], found: list[str], is_prefix: bool) -> bool:
    """Whether the words that are asked for stand one after the other in those of a text."""
    if not asked:
        return False
    for start in range(len(found) - len(asked) + 1):
        there = found[start : start + len(asked)]
        if there == asked or (is_prefix and there[:-1] == asked[:-1] and there[-1].startswith(asked[-1])):
            return True
    return False


def has_names(path: str, text: str) -> bool:
    """Whether the names of the text stand one after the other among those of the path."""
    names, asked = fold_letters(path).split("/"), fold_letters(text).split("/")
    return any(names[start : start + len(asked)] == asked for start in range(len(names)))


def has_flag(mail: Mail, name: str) -> bool:
    """Whether a flag is set, of the message, of a place where it was found, or of a part."""
    if name == "signed":
        return bool(mail.message["is_signed"])
    if name == "encrypted-mail":
        return bool(mail.message["is_encrypted"])
    letters = {"draft": "D", "flagged": "F", "passed": "P", "replied": "R", "seen": "S", "trashed": "T"}
    if name in letters:
        return any(letters[name] in each["flags"] for each in mail.occurrences)
    return any(part.get(f"flag_{name.replace('-', '_')}") for part in mail.parts)


WITHOUT_SPACES = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HENTAIGANA",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "HANGZHOU",
    "IDEOGRAPHIC ITERATION",
    "IDEOGRAPHIC CLOSING",
    "IDEOGRAPHIC NUMBER",
    "VERTICAL KANA",
    "VERTICAL IDEOGRAPHIC",
    "MASU",
)


@cache
def plain_words(text: str) -> list[str]:
    """Words as docs/finding.md defines them, a character at a time."""
    words: list[str] = []
    word = ""
    for character in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()):
        category = unicodedata.category(character)
        if unicodedata.combining(character) or category == "Cf":
            continue
        if category[0] not in "LNM":
            words.append(word)
            word = ""
        elif unicodedata.name(character, "").startswith(WITHOUT_SPACES):
            words += [word, character]
            word = ""
        else:
            word += character
    return [each for each in (*words, word) if each]
