"""What a document of the full-text index has.

There are two kinds. A *message* has its key, its texts field by field, the keys of the blobs that it carries, and those
columns of its rows in the index that most queries ask for beside words: they are copies, which save a join. An
*attachment* has its key and its text: it is indexed once however many messages carry it.

A key is the first eight bytes of a SHA-256, as a number. Each text is a value of its own in its field, and the index
leaves a gap between two values: words of two texts do not follow one another.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailstrata.search.words.package import load_tantivy

if TYPE_CHECKING:
    import tantivy

FORMAT = 1
"""Raised when a document is made in another way: an index of another format is made anew."""

TEXT_FIELDS = (
    "subject",
    "from",
    "to",
    "cc",
    "bcc",
    "delivered-to",
    "list",
    "filename",
    "body",
    "quoted",
    "content",
)
"""Fields of words. `quoted` has quoted history and signatures, `content` is that of attachments; the others are as in
`query.nodes.Field`."""

KEY = "key"
KIND = "kind"
BLOBS = "blobs"
DATE = "date"
"""`messages.date`, in microseconds since 1970; absent where that is null."""
SIZE = "size"
HAS_ATTACHMENT = "has_attachment"
MESSAGE_ID = "message_id"
TYPES = "types"
"""Declared and sniffed types of all parts."""
RECENCY = "recency"
SHOWN = "shown"
"""What a list of hits shows of a message: see `shown`."""

MESSAGE, ATTACHMENT = "m", "a"
"""The values of `kind`."""

TOKENIZER = "mailstrata-words"

_RECENCY_SHARE = 0.1
_FIRST_YEAR, _LAST_YEAR = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1970, 2070))


def key_of(digest: str) -> int:
    """The key of a SHA-256 (hexadecimal)."""
    return int(digest[:16], 16)


def recency_of(microseconds: int | None) -> float:
    """What the score of a message of that date (microseconds since 1970) is weighed by: the newest by a tenth more than
    the oldest, and one of no date like the oldest. It decides between what is equal otherwise.

    tantivy multiplies a score by the logarithm (to base 2) of the value and two.
    """
    share = 0.0
    if microseconds is not None:
        share = min(1.0, max(0.0, (microseconds / 1e6 - _FIRST_YEAR) / (_LAST_YEAR - _FIRST_YEAR)))
    return float(2 ** (1 + _RECENCY_SHARE * share) - 2)


def make_schema() -> tantivy.Schema:
    """The schema of the index."""
    builder = load_tantivy().SchemaBuilder()
    builder.add_unsigned_field(KEY, indexed=True, fast=True)
    builder.add_text_field(KIND, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(BLOBS, indexed=True)
    builder.add_integer_field(DATE, fast=True)
    builder.add_unsigned_field(SIZE, fast=True)
    builder.add_unsigned_field(HAS_ATTACHMENT, indexed=True)
    for name in (MESSAGE_ID, TYPES):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_float_field(RECENCY, fast=True)
    builder.add_bytes_field(SHOWN, stored=True)
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name=TOKENIZER, index_option="position")
    schema: tantivy.Schema = builder.build()
    return schema


def register_tokenizer(index: tantivy.Index) -> None:
    """Have the index split at spaces: `folding.words_text` has done the rest. It does not keep tokenizers on disk."""
    package = load_tantivy()
    index.register_tokenizer(TOKENIZER, package.TextAnalyzerBuilder(package.Tokenizer.whitespace()).build())
