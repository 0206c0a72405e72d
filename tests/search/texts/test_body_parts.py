"""Which parts of a message are its body."""

from __future__ import annotations

import pytest

from mailstrata.search.texts.body_parts import PartRow, body_parts


def part(path: str, content_type: str, *, attached: bool = False, disposition: str | None = None) -> PartRow:
    """A row of *parts*; a container where its type says so."""
    container = content_type.startswith(("multipart/", "message/"))
    return PartRow(path, content_type, None, "7bit", disposition, attached, container, False, 0, 0, 0, None)


PLAIN, HTML = "text/plain", "text/html"
CASES: list[tuple[list[PartRow], list[list[str]]]] = [
    ([], []),
    ([part("1", PLAIN)], [["1"]]),
    ([part("1", PLAIN, attached=True)], [["1"]]),
    ([part("1", PLAIN, attached=True, disposition="attachment")], []),
    ([part("1", "image/png")], []),
    ([part("1", "multipart/alternative"), part("1.1", PLAIN), part("1.2", HTML)], [["1.1", "1.2"]]),
    ([part("1", "multipart/alternative"), part("1.1", HTML), part("1.2", PLAIN)], [["1.2", "1.1"]]),
    ([part("1", "multipart/related"), part("1.1", HTML), part("1.2", HTML)], [["1.1"]]),
    ([part("1", "multipart/encrypted"), part("1.1", PLAIN)], []),
    ([part("1", "multipart/mixed"), part("1.1", PLAIN), part("1.2", PLAIN, attached=True), part("1.3", HTML)],
     [["1.1"], ["1.3"]]),
    ([part("1", "multipart/mixed"), part("1.1", "message/rfc822"), part("1.1.1", PLAIN), part("1.2", HTML)], [["1.2"]]),
    ([part("1", "multipart/alternative"), part("1.1", PLAIN), part("1.2", "multipart/mixed"), part("1.2.1", HTML),
      part("1.2.2", "application/pdf", attached=True), part("1.2.3", HTML)], [["1.1", "1.2.1"]]),
    ([part("1", "multipart/alternative"), part("1.1", "multipart/related"), part("1.1.1", HTML)], [["1.1.1"]]),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "expected"), CASES)
def test_what_is_shown(parts: list[PartRow], expected: list[list[str]]) -> None:
    """Each piece that is shown, with what says the same in another form."""
    assert [[each.path for each in alternatives] for alternatives in body_parts(parts)] == expected


def test_depth_is_no_recursion() -> None:
    """As deep as the parser goes, and deeper."""
    depth = 5000
    parts = [part(".".join(["1"] * level), "multipart/mixed") for level in range(1, depth)]
    parts.append(part(".".join(["1"] * depth), PLAIN))
    assert len(body_parts(parts)) == 1
