"""A leaf in memory is stripped as one that streams by is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import quopri

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.stripping import MemoryBlob

from mailstrata.message.decoding import PartDecoder
from mailstrata.message.headers import Headers
from mailstrata.message.info import PartInfo
from mailstrata.parser.events import EntityBegin, Span, SpanKind
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.stripping import ARCHIVE_POLICY, StripCounts, StripPolicy, strip_message
from mailstrata.stripping.whole import strip_leaf

_EVERYTHING = StripPolicy(minimum_bytes=1, attachments_only=False)


def streamed(message: bytes, policy: StripPolicy, limits: Limits, chunk: int) -> tuple[bytes, list[bytes], StripCounts]:
    """Skeleton, blobs and counts of a message in chunks."""
    skeleton: list[bytes] = []
    blobs: list[bytes] = []
    result = strip_message(
        [message[at : at + chunk] for at in range(0, len(message), chunk)],
        skeleton.append,
        MemoryBlob,
        lambda stripped: blobs.append(b"".join(stripped.blob.read())),
        policy=policy,
        limits=limits,
    )
    return b"".join(skeleton), blobs, result.counts


def whole(message: bytes, policy: StripPolicy, limits: Limits) -> tuple[bytes, list[bytes], StripCounts]:
    """The same of a message of one part, taken as a whole."""
    parser = Parser(limits=limits)
    block = body = b""
    entity = None
    for event in [*parser.feed(message), *parser.close()]:
        if isinstance(event, EntityBegin):
            entity = event.entity
        elif isinstance(event, Span):
            if event.kind is SpanKind.HEADER:
                block = event.data
            else:
                body += event.data
    part = PartInfo(entity, Headers(block), None)
    decoder = PartDecoder(part, limits.decoded_bytes)
    content = decoder.feed(body)
    content += decoder.close()
    part.sha256 = hashlib.sha256(content).hexdigest()
    counts = StripCounts()
    taken = strip_leaf(part, body, content, policy, counts)
    return (message, [], counts) if taken is None else (taken.placeholder, [taken.content], counts)


_HEADERS = st.sampled_from(
    [
        b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n",
        b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: quoted-printable\n\n",
        b"Content-Type: application/pdf; name=a.pdf\n\n",
        b"Content-Transfer-Encoding: base64\n\n",
        b"Content-Type: image/png\nContent-Transfer-Encoding: x-uue\n\n",
        b"Content-Type: image/png",
    ]
)
_content = st.one_of(
    st.binary(max_size=300), st.builds(lambda piece, times: piece * times, st.binary(max_size=9), st.just(900))
)
_bodies = st.one_of(
    _content,
    _content.map(base64.encodebytes),
    _content.map(lambda content: base64.encodebytes(content).replace(b"\n", b"\r\n")),
    _content.map(lambda content: binascii.b2a_base64(content, newline=False)),
    _content.map(lambda content: base64.encodebytes(content).replace(b"=", b"")),
    _content.map(quopri.encodestring),
    st.lists(_content.map(base64.encodebytes), max_size=3).map(b"> \n\n".join),
)


@settings(max_examples=300, deadline=None)
@given(
    _HEADERS,
    _bodies,
    st.sampled_from([ARCHIVE_POLICY, _EVERYTHING]),
    st.sampled_from([Limits(), Limits(decoded_bytes=50)]),
    st.sampled_from([5, 4096]),
)
@example(b"Content-Transfer-Encoding: base64\n\n", b"", _EVERYTHING, Limits(), 4096)
def test_a_leaf_in_memory(header, body, policy, limits, chunk):
    """Placeholder, content and counts are the same, whatever the body."""
    message = header + body
    assert whole(message, policy, limits) == streamed(message, policy, limits, chunk)
