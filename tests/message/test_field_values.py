"""The fields taken out of a header block at once are those that are found one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message import field_values
from mailstrata.message.field_values import FIELD_NAMES, FROM, TO, FieldValues
from mailstrata.message.headers import LARGE_BLOCK, Headers

_line = st.one_of(
    st.sampled_from([name.encode() + b": v" for name in FIELD_NAMES]),
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
    for field, name in enumerate(FIELD_NAMES):
        assert values.first[field] == headers.raw(name)
        assert values.all(field) == headers.raw_all(name)
    once = FIELD_NAMES[: FIELD_NAMES.index("References") + 1]
    assert values.has_repeated == any(len(headers.raw_all(name)) > 1 for name in once)


@pytest.mark.parametrize("filling", [b"X: %s\n" % (b"y" * LARGE_BLOCK), b"".join(b"X%d: y\n" % n for n in range(999))])
def test_a_large_block(filling):
    """Neither a block beyond the limit nor one with many fields is read otherwise."""
    values = FieldValues(Headers(b"To: a\n" + filling + b"to: b\nFrom: c\n\n"))
    assert (values.first[FROM], values.first[TO], values.all(TO)) == (b" c", b" a", [b" a", b" b"])
    assert values.has_repeated


def test_each_number_is_that_of_its_name():
    """The places that have a name lie where the field of that name does."""
    special = {"LABELS": "X-Gmail-Labels"}
    numbers = {name: value for name, value in vars(field_values).items() if name.isupper() and type(value) is int}
    assert len(numbers) > 10
    for name, number in numbers.items():
        if name != "LARGE_BLOCK" and not name.startswith("_"):
            assert FIELD_NAMES[number].lower() == special.get(name, name.replace("_", "-")).lower()
