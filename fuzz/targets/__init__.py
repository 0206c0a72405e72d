"""What is fuzzed: each target takes bytes, and raises where something that is promised does not hold."""

from __future__ import annotations

from fuzz.guard import Target
from fuzz.targets.bodies import base64_bodies, mbox_quoting, quoted_printable_bodies, uuencode_bodies
from fuzz.targets.header_fields import header_blocks, header_values
from fuzz.targets.messages import reader
from fuzz.targets.parser import parser
from fuzz.targets.queries import queries
from fuzz.targets.sources import sources
from fuzz.targets.stripped import skeletons, stripping
from fuzz.targets.text import text

TARGETS: dict[str, Target] = {
    "parser": parser,
    "reader": reader,
    "base64": base64_bodies,
    "quoted-printable": quoted_printable_bodies,
    "uuencode": uuencode_bodies,
    "mbox-quoting": mbox_quoting,
    "header-values": header_values,
    "header-blocks": header_blocks,
    "text": text,
    "stripping": stripping,
    "skeletons": skeletons,
    "sources": sources,
    "queries": queries,
}
