"""The promises of the parser, for any input: nothing is lost, nothing is raised, and no split matters."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.parsing import facts, run

from mailstrata.parser.limits import Limits

# What hostile mail is made of: pieces that almost, or just, are line breaks, delimiters, `From ` lines and fields.
TOKENS = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\r\n\r\n",
    b"--a",
    b"--a--",
    b"--ab",
    b"--ab--",
    b"\n--a\n",
    b"\n--a\n\n",
    b"\n--ab\r\n",
    b"--",
    b"-",
    b" ",
    b"\t",
    b"From ",
    b"From",
    b"F",
    b"From a@b Mon Jan  5 10:00:00 2004",
    b"From - Mon Jan  5 10:00:00 2004\n",
    b"\n\nFrom a@b Mon Jan  5 10:00:00 2004\nA: b\n\n",
    b">From ",
    b"Subject: x\n",
    b"Content-Type: multipart/mixed; boundary=a\n",
    b'Content-Type: multipart/mixed; boundary="ab"\r\n\r\n',
    b"Content-Type: multipart/digest; boundary=ab\n",
    b"Content-Type: multipart/mixed; boundary=a\n\n--a\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Length: 20\n",
    b"text",
    b"A",
    b":",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\r--a",
    b"\r--ab",
    b"\r--",
    b"Content-Type: text/plain\n",
    b"Content-Type : multipart/mixed (c); boundary=\"a \"; boundary*=''ab\n",
    b"Content-Disposition: attachment; filename=a b\n",
    b"Content-Transfer-Encoding: base64, binary\n",
    b"z" * 999,
    b"x:" * 30,
    b"y" * 80,
]
mail = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)
inputs = st.one_of(mail, mail, mail, st.binary(max_size=200))
limits = st.builds(
    Limits,
    depth=st.sampled_from([1, 2, 3, 256]),
    parts=st.sampled_from([1, 2, 3, 10_000]),
    header_bytes=st.sampled_from([5, 30, 60, 1000]),
    delimiter_line_bytes=st.just(76),
    message_bytes=st.sampled_from([None, 30, 100]),
    defects=st.sampled_from([1, 3, 100]),
    feed_events=st.sampled_from([1, 2, 4096]),
)
options = st.fixed_dictionaries(
    {"mode": st.sampled_from(["message", "mbox"])},
    optional={
        "limits": limits,
        "profile": st.sampled_from(["default", "strict"]),
        "length_check": st.just(lambda offset: offset * 7 % 3 == 0),
    },
)


@settings(max_examples=1500, deadline=None)
@given(data=inputs, options=options, pieces=st.lists(st.integers(1, 30), max_size=60))
@example(data=b"A: b\n\nx\r\n\r\nFrom - Mon Jan  5 10:00:00 2004\nA: b", options={"mode": "mbox"}, pieces=[9, 1, 1])
@example(
    data=b"Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: base64\n\n\r--a",
    options={"mode": "message"},
    pieces=[],
)
@example(data=b"A: b\n" + b"\r" * 200, options={"mode": "message"}, pieces=[70, 70])
def test_no_split_matters_and_nothing_is_lost(data, options, pieces):
    """Whole, in random pieces and byte by byte: the same events, whose spans are the input, and no exception."""
    options = dict(options)
    mode = options.pop("mode")
    expected = facts(run(data, mode, **options))
    assert facts(run(data, mode, pieces, **options)) == expected
    assert facts(run(data, mode, [1] * len(data), **options)) == expected


@settings(max_examples=300, deadline=None)
@given(data=inputs, options=options)
def test_entities_are_properly_nested(data, options):
    """Every entity begins and ends once, inside its parent; offsets never run backwards."""
    options = dict(options)
    parsed = run(data, options.pop("mode"), **options)
    open_paths = []
    for event in parsed.events:
        if event[0] == "begin":
            assert event[1].rpartition(".")[0] == (open_paths[-1] if open_paths else "")
            open_paths.append(event[1])
        elif event[0] == "end":
            assert open_paths.pop() == event[1]
    assert not open_paths
    for entity in parsed.entities:
        assert entity.start <= entity.body_start <= entity.end
        if entity.parent is not None:
            assert entity.parent.body_start <= entity.start
            assert entity.end <= entity.parent.end
        for defect in entity.defects:
            assert 0 <= defect.start <= defect.end <= len(data)
