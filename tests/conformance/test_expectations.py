"""The readers of expectations, and that each comparison notices what is not as expected."""

from __future__ import annotations

import hashlib

import pytest

import mailstrata
from tests.conformance.suites import mailbagit, mime4j, mime_is_broken, mime_tools, ponymail, standard_library
from tests.conformance.suites.entities import entities, only_message

MAIL = (
    b'Subject: s\r\nContent-Type: multipart/mixed;\r\n boundary="b"\r\n\r\nbefore\r\n--b\r\n\r\na<b\r\n--b\r\n'
    b"Content-Type: message/rfc822\r\n\r\nTo: t\r\n\r\ninner\r\n--b--\r\nafter"
)
TREE = """<message>
<header>
<field>
Subject: s</field>
<field>
Content-Type: multipart/mixed;
 boundary="b"</field>
</header>
<multipart>
<preamble>
before</preamble>
<body-part>
<header>
</header>
<body>
a&lt;b</body>
</body-part>
<body-part>
<header>
<field>
Content-Type: message/rfc822</field>
</header>
<message>
<header>
<field>
To: t</field>
</header>
<body>
inner</body>
</message>
</body-part>
<epilogue>
after</epilogue>
</multipart>
</message>
"""


class TestMime4j:
    def differences(self, tmp_path, tree):
        path = tmp_path / "tree.xml"
        path.write_bytes(tree.replace("\n", "\r\n").encode())
        return list(mime4j.compare_raw(mime4j.read_tree(path), entities(MAIL)))

    def test_equal_trees(self, tmp_path):
        """A tree as mime4j would write it of the message."""
        assert self.differences(tmp_path, TREE) == []

    @pytest.mark.parametrize(
        ("old", "new", "difference"),
        [
            ("Subject: s", "Subject: S", "1 fields"),
            ("before", "Before", "1 preamble"),
            ("after", "", "1 epilogue"),
            ("a&lt;b", "a&lt;c", "1.1 body"),
            ("inner", "", "1.2.1 body"),
            ("To: t", "Cc: t", "1.2.1 fields"),
            ("<body>\na&lt;b</body>", "<multipart>\n</multipart>", "1.1 leaf for multipart"),
            ("<epilogue>", "<body-part>\n<header>\n</header>\n</body-part>\n<epilogue>", "1 2 children for 3"),
        ],
    )
    def test_other_trees(self, tmp_path, old, new, difference):
        """Whatever is changed is noticed, and named without its content."""
        assert self.differences(tmp_path, TREE.replace(old, new)) == [difference]

    def test_decoded_bodies(self, tmp_path):
        """The files that a decoded tree names are compared with the decoded content."""
        tree = TREE.replace("<body>\na&lt;b</body>", '<text-body name="a"/>')
        tree = tree.replace("<body>\ninner</body>", '<binary-body name="b"/>')
        path = tmp_path / "tree.xml"
        path.write_bytes(tree.replace("\n", "\r\n").encode())
        (tmp_path / "a").write_bytes(b"a<b")
        (tmp_path / "b").write_bytes(b"outer")
        contents = {part.path: part.content for part in only_message(MAIL).parts}
        found = mime4j.compare_decoded(mime4j.read_tree(path), entities(MAIL), contents, tmp_path)
        assert list(found) == ["1.2.1 content"]


class TestMimeTools:
    MAIL = (
        b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        b'Content-Type: text/plain; charset=UTF-8; name="a\xc3\xa9.txt"\n\nabc\n--b--\n'
    )
    REFERENCE = r"""{
      "Msg" => { "Subject" => "s", "Type" => "multipart/mixed", "Boundary" => "b", },
      "Part_1" => {"Type" => "text/plain", "Size" => 3, "Filename" => "a\x{e9}.txt", "Charset" => "UTF-8"},
      "Parser" => { "Name" => "x\@y" }
    }"""

    def differences(self, text):
        reference = mime_tools.read_reference(text)
        return list(mime_tools.compare(reference, only_message(self.MAIL), entities(self.MAIL)))

    def test_reference(self):
        """A hash of hashes, with its escapes."""
        reference = mime_tools.read_reference(self.REFERENCE)
        assert reference["Part_1"] == {
            "Type": "text/plain",
            "Size": "3",
            "Filename": "a\N{LATIN SMALL LETTER E WITH ACUTE}.txt",
            "Charset": "UTF-8",
        }
        assert reference["Parser"] == {"Name": "x@y"}

    def test_equal(self):
        """A message as its reference describes it."""
        assert self.differences(self.REFERENCE) == []

    @pytest.mark.parametrize(
        ("old", "new", "difference"),
        [
            ('"Size" => 3', '"Size" => 4', "1.1 Size"),
            ('"s"', '"t"', "1 Subject"),
            ('"b"', '"c"', "1 Boundary"),
            (".txt", ".exe", "1.1 Filename"),
            ("Part_1", "Part_2", "1.2 missing"),
            ('"Msg" => {', '"Msg" => { "Fail" => 1,', "read though the reference says it fails"),
            ('"Msg" => {', '"Msg" => { "Preamble" => "p",', "1 Preamble"),
        ],
    )
    def test_different(self, old, new, difference):
        """Whatever is changed is noticed."""
        assert self.differences(self.REFERENCE.replace(old, new))[0] == difference

    def test_a_part_that_is_not_expected(self):
        """A part of which the reference knows nothing is named."""
        assert self.differences('{"Msg" => {"Subject" => "s"}}') == ["1.1 unexpected"]


