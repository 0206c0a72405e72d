"""Why readers differ about fixtures, where real mail knows no such difference.

Fixtures are made to show one thing, so a rule asks of each leaf that is read otherwise whether it has it, in its
defects or in its own header fields. Only where the number of leaves differs there is no leaf to ask: then the rule
asks the defects of the whole message.
"""

from __future__ import annotations

from functools import partial

from tests.conformance.difference import Class
from tests.conformance.readers import FAST, GMIME, STDLIB
from tests.conformance.rules_of_fixtures import (
    SPACE_BEFORE_COLON,
    SPACED_SUBJECT,
    SUBJECTS,
    TWO_TYPES,
    UUENCODE,
    Rule,
    each,
    has_code,
    in_apostrophes,
    is_empty,
    leaf_with,
    odd_boundary,
    odd_encoding,
    odd_type_field,
    same_but_crlf,
    sections,
    swapped,
)

_ALL = (STDLIB, GMIME, FAST)


def _of_leaves(title: str, abouts: tuple[str, ...], readers: tuple[str, ...], rule: Rule, reason: str) -> list[Class]:
    """The same for several kinds of difference. fast-mail-parser's leaves have another order, so it stands apart."""
    return [
        Class(f"{title}, {about}", about, (reader,), partial(each, rule, about, reader), reason)
        for about in abouts
        for reader in readers
    ]


_NO_FIELD = (
    "RFC 5322, 2.2 knows no such line, and nothing says what to do. Ours begins the body with it; GMime reads on in "
    "the header, fast-mail-parser often, the standard library where the line begins with a colon."
)
_TYPES = "RFC 2045, 3 allows one field. Ours takes the first, as the standard library does; GMime the last."
_BARE_CR = frozenset({"bare-cr-in-header"})
_BARE_CR_REASON = (
    "RFC 5322, 2.3: CR and LF occur together only. Ours reads it as a line break, the others as a character, which "
    "fast-mail-parser then refuses where a name should be."
)
_SPACED = (
    "RFC 5322, 4.5 has this obsolete form, and RFC 5322, 4 has readers accept it. The standard library ends the header "
    "there, fast-mail-parser takes the space into the name."
)
_EMPTY_PARTS = "RFC 2046, 5.1.1: a body part may be empty, with one for each delimiter. The others give none."
_BOUNDARY = "RFC 2046, 5.1.1; how each is read stands in [ambiguity.md](ambiguity.md)."

