"""The process that sanitises one HTML body: from standard input to standard output, with limits that it sets itself.

html5ever, on which nh3 stands, takes quadratic time and recurses on some input; a hundred thousand open elements end a
process. So it is one that nobody will miss. Arguments: bytes of address space, seconds of processor time, and a word
that
no mail can know. The output is the sanitised HTML; in the place of an embedded picture stands an address with that
word and the
picture's Content-ID.
"""

from __future__ import annotations

import contextlib
import sys
from urllib.parse import quote, unquote

MOST_OUTPUT = 16 << 20
"""Characters of sanitised HTML: what is left open may be written many times over (HTML Standard, 13.2.4.3)."""

_DATA_PICTURE = "data:image/"


def sanitised(document: str, word: str) -> tuple[str, int]:
    """The sanitised HTML, and how many pictures from elsewhere it would have loaded."""
    import nh3  # noqa: PLC0415 - of the extra `search`

    from mailstrata.search.rendering import policy  # noqa: PLC0415

    blocked = 0

    def attribute(_tag: str, name: str, value: str) -> str | None:
        nonlocal blocked
        if name == "style":
            return policy.safe_style(value)
        if name == "href":
            return policy.safe_link(value)
        if name == "src":
            source = value.strip()
            if source[:4].lower() == "cid:":
                return f"cid:{word}:{quote(unquote(source[4:]), safe='')}"
            if source[: len(_DATA_PICTURE)].lower() == _DATA_PICTURE:
                return f"cid:{word}:{quote(source, safe='')}"
            blocked += 1
            return None
        return value

    clean = nh3.clean(
        document,
        tags=set(policy.TAGS),
        clean_content_tags=set(policy.DROPPED_WITH_CONTENT),
        attributes=policy.ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=set(policy.URL_SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )
    return clean, blocked


def main() -> None:
    """Serve one body. The first line of the output is the number of pictures that were left out."""
    memory, seconds, word = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415 - there is none on Windows, where the parent's clock is all there is

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    document = sys.stdin.buffer.read().decode("utf-8", "replace")
    clean, blocked = sanitised(document, word)
    if len(clean) > MOST_OUTPUT:
        sys.exit(1)
    sys.stdout.buffer.write(b"%d\n" % blocked + clean.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
