"""Recipes of all transfer encodings followed back: the encoded body out of its decoded content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailstrata.stripping.base64_rebuilder import rebuild_base64
from mailstrata.stripping.layout_text import MAX_RECIPE, bad_recipe
from mailstrata.stripping.quoted_printable_rebuilder import rebuild_quoted_printable


def rebuild(recipe: str, content: Iterable[bytes], *, partial: bool = False) -> Iterator[bytes]:
    """The encoded body again, from its decoded content in pieces of any size.

    The pieces that come out are of at most about 1 MiB more than the largest that went in, and so is the memory used.
    With `partial`, content beyond what the recipe needs is left alone. Raises StrippedMailError for what is no
    recipe, at once, and for content that is too short or too long for it, when that is seen.
    """
    if len(recipe) > MAX_RECIPE and not partial:
        raise bad_recipe(recipe, f"more than {MAX_RECIPE} characters")
    encoding = recipe.partition(" ")[0]
    rebuild_encoding = _REBUILDERS.get(encoding)
    if rebuild_encoding is None:
        raise bad_recipe(recipe, "an unknown encoding")
    return rebuild_encoding(recipe, content, partial)


def _rebuild_identity(recipe: str, content: Iterable[bytes], partial: bool) -> Iterator[bytes]:  # noqa: ARG001 - all of an identity is always wanted
    if recipe != "identity":
        raise bad_recipe(recipe, "something after identity")
    return (piece for piece in content if piece)


_REBUILDERS: dict[str, Callable[[str, Iterable[bytes], bool], Iterator[bytes]]] = {
    "identity": _rebuild_identity,
    "base64": rebuild_base64,
    "quoted-printable": rebuild_quoted_printable,
}