FIXTURE_CLASSES: tuple[Class, ...] = (
    *_of_leaves(
        "A line in the header that is no field",
        ("content", "filename", "type"),
        (GMIME, FAST),
        leaf_with("missing-blank-line-after-header"),
        _NO_FIELD,
    ),
    Class(
        "A line in the header that is no field, leaves",
        "leaves",
        (GMIME, FAST),
        partial(has_code, frozenset({"missing-blank-line-after-header"})),
        _NO_FIELD,
    ),
    *_of_leaves(
        "A transfer encoding that is more than one known word",
        ("content",),
        _ALL,
        odd_encoding,
        "RFC 2045, 6.1 wants one word. Ours takes the first word of the first field, behind comments, folds and white "
        "space; GMime takes the last field, and the others want the whole value to be a word that they know, or decode "
        "an encoded word in it.",
    ),
    *_of_leaves(
        "Uuencode",
        ("content",),
        (GMIME, FAST),
        lambda leaf: leaf.encoding in UUENCODE,
        "RFC 2045, 6.3 leaves such encodings to agreement. Ours decodes it also where the first or last line is "
        "missing; fast-mail-parser never does; GMime wants the first line, does not know the word "
        "uue, and reads broken lines otherwise.",
    ),
    Class(
        "A file name in UTF-16 without a mark",
        "filename",
        (STDLIB, GMIME),
        swapped,
        "RFC 2781, 4.3: without a byte order mark it is big-endian. The others take it for little-endian.",
    ),
    *_of_leaves(
        "A file name in sections",
        ("filename",),
        _ALL,
        sections,
        "RFC 2231, 3 numbers sections from 0, in any order, and says nothing of a plain name beside them, or of gaps. "
        "Ours puts sections in order and takes them before a plain name (RFC 6266, 4.3); the others mostly "
        "give the plain name, or what comes first.",
    ),
    *_of_leaves(
        "A file name as an encoded word",
        ("filename",),
        _ALL,
        leaf_with("encoded-word-in-parameter"),
        "RFC 2047, 5, (3) forbids it. Ours decodes it, also without quotes or cut in two, as mail clients do; the "
        "others want it whole and in quotes, or leave it as it stands.",
    ),
    *_of_leaves(
        "A file name with parentheses or backslashes",
        ("filename",),
        _ALL,
        leaf_with("backslash-in-parameter", "comment-in-content-field"),
        "RFC 2045, 5.1 wants quotes around these. Ours keeps them inside a value, and takes parentheses behind it for "
        "a comment; the standard library ends the value there, GMime keeps them.",
    ),
    *_of_leaves(
        "A file name in apostrophes",
        ("filename",),
        (STDLIB,),
        in_apostrophes,
        "RFC 2045, 5.1: an apostrophe is a character like others. The standard library takes it for part of RFC 2231's "
        "notation, and gives no name.",
    ),
    *_of_leaves(
        "Several Content-Type or Content-Disposition fields",
        ("filename",),
        (GMIME,),
        leaf_with(*TWO_TYPES, "duplicate-content-disposition"),
        _TYPES,
    ),
    *(
        Class(
            f"Several Content-Type fields in a message, {about}",
            about,
            (GMIME, FAST),
            partial(has_code, TWO_TYPES),
            _TYPES,
        )
        for about in ("leaves", "content")
    ),
    *(
        Class(f"A boundary that is read in two ways, {about}", about, _ALL, odd_boundary, _BOUNDARY)
        for about in ("leaves", "content")
    ),
    Class(
        "Embedded messages, leaves",
        "leaves",
        (FAST,),
        lambda ours, theirs: any(leaf.content_type.startswith("message/") for leaf in theirs.leaves),
        "It gives them whole, as attachments; ours takes them apart.",
    ),
    Class(
        "A header that begins with white space",
        "refused",
        (GMIME, FAST),
        partial(has_code, frozenset({"leading-space-in-header"})),
        "RFC 5322, 2.2.3: such a line goes on with a field, and there is none. Ours skips it; the others refuse all.",
    ),
    Class("A bare CR in a header", "refused", (FAST,), partial(has_code, _BARE_CR), _BARE_CR_REASON),
    Class("A bare CR in a header, leaves", "leaves", (GMIME, FAST), partial(has_code, _BARE_CR), _BARE_CR_REASON),
    *_of_leaves("A bare CR in a header", ("filename",), (GMIME, FAST), leaf_with(*_BARE_CR), _BARE_CR_REASON),
    Class(
        "A bare CR before a delimiter",
        "leaves",
        (STDLIB,),
        partial(has_code, frozenset({"bare-cr-before-delimiter"})),
        "RFC 5322, 2.3: CR and LF occur together only, and RFC 2046, 5.1.1 wants CRLF before a delimiter. The standard "
        "library takes a bare CR for a line break.",
    ),
    Class(
        "A subject behind a line that is no field",
        "subject",
        (GMIME, FAST),
        partial(has_code, frozenset({"missing-blank-line-after-header"})),
        _NO_FIELD,
    ),
    Class(
        "Two subjects",
        "subject",
        (GMIME,),
        lambda ours, theirs: len(SUBJECTS.findall(ours.header)) > 1,
        "RFC 5322, 3.6 allows one field. Ours takes the first, GMime the last.",
    ),
    Class(
        "White space before a colon, subject",
        "subject",
        (STDLIB, FAST),
        lambda ours, theirs: SPACED_SUBJECT.search(ours.header) is not None,
        _SPACED,
    ),
    *_of_leaves(
        "White space before a colon",
        ("content",),
        (STDLIB,),
        lambda leaf: SPACE_BEFORE_COLON.search(leaf.header) is not None,
        _SPACED,
    ),
    Class(
        "White space before a colon, leaves",
        "leaves",
        (STDLIB, FAST),
        partial(has_code, frozenset({"space-before-colon"})),
        _SPACED,
    ),
    Class(
        "A boundary among comments or backslashes",
        "leaves",
        _ALL,
        odd_type_field,
        "RFC 2045, 5.1 allows comments (RFC 5322, 3.2.2) between the words of a field, and no backslash outside of "
        "quotes. Where another reader takes other bytes for the boundary, it finds no delimiter.",
    ),
    *_of_leaves(
        "A comment in a type",
        ("type", "content"),
        (STDLIB, FAST),
        leaf_with("comment-in-content-field"),
        "RFC 2045, 5.1 allows comments (RFC 5322, 3.2.2), and they are no part of the value. The others keep them in "
        "the type, and fast-mail-parser then sees no text.",
    ),
    *_of_leaves(
        "A boundary that is too long, or none",
        ("type",),
        (FAST,),
        leaf_with("missing-boundary-parameter"),
        "RFC 2046, 5.1.1 wants a boundary of at most 70 characters. Ours keeps the type of a multipart that it cannot "
        "split, fast-mail-parser makes it text/plain.",
    ),
    *_of_leaves(
        "A name of an encoded message",
        ("filename",),
        (STDLIB,),
        leaf_with("encoded-message"),
        "RFC 2046, 5.2.1 forbids such an encoding. Ours gives the part as a file, the standard library a message of "
        "its encoded lines, which has no name.",
    ),
    *_of_leaves(
        "A name beside a type that is none",
        ("filename",),
        (GMIME,),
        leaf_with("invalid-content-type"),
        "RFC 2045, 5.2 makes text/plain of a type that cannot be read. Ours keeps its parameters, GMime does not.",
    ),
    *_of_leaves(
        "A name in malformed parameters",
        ("filename",),
        (FAST,),
        leaf_with("malformed-parameters"),
        "RFC 2045, 5.1: a quoted value ends with its quotes. fast-mail-parser takes what follows, too.",
    ),
    Class(
        "Delimiters that follow each other at once",
        "leaves",
        (STDLIB, GMIME),
        lambda ours, theirs: any(map(is_empty, ours.leaves)) and len(theirs.leaves) < len(ours.leaves),
        _EMPTY_PARTS,
    ),
    *_of_leaves("Delimiters that follow each other at once", ("content",), (STDLIB,), is_empty, _EMPTY_PARTS),
    Class(
        "Structure that can be read in two ways, filename",
        "filename",
        (STDLIB,),
        partial(has_code, frozenset({"boundary-of-outer-multipart", "header-field-after-blank-line"})),
        "[ambiguity.md](ambiguity.md) says how: as many leaves, but others.",
    ),
    Class(
        "Quoted-printable of other text",
        "content",
        (FAST,),
        same_but_crlf,
        "What is decoded is what was sent (RFC 2045, 6.7, (4)); it turns line breaks into CRLF, also in text that it "
        "gives as an attachment.",
    ),
    # Last: where the standard library differs about such a message it mostly has another reason, one of the above.
    *_of_leaves(
        "A line in the header that is no field",
        ("content", "filename", "type"),
        (STDLIB,),
        leaf_with("missing-blank-line-after-header"),
        _NO_FIELD,
    ),
)
