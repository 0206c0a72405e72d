"""Where the checkout is. Not in the package itself, which each program that is measured imports."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: programs run there, so that `python -m benchmarks...` finds them."""
