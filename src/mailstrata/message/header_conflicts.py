"""Header fields that say different things of the same: fields that occur twice, and file names that differ."""

from __future__ import annotations

from mailstrata.message.encoded_words import decode_words
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.fields import field_span
from mailstrata.parser.parameters import split_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.message.headers import Headers
    from mailstrata.message.info import PartInfo


def find_repeated_fields(headers: Headers, names: frozenset[bytes]) -> list[Defect]:
    """A defect for each of these names, in lower case, that occurs more than once: where it does the second time."""
    seen: dict[bytes, int] = {}
    found = []
    for field in headers.fields:
        name = field.name.lower()
        if name in names:
            seen[name] = seen.get(name, 0) + 1
            if seen[name] == 2:
                start, end = headers.start + field.start, headers.start + field.end
                found.append(Defect(DefectCode.DUPLICATE_FIELD, start, end))
    return found


def find_filename_conflicts(part: PartInfo) -> list[Defect]:
    """A defect where a part, which has a file name, has others that differ from it once they are decoded.

    The span is the field that has the name that was not taken; where both are in one, that field.
    """
    taken = part.filename
    name = part.disposition_parameters.get("filename")
    if name not in (None, taken) or _differs_within(part.headers.raw("Content-Disposition"), b"filename", name):
        field_name = b"content-disposition"
    else:
        name = part.type_parameters.get("name")
        if name in (None, taken) and not _differs_within(part.headers.raw("Content-Type"), b"name", name):
            return []
        field_name = b"content-type"
    start, end = field_span(part.headers.block, field_name, part.start)
    return [Defect(DefectCode.CONFLICTING_FILENAMES, start, end)]


def _differs_within(value: bytes | None, name: bytes, taken: str | None) -> bool:
    """Whether one field gives the parameter in a plain form that differs from what was taken: twice, or beside that of
    RFC 2231."""
    if not taken or value is None or value.lower().count(name) < 2:
        return False
    plain = [content for found, content in split_parameters(value)[1] if found == name]
    return any(decode_words(content) != taken for content in plain)
