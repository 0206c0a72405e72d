"""Why readers differ about real mail: each difference belongs to a class, or to none, and then a test fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.conformance.difference import Class, leaves_of
from tests.conformance.readers import FAST, GMIME, STDLIB, Leaf, Reading

_SPACE_AT_LINE_ENDS = re.compile(rb"[ \t]+(?=\r?\n|\Z)")


def _pairs(ours: Reading, theirs: Reading) -> Iterator[tuple[Leaf, Leaf]]:
    for mine, yours in zip(ours.leaves, theirs.leaves, strict=True):
        if mine.sha256 != yours.sha256:
            yield mine, yours


def _same_words(ours: Reading, theirs: Reading) -> bool:
    return (ours.subject or "").split() == (theirs.subject or "").split()


def _raw_8bit(ours: Reading, theirs: Reading) -> bool:
    subject = _SUBJECT.search(b"\n" + ours.header)
    return subject is not None and not subject[1].isascii()


def _odd_encoded_word(ours: Reading, theirs: Reading) -> bool:
    subject = _SUBJECT.search(b"\n" + ours.header)
    return subject is not None and b"=?" in subject[1]


def _space_of_quoted_printable(ours: Reading, theirs: Reading) -> bool:
    return all(
        mine.encoding == "quoted-printable"
        and (yours.content is None or _without_space(yours.content) == _without_space(mine.content or b""))
        for mine, yours in _pairs(ours, theirs)
    )


def _without_space(content: bytes) -> bytes:
    return _SPACE_AT_LINE_ENDS.sub(b"", content)


def _broken_base64(ours: Reading, theirs: Reading) -> bool:
    is_broken = any(code.startswith("base64-") for code in ours.codes)
    return is_broken and all(mine.encoding == "base64" for mine, _ in _pairs(ours, theirs))


def _refused_base64(ours: Reading, theirs: Reading) -> bool:
    return any(code.startswith("base64-") for code in ours.codes)


def _same_but_line_breaks(ours: Reading, theirs: Reading) -> bool:
    return _contents(ours, str.split) == _contents(theirs, str.split)


def _same_but_charset(ours: Reading, theirs: Reading) -> bool:
    if any(_is_mostly_foreign(leaf.text) for leaf in ours.leaves):
        return True
    return any(_contents(ours, kept) == _contents(theirs, kept) for kept in (_plain_letters, _plain_words))


def _is_mostly_foreign(text: str) -> bool:
    """Whether so much of a text is outside of ASCII that under another charset even its ASCII is another."""
    return sum(character > "\x7f" for character in text) > len(text) / 8


def _contents(reading: Reading, words: Callable[[str], list[str]]) -> list[list[str]]:
    return sorted(words(str(content)) for _, _, content in leaves_of(reading, FAST))


def _plain_letters(text: str) -> list[str]:
    """The plain letters; everything else may have become anything."""
    return re.findall(r"[A-Za-z]", text)


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{3,}", text)


def _quoted_printable_data(ours: Reading, theirs: Reading) -> bool:
    return any(
        leaf.encoding == "quoted-printable" and not leaf.content_type.startswith("text/") for leaf in ours.leaves
    )


def _malformed(ours: Reading, theirs: Reading) -> bool:
    return "malformed-parameters" in ours.codes


def _broken_quoted_printable(ours: Reading, theirs: Reading) -> bool:
    is_broken = any(code.startswith("quoted-printable-") for code in ours.codes)
    return is_broken and all(mine.encoding == "quoted-printable" for mine, _ in _pairs(ours, theirs))


def _text_with_a_name(ours: Reading, theirs: Reading) -> bool:
    return any(leaf.content_type.startswith("text/") and leaf.filename is not None for leaf in ours.leaves)


def _embedded_messages(ours: Reading, theirs: Reading) -> bool:
    return any(leaf.content_type.startswith("message/") for leaf in theirs.leaves)


def _bracketed_boundary(ours: Reading, theirs: Reading) -> bool:
    return b'boundary="<' in ours.header


def _empty(ours: Reading, theirs: Reading) -> bool:
    return not ours.header and all(not leaf.content for leaf in ours.leaves)


def _empty_texts(ours: Reading, theirs: Reading) -> bool:
    return _with_content(ours) == _with_content(theirs)


def _with_content(reading: Reading) -> int:
    return sum(bool((leaf.content or b"").strip()) for leaf in reading.leaves)


def _status_blocks(ours: Reading, theirs: Reading) -> bool:
    return any(leaf.content_type == "message/delivery-status" for leaf in ours.leaves)


def _odd_structure(ours: Reading, theirs: Reading) -> bool:
    return bool(ours.codes & _STRUCTURAL)


def _empty_names(ours: Reading, theirs: Reading) -> bool:
    return [leaf.filename for leaf in ours.leaves] == [leaf.filename or None for leaf in theirs.leaves]


_SUBJECT = re.compile(rb"\nsubject[ \t]*:((?:.|\r?\n[ \t])*)", re.IGNORECASE)
_STRUCTURAL = frozenset(
    {
        "encoded-message",
        "header-field-after-blank-line",
        "boundary-of-outer-multipart",
        "invalid-content-type",
        "malformed-parameters",
        "missing-opening-delimiter",
        "missing-close-delimiter",
        "delimiter-with-trailing-bytes",
    }
)

CLASSES: tuple[Class, ...] = (
    Class(
        "White space in a subject",
        "subject",
        (STDLIB, GMIME, FAST),
        _same_words,
        "RFC 5322, 2.2.3: unfolding takes out the line break and leaves the white space behind it. Ours makes a tab a "
        "space and leaves out white space at both ends; the others keep tabs, and keep or merge runs of spaces.",
    ),
    Class(
        "Raw 8-bit in a subject",
        "subject",
        (STDLIB, GMIME, FAST),
        _raw_8bit,
        "RFC 6532 allows UTF-8 only. Where it is none ours guesses; the standard library writes U+FFFD, the others "
        "read ISO 8859-1.",
    ),
    Class(
        "An encoded word that is malformed or cut",
        "subject",
        (STDLIB, GMIME, FAST),
        _odd_encoded_word,
        "RFC 2047, 5 wants whole characters in each word. Ours joins the bytes of adjacent words before it decodes "
        "them, and takes what can be read of a word that is wrong; GMime ends the text there, the others leave the "
        "word as it stands.",
    ),
    Class(
        "White space at line ends of quoted-printable",
        "content",
        (STDLIB, GMIME),
        _space_of_quoted_printable,
        "RFC 2045, 6.7, (3): white space at the end of an encoded line was added in transport and has to be deleted; "
        "the others keep it.",
    ),
    Class(
        "Broken base64",
        "content",
        (STDLIB, GMIME, FAST),
        _broken_base64,
        "RFC 2045, 6.8 leaves open what to do with missing padding, or with text behind it. Ours reads on, the others "
        "stop, or leave out the last bytes.",
    ),
    Class(
        "Broken base64, refused",
        "refused",
        (FAST,),
        _refused_base64,
        "The whole message is refused for one part that cannot be decoded.",
    ),
    Class(
        "Line breaks of text",
        "content",
        (FAST,),
        _same_but_line_breaks,
        "What is decoded is what was sent. It turns line breaks of text into CRLF, adds one at the end, or takes "
        "white space away.",
    ),
    Class(
        "Charsets of text",
        "content",
        (FAST,),
        _same_but_charset,
        "It gives text only, decoded under the label as it stands: other replacement characters, other readings of "
        "labels that are wrong.",
    ),
    Class(
        "Texts that are not there",
        "leaves",
        (FAST,),
        _empty_texts,
        "It adds empty texts, one for some images and calendars.",
    ),
    Class(
        "The blocks of a delivery status",
        "leaves",
        (STDLIB,),
        _status_blocks,
        "RFC 3464, 2.1: one body of groups of fields. The standard library makes each group a part.",
    ),
    Class(
        "Structure that can be read in two ways",
        "leaves",
        (STDLIB, GMIME, FAST),
        _odd_structure,
        "[ambiguity.md](ambiguity.md) says how.",
    ),
    Class(
        "Structure that can be read in two ways, content",
        "content",
        (STDLIB, GMIME, FAST),
        _odd_structure,
        "[ambiguity.md](ambiguity.md) says how.",
    ),
    Class(
        "A malformed type",
        "type",
        (STDLIB, GMIME, FAST),
        _odd_structure,
        "Without a semicolon behind the type ours takes the first two tokens, the others all of it; without a subtype "
        "it is text/plain (RFC 2045, 5.2), and GMime keeps what there is.",
    ),
    Class(
        "A name in malformed parameters",
        "filename",
        (STDLIB, GMIME),
        _malformed,
        "A name with spaces and no quotes: ours takes all of it, the standard library the first word.",
    ),
    Class(
        "Quoted-printable that is no text",
        "content",
        (FAST,),
        _quoted_printable_data,
        "What is decoded is what was sent; it changes line breaks in attachments, too.",
    ),
    Class(
        "Broken quoted-printable",
        "content",
        (STDLIB, GMIME, FAST),
        _broken_quoted_printable,
        "RFC 2045, 6.7 calls it reasonable to keep an equals sign that begins no escape, as ours does; the standard "
        "library leaves some out.",
    ),
    Class(
        "Texts with a file name",
        "filename",
        (FAST,),
        _text_with_a_name,
        "It takes them for the text of the message and gives no names.",
    ),
    Class(
        "Texts with a file name, content",
        "content",
        (FAST,),
        _text_with_a_name,
        "The same: it gives them as text, not as bytes.",
    ),
    *(
        Class(
            f"Embedded messages, {about}",
            about,
            (FAST,),
            _embedded_messages,
            "It gives them whole, as attachments; ours takes them apart.",
        )
        for about in ("filename", "type", "content")
    ),
    Class(
        "A boundary in angle brackets",
        "leaves",
        (STDLIB,),
        _bracketed_boundary,
        "RFC 2045, 5.1 knows quotes only; the standard library takes the brackets for some, and finds no delimiter.",
    ),
    Class("An empty message", "refused", (GMIME,), _empty, "Ours gives it, with an empty text; GMime gives none."),
    Class(
        "An empty file name",
        "filename",
        (STDLIB, GMIME),
        _empty_names,
        "A name of no characters is none.",
    ),
)
