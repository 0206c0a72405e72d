"""The catalogue: where the content of the packs lies. Derived, and made anew from them at any time."""
