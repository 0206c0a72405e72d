"""What is made out once for many parts is what each of them says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message.content_facts import ContentFactsOf
from mailstrata.message.field_values import FieldValues
from mailstrata.message.headers import Headers
from mailstrata.message.info import PartInfo
from mailstrata.parser.events import EntityBegin, EntityEnd, Span, SpanKind
from mailstrata.parser.machine import Parser

_fields = st.lists(
    st.sampled_from(
        [
            *(b"Content-Type: text/plain; charset=utf-8\n", b"Content-Type: text/html; charset=odd; name=a\n"),
            *(b"Content-Type: image/png\n", b"Content-Type: multipart/mixed; boundary=b\n", b"X: y\n"),
            *(b"Content-Disposition: attachment; filename=b\n", b"Content-Disposition: inline\n", b"X-Y: \xff\n"),
            *(b"Content-ID: <c>\n", b"content-id: <d>\n", b"Content-Type: text/plain; name=%s\n" % (b"n" * 600)),
        ]
    ),
    max_size=4,
).map(lambda fields: b"".join(fields) + b"\n")


def parts_of(block: bytes) -> list[PartInfo]:
    """The part of a message with that header block, and the same as a child of a digest."""
    found = []
    for data in (block + b"x", b"Content-Type: multipart/digest; boundary=d\n\n--d\n" + block + b"x\n--d--\n"):
        parser = Parser()
        entity = None
        for event in [*parser.feed(data), *parser.close()]:
            if isinstance(event, EntityBegin):
                entity = event.entity
            elif isinstance(event, Span) and event.kind is SpanKind.HEADER:
                found.append(PartInfo(entity, Headers(event.data), None))
            elif isinstance(event, EntityEnd) and entity is not None and entity.body_start == entity.start:
                found.append(PartInfo(entity, Headers(b""), None))
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(_fields, max_size=4))
def test_facts(blocks):
    """The second part with the same fields has the same facts, and no other one has."""
    facts_of = ContentFactsOf()
    for _ in range(2):
        for block in blocks:
            for part in parts_of(block):
                said = (part.filename, part.charset, part.disposition, part.content_id, part.is_attachment)
                assert facts_of(part)[:5] == said
                assert facts_of(part, FieldValues(part.headers))[:5] == said
                if part.defects != part.entity.defects:
                    assert facts_of(part).may_be_defective
