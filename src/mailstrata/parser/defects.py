"""What can be wrong with mail, as data.

A defect is never an exception: malformed mail is normal mail. The set of codes may grow; a member never changes
its meaning. `DefectCode.meaning` says in one sentence what was found and which reading was taken; where popular
clients read something else, it says which and how. `docs/defects.md` is the same table.
"""

from __future__ import annotations

from enum import StrEnum


class DefectCode(StrEnum):
    """Each member's value is its name in JSON and Parquet; `meaning` is its documentation."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> DefectCode:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # mbox framing
    FROM_LINE_WITHOUT_BLANK_LINE = (
        "from-line-without-blank-line",
        "A `From ` line without a blank line before it, followed by a header field: read as a new message.",
    )
    FROM_LINE_AS_CONTENT = (
        "from-line-as-content",
        "A line begins with `From ` after a blank line but has no sender and date: read as content. Readers that "
        "split at every `From ` line (mboxo) see a new message here.",
    )
    FROM_LINE_IN_MESSAGE = (
        "from-line-in-message",
        "A single message begins with an mbox `From ` line: read as an envelope line outside the message.",
    )
    CONTENT_LENGTH_WRONG = (
        "content-length-wrong",
        "Content-Length leads neither to a `From ` line nor to the end of the mailbox: not believed.",
    )

    # header blocks
    MISSING_BLANK_LINE_AFTER_HEADER = (
        "missing-blank-line-after-header",
        "A line that is no header field ends the header without a blank line: read as the first line of the body, as "
        "the standard library does; some clients skip the line and read on.",
    )
    FROM_LINE_IN_HEADER = (
        "from-line-in-header",
        "A `From ` or `>From ` line among the header fields: kept in the header block and ignored.",
    )
    LEADING_SPACE_IN_HEADER = (
        "leading-space-in-header",
        "A header block begins with a line that begins with white space and continues no field: ignored, and the "
        "header read on behind it, as the standard library does; others end the header there.",
    )
    BARE_CR_IN_HEADER = (
        "bare-cr-in-header",
        "A carriage return without a line feed in a header block, or more than one before the line feed that ends it: "
        "read as a line break, as the standard library does; GMime reads it as a character of the value.",
    )
    NUL_IN_HEADER = (
        "nul-in-header",
        "A NUL byte in a header block: kept as it is; GMime ends the value there.",
    )
    HEADER_TRUNCATED = ("header-truncated", "The input ends inside a header block, before its blank line.")
    HEADER_TOO_LARGE = (
        "header-too-large",
        "A header block exceeds its limit: the fields beyond it are part of an opaque body.",
    )

    # structure
    MISSING_BOUNDARY_PARAMETER = (
        "missing-boundary-parameter",
        "A multipart entity without a usable boundary parameter: read as a leaf.",
    )
    MISSING_OPENING_DELIMITER = (
        "missing-opening-delimiter",
        "A multipart entity whose boundary delimiter never occurs: all of its body is preamble.",
    )
    MISSING_CLOSE_DELIMITER = (
        "missing-close-delimiter",
        "A multipart entity ends, at the end of what encloses it, without its close-delimiter.",
    )
    DELIMITER_WITH_TRAILING_BYTES = (
        "delimiter-with-trailing-bytes",
        "A line begins with an open boundary delimiter but goes on: read as content, as the standard library and "
        "GMime do; readers that compare only the beginning of the line see a delimiter.",
    )
    DELIMITER_AFTER_CLOSE = (
        "delimiter-after-close",
        "A boundary delimiter after the close-delimiter of its multipart: read as epilogue (RFC 2046, 5.1.1); some "
        "clients show the parts that follow.",
    )
    DELIMITER_LINE_TOO_LONG = (
        "delimiter-line-too-long",
        "A line that begins with two dashes and could be a delimiter exceeds the limit: read as content.",
    )
    BOUNDARY_TOO_LONG = (
        "boundary-too-long",
        "A boundary parameter of more than 70 characters (RFC 2046, 5.1.1): used all the same.",
    )
    DUPLICATE_CONTENT_TYPE = (
        "duplicate-content-type",
        "More than one Content-Type field, all saying the same.",
    )
    CONFLICTING_CONTENT_TYPES = (
        "conflicting-content-types",
        "More than one Content-Type field, and they differ: the first is used, as the standard library does; GMime "
        "uses the last.",
    )
    DUPLICATE_TRANSFER_ENCODING = (
        "duplicate-transfer-encoding",
        "More than one Content-Transfer-Encoding field, all saying the same.",
    )
    CONFLICTING_TRANSFER_ENCODINGS = (
        "conflicting-transfer-encodings",
        "More than one Content-Transfer-Encoding field, and they differ: the first is used, as the standard library "
        "does; GMime uses the last.",
    )
    SEVERAL_TRANSFER_ENCODINGS = (
        "several-transfer-encodings",
        "A Content-Transfer-Encoding field that names more than one: the first is used; the standard library and "
        "GMime know none of them and take the bytes as they stand.",
    )
    MALFORMED_TRANSFER_ENCODING = (
        "malformed-transfer-encoding",
        "A Content-Transfer-Encoding field that is more than a name (quotes, a parameter, further words): the name "
        "that stands first is used; the standard library and fast-mail-parser take the bytes as they stand.",
    )
    DUPLICATE_CONTENT_DISPOSITION = (
        "duplicate-content-disposition",
        "More than one Content-Disposition field: the first is used, as the standard library does.",
    )
    SPACE_BEFORE_COLON = (
        "space-before-colon",
        "White space between the name of a Content-Type, Content-Transfer-Encoding or Content-Disposition field and "
        "its colon (obsolete, RFC 5322, 4.5): read as that field, as GMime does; the standard library takes the line "
        "for the end of the header.",
    )
    COMMENT_IN_CONTENT_FIELD = (
        "comment-in-content-field",
        "A comment in parentheses in one of these fields (RFC 2045, 5.1 and 6.1): left out; the standard library "
        "takes it for a part of a type, and it and GMime see no encoding behind one.",
    )
    MALFORMED_PARAMETERS = (
        "malformed-parameters",
        "A Content-Type or Content-Disposition field that is not made as RFC 2045, 5.1 says (quotes that never "
        "close, spaces or special characters outside of quotes, text between parameters): what was probably meant is "
        "read; the standard library ends a value without quotes at a space, GMime keeps a quote that never closes.",
    )
    BACKSLASH_IN_PARAMETER = (
        "backslash-in-parameter",
        "A backslash in a parameter: in quotes an escape before a quote or a backslash, a character of the value "
        "anywhere else; the standard library and GMime leave each one out, as RFC 5322, 3.2.4 says.",
    )
    ENCODED_WORD_IN_PARAMETER = (
        "encoded-word-in-parameter",
        "An encoded word in a parameter (forbidden by RFC 2047, 5, (3)): decoded in file names, as all clients do, "
        "and taken as it stands in a boundary, where the standard library and GMime decode it.",
    )
    MALFORMED_EXTENDED_PARAMETER = (
        "malformed-extended-parameter",
        "A parameter in the form of RFC 2231 whose segments are not numbered 0, 1, 2 ... once each, or that is "
        "encoded and names no charset: joined by number, without what is missing, and the charset guessed; the "
        "standard library stops at a gap.",
    )
    DUPLICATE_PARAMETER = (
        "duplicate-parameter",
        "A parameter occurs more than once in its field: the first is used, as the standard library and GMime do; "
        "others use the last.",
    )
    CONFLICTING_BOUNDARIES = (
        "conflicting-boundaries",
        "More than one boundary in one field: the first plain one is used, as the standard library and GMime do; "
        "readers that use the last see other parts.",
    )
    EXTENDED_BOUNDARY = (
        "extended-boundary",
        "A boundary in the form of RFC 2231 (`boundary*` or `boundary*0`): used, as the standard library and GMime "
        "do; readers that do not know the form see no boundary.",
    )
    BOUNDARY_ENDS_IN_SPACE = (
        "boundary-ends-in-space",
        "A boundary that ends in white space (forbidden by RFC 2046, 5.1.1): delimiters are recognised with and "
        "without it; GMime sees none without it.",
    )
    INVALID_BOUNDARY_CHARACTER = (
        "invalid-boundary-character",
        "A boundary with a control character or a byte outside ASCII (forbidden by RFC 2046, 5.1.1): used as it "
        "stands, unless it holds a line break; the standard library, GMime and fast-mail-parser find no parts.",
    )
    BOUNDARY_OF_OUTER_MULTIPART = (
        "boundary-of-outer-multipart",
        "A multipart has the boundary of one around it: its delimiters are the inner one's until it is closed, as "
        "GMime reads them; the standard library takes them for the outer one's.",
    )
    CONFLICTING_FILENAMES = (
        "conflicting-filenames",
        "A part has more than one file name, and they differ: filename wins over name, and in each the form of RFC "
        "2231 over the plain one, as RFC 6266, 4.3 has it; the standard library and GMime take the plain one.",
    )
    INVALID_CONTENT_TYPE = (
        "invalid-content-type",
        "A Content-Type field without a type and a subtype: read as text/plain (RFC 2045, 5.2).",
    )
    ENCODED_CONTAINER = (
        "encoded-container",
        "A multipart with a transfer encoding other than 7bit, 8bit or binary (RFC 2045, 6.4): the encoding is "
        "ignored, its delimiters are looked for in the bytes as they stand.",
    )
    ENCODED_MESSAGE = (
        "encoded-message",
        "A message/rfc822 part with a transfer encoding such as base64 (RFC 2046, 5.2.1): stays a leaf; some "
        "clients decode and enter it.",
    )
    UNKNOWN_TRANSFER_ENCODING = (
        "unknown-transfer-encoding",
        "A Content-Transfer-Encoding that is not known: the bytes are taken as they stand.",
    )

    # bodies
    HEADER_FIELD_AFTER_BLANK_LINE = (
        "header-field-after-blank-line",
        "A body begins with what looks like a field of a part's header (Content-...:), or, where its header has no "
        "field, like any field: read as content; readers that pass over blank lines before a header read it as one.",
    )
    CARRIAGE_RETURNS_AFTER_DELIMITER = (
        "carriage-returns-after-delimiter",
        "A boundary delimiter with carriage returns before the one that ends its line: all belong to the delimiter; "
        "the standard library and GMime begin or end the parts beside it with other bytes.",
    )
    BARE_CR_BEFORE_DELIMITER = (
        "bare-cr-before-delimiter",
        "A boundary delimiter after a carriage return without a line feed: read as content, as GMime does; the "
        "standard library takes a bare carriage return for a line break and sees a delimiter.",
    )
    NUL_IN_BODY = (
        "nul-in-body",
        "A NUL byte in a body that is neither base64 nor binary (forbidden by RFC 2045, 2.7 and 2.8): kept; some "
        "clients stop there. The first one of a body is noted.",
    )
    LINE_TOO_LONG = (
        "line-too-long",
        "A line of more than 998 bytes and CRLF, or 999 and LF (RFC 5322, 2.1.1), in a header, or in a body that is "
        "neither base64 nor binary: kept whole; servers may have cut it, and clients may read two lines. The first one "
        "is noted.",
    )

    # limits
    DEPTH_LIMIT = ("depth-limit", "Nested deeper than the limit: not entered, an opaque leaf.")
    PARTS_LIMIT = ("parts-limit", "More parts than the limit: the rest of the message is one opaque part.")
    MESSAGE_LIMIT = ("message-limit", "A message larger than the limit: the rest of it is opaque.")
    DECODED_LIMIT = ("decoded-limit", "Decoded content larger than the limit: the rest was not decoded.")
    DEFECTS_OMITTED = ("defects-omitted", "More defects than the limit: those from here on are not listed.")

    # transfer encodings
    BASE64_INVALID_CHARACTERS = (
        "base64-invalid-characters",
        "Characters outside the base64 alphabet: skipped (RFC 2045, 6.8).",
    )
    BASE64_MISSING_PADDING = (
        "base64-missing-padding",
        "Base64 ends without its padding: what the last characters say is kept.",
    )
    BASE64_TRUNCATED = (
        "base64-truncated",
        "Base64 ends with a single character of a group, which says no whole byte: left out.",
    )
    BASE64_DATA_AFTER_PADDING = (
        "base64-data-after-padding",
        "Base64 goes on after padding: decoding starts anew; the standard library and GMime stop at the padding.",
    )
    BASE64_NONZERO_PAD_BITS = (
        "base64-nonzero-pad-bits",
        "The unused bits of the last base64 character are not zero: ignored.",
    )
    QUOTED_PRINTABLE_INVALID_ESCAPE = (
        "quoted-printable-invalid-escape",
        "An equals sign not followed by two hexadecimal digits or a line break: kept as it stands.",
    )
    QUOTED_PRINTABLE_TRUNCATED = (
        "quoted-printable-truncated",
        "Quoted-printable ends inside an escape.",
    )
    UUENCODE_MISSING_BEGIN = (
        "uuencode-missing-begin",
        "No `begin` line in a uuencoded body: nothing was decoded, the bytes are taken as they stand.",
    )
    UUENCODE_MISSING_END = ("uuencode-missing-end", "A uuencoded body without its `end` line.")
    UUENCODE_INVALID_LINE = (
        "uuencode-invalid-line",
        "A uuencoded line whose length and content disagree: what can be read of it is kept.",
    )
    UUENCODE_TEXT_AROUND = (
        "uuencode-text-around",
        "Text before the `begin` line or after the `end` line of a uuencoded body: not part of the content.",
    )

    # text
    UNKNOWN_CHARSET = (
        "unknown-charset",
        "A text with a charset label that names none: the charset is guessed, as it is without a label.",
    )
    CHARSET_GUESSED = (
        "charset-guessed",
        "A text was decoded whose charset had to be guessed: there is no usable label, or what it says cannot be. "
        "Noted where the text is asked for, on the whole body.",
    )

    # header values
    INVALID_DATE = ("invalid-date", "A Date field that cannot be read as a date: no date.")
    MISSING_DATE = ("missing-date", "A message without a Date field (RFC 5322, 3.6).")
    MISSING_FROM = ("missing-from", "A message without a From field (RFC 5322, 3.6).")
    DUPLICATE_FIELD = (
        "duplicate-field",
        "A field that may occur once occurs more often (RFC 5322, 3.6): the first is used.",
    )


class Defect:
    """One thing that was wrong: a code and the span of source bytes, `[start, end)`, that it concerns.

    Offsets are absolute, like those of events. A span may be empty where something is missing.
    """

    __slots__ = ("code", "end", "start")

    def __init__(self, code: DefectCode, start: int, end: int) -> None:
        self.code = code
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Defect({self.code.value!r}, {self.start}, {self.end})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Defect):
            return NotImplemented
        return (self.code, self.start, self.end) == (other.code, other.start, other.end)

    def __hash__(self) -> int:
        return hash((self.code, self.start, self.end))
