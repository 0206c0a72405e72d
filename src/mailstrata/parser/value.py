"""Plain classes of named values: compared and shown by them, as a dataclass is, without what importing those costs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


_set_attribute = object.__setattr__


class Record:  # noqa: PLW1641 - what changes is no key
    """Attributes, named by the `__slots__` of the class itself. Two of one class are equal if all of these are."""

    __slots__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __repr__(self) -> str:
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__slots__])
        return f"{type(self).__name__}({shown})"


class Value(Record):
    """A `Record` that stays as it was made, and so can be a key. Its `__init__` calls `_set` once."""

    __slots__ = ()

    def _set(self, **values: object) -> None:
        """Give each attribute its value."""
        for name, value in values.items():
            _set_attribute(self, name, value)

    def __hash__(self) -> int:
        return hash(self._values())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: it stays as it was made")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: it stays as it was made")

    def __reduce__(self) -> tuple[object, ...]:
        return _made_again, (type(self), self._values())


def _made_again(kind: type[Value], values: tuple[object, ...]) -> Value:
    value = kind.__new__(kind)
    value._set(**dict(zip(kind.__slots__, values, strict=True)))
    return value
