"""Fields that say different things of the same: which is taken, and where the other stands."""

import pytest

import mailstrata

DISPOSITION = "Content-Disposition: attachment; "
TYPE = "Content-Type: application/pdf; "


def read(*fields: str) -> tuple[str | None, list[tuple[str, bytes]]]:
    """The file name of a message with these fields, and the codes and bytes of what conflicts."""
    data = "\n".join(["From: a@b.example", "Date: Mon, 5 Jan 2004 10:00:00 +0000", *fields, "", "x"]).encode()
    message = next(iter(mailstrata.open(data)))
    part = next(message.parts())
    found = [
        (defect.code.value, data[defect.start : defect.end])
        for defect in [*part.defects, *message.defects]
        if defect.code in ("conflicting-filenames", "duplicate-field")
    ]
    return part.filename, found


@pytest.mark.parametrize(
    ("fields", "taken", "other"),
    [
        ([DISPOSITION + "filename=a.pdf", TYPE + "name=b.exe"], "a.pdf", 1),
        ([DISPOSITION + "filename=a.pdf; filename=b.exe"], "a.pdf", 0),
        ([DISPOSITION + "filename=b.exe; filename*=utf-8''a.pdf"], "a.pdf", 0),
        ([DISPOSITION + 'filename="=?utf-8?q?b.exe?="; filename*0=a.; filename*1=pdf'], "a.pdf", 0),
        ([TYPE + "name=a.pdf; name=b.exe"], "a.pdf", 0),
        # An empty one hides none.
        ([DISPOSITION + 'filename=""', TYPE + "name=a.exe"], "a.exe", 0),
        ([DISPOSITION + "filename*=utf-8''", TYPE + "name=a.exe"], "a.exe", 0),
        ([DISPOSITION + "filename=a.pdf", TYPE + "name=b.exe; name*=''a.pdf"], "a.pdf", 1),
    ],
)
def test_file_names_that_differ(fields, taken, other):
    """One is taken, by the documented order; the field with the other is named."""
    assert read(*fields) == (taken, [("conflicting-filenames", fields[other].encode())])


@pytest.mark.parametrize(
    "fields",
    [
        [DISPOSITION + "filename=a.pdf", TYPE + "name=a.pdf"],
        [DISPOSITION + "filename*=utf-8''%C3%A4.pdf", TYPE + 'name="=?utf-8?q?=C3=A4=2Epdf?="'],
        [DISPOSITION + "filename=\"ä.pdf\"; filename*=utf-8''%C3%A4.pdf"],
        [DISPOSITION + "filename=a.pdf; filename=a.pdf"],
        [TYPE + "name=a.pdf"],
        ["Content-Disposition: inline"],
    ],
)
def test_file_names_that_agree(fields):
    """The same name in two forms, or two places, is one name."""
    assert read(*fields)[1] == []


def test_repeated_fields():
    """A field that may occur once is named where it occurs the second time, and once, however often it does."""
    assert read("Subject: x", "subject: y", "Subject: z", "From: c@d.example")[1] == [
        ("duplicate-field", b"subject: y"),
        ("duplicate-field", b"From: c@d.example"),
    ]
