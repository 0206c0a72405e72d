"""What the Content-* fields of a part come to, made out once for all parts that have the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mailstrata.message.charset_labels import is_known
from mailstrata.message.field_values import CONTENT_DISPOSITION, CONTENT_ID, CONTENT_TYPE

if TYPE_CHECKING:
    from mailstrata.message.field_values import FieldValues
    from mailstrata.message.info import PartInfo

_LONGEST_KEPT = 512
_MOST_KEPT = 2048


class ContentFacts(NamedTuple):
    """The properties of `PartInfo` of the same names, and whether its header fields may be defective:
    if not, all its `defects` are the parser's and the decoder's."""

    filename: str | None
    charset: str | None
    disposition: str | None
    content_id: str | None
    is_attachment: bool
    may_be_defective: bool


_Key = tuple[str, bool, bytes] | tuple[str, bool, bytes | None, bytes | None, bytes | None]


class ContentFactsOf:
    """Makes out the facts of one part after the other. Most parts have the fields of another part, to the byte: what
    was made out of up to 512 bytes is kept for some two thousand of them."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_Key, ContentFacts] = {}

    def __call__(self, part: PartInfo, fields: FieldValues | None = None) -> ContentFacts:
        """The facts of a part. `fields` are those of its header, if they have been taken out of it already."""
        entity = part.entity
        key: _Key
        if fields is None:
            block = part.headers.block
            if len(block) > _LONGEST_KEPT:
                return content_facts(part)
            key = (entity.content_type, entity.is_container, block)
        else:
            first = fields.first
            content_type = first[CONTENT_TYPE]
            disposition = first[CONTENT_DISPOSITION]
            content_id = first[CONTENT_ID]
            if len(content_type or b"") + len(disposition or b"") + len(content_id or b"") > _LONGEST_KEPT:
                return content_facts(part)
            key = (entity.content_type, entity.is_container, content_type, disposition, content_id)
        known = self._known
        facts = known.get(key)
        if facts is None:
            if len(known) >= _MOST_KEPT:
                known.clear()
            facts = known[key] = content_facts(part)
        return facts


def content_facts(part: PartInfo) -> ContentFacts:
    """The facts of one part, made out anew."""
    filename = part.filename
    charset = part.charset
    is_text = part.content_type.startswith("text/")
    return ContentFacts(
        filename,
        charset,
        part.disposition,
        part.content_id,
        part.is_attachment,
        filename is not None or (is_text and charset is not None and not is_known(charset)),
    )
