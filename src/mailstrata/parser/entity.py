"""An entity (RFC 2045, 2.4): a message, or one of the parts in the body of a multipart entity."""

from __future__ import annotations

from mailstrata.parser.defects import Defect, DefectCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.parser.content_fields import ContentFields


class Entity:
    """What the parser knows of an entity. It holds no content and no children, so it stays small.

    `start`, `body_start` and `end` are absolute byte offsets; `end` is -1 until the entity has ended.
    `number` counts the children of the parent, from 1. `content_type` is `type/subtype` in lower case, with the
    defaults of RFC 2045, 5.2 and RFC 2046, 5.1.5 filled in. `encoding` is the transfer encoding in lower case,
    `7bit` where none is given. `content_fields` is what the header says where it is plain, None where its fields have
    to be looked into; `from_value` and `subject_value` are then those of the first fields of these names, where they
    were met. `boundary` is set on a multipart that is taken apart. An `opaque` entity was not
    taken apart, or only in part, because of a limit: its body is to be taken as it stands.
    """

    __slots__ = (
        "body_start",
        "boundary",
        "children",
        "content_fields",
        "content_type",
        "defects",
        "depth",
        "encoding",
        "end",
        "from_value",
        "is_message_container",
        "number",
        "opaque",
        "parent",
        "start",
        "subject_value",
    )

    def __init__(self, parent: Entity | None, number: int, depth: int, start: int) -> None:
        self.parent = parent
        self.number = number
        self.depth = depth
        self.start = start
        self.body_start = start
        self.end = -1
        self.content_type = "text/plain"
        self.encoding = "7bit"
        self.content_fields: ContentFields | None = None
        self.from_value: bytes | None = None
        self.subject_value: bytes | None = None
        self.boundary: bytes | None = None
        self.is_message_container = False
        self.opaque = False
        self.children = 0
        self.defects: list[Defect] = []

    @property
    def is_container(self) -> bool:
        """Whether the body was looked at for child entities: a multipart, or an embedded message."""
        return self.boundary is not None or self.is_message_container

    @property
    def path(self) -> str:
        """`1` for the root, `1.2` for its second child. Computed when asked for."""
        numbers = []
        entity: Entity | None = self
        while entity is not None:
            numbers.append(str(entity.number))
            entity = entity.parent
        return ".".join(reversed(numbers))

    def add_defect(self, code: DefectCode, start: int, end: int, limit: int) -> None:
        """Record a defect, unless `limit` of them are there; the last one then says that some were left out."""
        kept = len(self.defects)
        if kept < limit - 1:
            self.defects.append(Defect(code, start, end))
        elif kept == limit - 1:
            self.defects.append(Defect(DefectCode.DEFECTS_OMITTED, start, start))

    def __repr__(self) -> str:
        return f"<Entity {self.path} {self.content_type}>"