class TestPonymail:
    CONTENT = b"attached"
    MAIL = (
        b"Message-ID: <1@example>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n"
        b"Content-Type: text/x-diff\nContent-Disposition: attachment; filename=a.diff\n\n" + CONTENT + b"\n--b--\n"
    )
    TEXT = f"""args:
  cmd: something
parsing:
  corpus/a.mbox:
  - index: 0
    message-id: <1@example>
    body_sha3_256: 00
    attachments:
    - content_type: text/x-diff
      size: 8
      filename: 'a.diff'
      hash: {hashlib.sha256(CONTENT).hexdigest()}
  - index: 1
    message-id: ''
    attachments: []
  corpus/b.mbox: null
"""

    def test_expectations(self):
        """Messages in order, each with its attachments; an mbox without a word about it has none."""
        mboxes = ponymail.read_expectations(self.TEXT)
        assert list(mboxes) == ["corpus/a.mbox"]
        first, second = mboxes["corpus/a.mbox"]
        assert first.message_id == "<1@example>"
        assert first.attachments[0]["filename"] == "a.diff"
        assert (second.message_id, second.attachments) == ("", [])

    @pytest.mark.parametrize(
        ("old", "new", "differences"),
        [
            ("", "", []),
            ("<1@", "<2@", ["Message-ID"]),
            ("size: 8", "size: 9", ["1 attachments for 1"]),
            ("hash: ", "hash: 0", ["1 attachments for 1"]),
        ],
    )
    def test_compare(self, old, new, differences):
        """Whatever is changed is noticed."""
        (expected, _) = ponymail.read_expectations(self.TEXT.replace(old, new))["corpus/a.mbox"]
        assert list(ponymail.compare(expected, only_message(self.MAIL))) == differences


class TestMimeIsBroken:
    @pytest.mark.parametrize(
        ("content", "differences"),
        [
            (b"PK\x03\x04zip", []),
            (b"xPK\x03\x04zip", ["attachment with other bytes around it"]),
            (b"PK\x03\x04zap", ["attachment not found"]),
            (b"text", ["attachment not found"]),
        ],
    )
    def test_attachment(self, monkeypatch, content, differences):
        """The attachment is known by its digest."""
        monkeypatch.setattr(mime_is_broken, "_ZIP_BYTES", 7)
        monkeypatch.setattr(mime_is_broken, "_ZIP_DIGEST", hashlib.sha256(b"PK\x03\x04zip").hexdigest())
        assert list(mime_is_broken.find_attachment(only_message(b"Subject: s\n\n" + content))) == differences

    @pytest.mark.parametrize(
        ("name", "identifier", "differences"),
        [("a.zip", "x", []), ("a.png", "x", ["another file name"]), ("a.png", "x.png", [])],
    )
    def test_name(self, name, identifier, differences):
        """The extension is what is hidden."""
        message = only_message(f"Content-Disposition: attachment; filename={name}\n\n".encode())
        assert list(mime_is_broken.find_name(message, identifier)) == differences


FILES = {
    "From": "A B <a@example>",
    "To": "c@example",
    "Subject": "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "Date": "today",
    "Message_ID": "<1@example>",
    "Content_Type": "text/plain",
    "Text_Body": "\N{LATIN SMALL LETTER E WITH ACUTE}\n",
    "Text_Encoding": "iso-8859-1",
}


class TestMailbagit:
    MAIL = (
        b'From: "A B" <a@example>\nTo: c@example\nSubject: =?utf-8?q?=C3=A9?=\nDate: today\nMessage-ID: <1@example>\n'
        b"Content-Type: text/plain; charset=ISO-8859-1\n\n\xe9\r\n"
    )

    @pytest.mark.parametrize("changed", [None, *FILES])
    def test_compare(self, tmp_path, changed):
        """Each file is compared with what it is about."""
        for name, text in FILES.items():
            (tmp_path / f"{name}.txt").write_text("other" if name == changed else text, "utf-8")
        (message,) = [list(mailbagit.compare(tmp_path, message)) for message in mailstrata.open(self.MAIL)]
        assert message == ([] if changed is None else [changed])


class TestStandardLibrary:
    MAIL = (
        b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: inline; filename=a\n\n"
        b"one\n--b\n\ntwo\n--b--\n"
    )

    @pytest.mark.parametrize(
        ("old", "new", "differences"),
        [
            (b"", b"", []),
            (b"Subject: s", b"Subject: t", ["subject"]),
            (b"filename=a", b"filename=b", ["1.1 file name"]),
            (b"one", b"two", ["1.1 content"]),
            (b"--b\n\ntwo", b"--b\nContent-Type: text/html\n\ntwo", ["1.2 type"]),
            (b"--b\n\ntwo\n", b"", ["1.2 unexpected"]),
            (b"--b--", b"--b\n\nthree\n--b--", ["1.3 missing"]),
            (b"Content-Disposition", b"Content-Type: message/rfc822\nX", ["1.1 type", "1.1 file name", "1.1 leaf"]),
        ],
    )
    def test_compare(self, old, new, differences):
        """What only the one or the other message has is noticed."""
        ours = only_message(self.MAIL)
        assert list(standard_library.compare(self.MAIL.replace(old, new, 1), ours)) == differences
