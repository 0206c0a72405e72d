"""The fields taken out of a header block at once are those that are found one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message import field_values
from mailstrata.message.field_values import Field, FieldValues
from mailstrata.message.headers import LARGE_BLOCK, Headers

_NAMES = dict(zip(Field, field_values._NAMES, strict=True))
_line = st.one_of(
    st.sampled_from([name.encode() + b": v" for name in _NAMES.values()]),
    st.sampled_from([b"FROM:a", b"from : b", b"To\t:", b" folded", b"\t: x", b"X: y", b"From", b": z", b"Cc:\x00"]),
    st.binary(max_size=12),
)
_blocks = st.lists(st.tuples(_line, st.sampled_from([b"\n", b"\r\n", b"\r", b"\r\r\n"])), max_size=30).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@settings(max_examples=300, deadline=None)
@given(_blocks, st.sampled_from([b"", b"\n", b"\r\n"]))
def test_all_fields_at_once(block, end):
    """First values and all values are those of `Headers`, whatever the bytes."""
    block += end
    headers = Headers(block)
    values = FieldValues(headers)
    for field, name in _NAMES.items():
        assert values.first[field] == headers.raw(name)
        assert values.all(field) == headers.raw_all(name)
    once = [name for field, name in _NAMES.items() if field <= Field.REFERENCES]
    assert values.has_repeated == any(len(headers.raw_all(name)) > 1 for name in once)


@pytest.mark.parametrize("filling", [b"X: %s\n" % (b"y" * LARGE_BLOCK), b"".join(b"X%d: y\n" % n for n in range(999))])
def test_a_large_block(filling):
    """Neither a block beyond the limit nor one with many fields is read otherwise."""
    values = FieldValues(Headers(b"To: a\n" + filling + b"to: b\nFrom: c\n\n"))
    assert (values.first[Field.FROM], values.first[Field.TO], values.all(Field.TO)) == (b" c", b" a", [b" a", b" b"])
    assert values.has_repeated
