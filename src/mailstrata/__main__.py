"""`python -m mailstrata` is the `mailstrata` command."""

from __future__ import annotations

from mailstrata.cli.main import main

if __name__ == "__main__":
    main()
