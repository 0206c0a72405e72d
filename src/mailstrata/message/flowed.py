"""Text of format=flowed (RFC 3676): soft line breaks joined, space-stuffing undone."""

from __future__ import annotations

import re
from functools import cache


@cache
def _line() -> re.Pattern[str]:
    return re.compile(r"(>*+) ?+([^\r\n]*+)(\r\n|\r|\n|\Z)")


_SIGNATURE = "-- "


def unflow(text: str, delsp: bool) -> str:
    """Join the lines of each flowed paragraph into one line (RFC 3676, 4).

    A line that ends in a space goes on in the next one of the same quote depth; with `delsp`, that space was put
    there for the line break and goes. The signature separator `-- ` stands alone. Quoted lines come out as `> text`,
    with one `>` for each level; line breaks that stay are kept as they are. Linear in the size of the text.
    """
    pieces: list[str] = []
    depth = 0
    flows = False  # the line before may go on in this one
    pending = ""  # the line break before this line, should it not be joined
    for match in _line().finditer(text):
        quotes, content, line_break = match.groups()
        if not line_break and match.end() == match.start():
            break
        is_signature = content == _SIGNATURE
        if not (flows and len(quotes) == depth and not is_signature):
            pieces.append(pending)
            if quotes:
                pieces.append(quotes + " " if content else quotes)
        depth = len(quotes)
        flows = content.endswith(" ") and not is_signature and bool(line_break)
        pieces.append(content[:-1] if flows and delsp else content)
        pending = line_break
    pieces.append(pending)
    return "".join(pieces)
