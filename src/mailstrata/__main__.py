"""`mailstrata`, and `python -m mailstrata`: the command, and what a Ctrl-C means before there is one.

Importing takes long enough to be interrupted, and nothing has been done by then. Therefore little is imported here.
"""

# ruff: noqa: PLC0415 - what is imported inside the functions is what may be interrupted

from __future__ import annotations

import os
import sys

# Of `typing`, which takes longer to import than all the rest here, type checkers need no more.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn


def main() -> NoReturn:
    """The entry point of the console script."""
    try:
        if len(sys.argv) < 3:
            # Before `signal`, which takes longer to import than the answer takes.
            from mailstrata.cli.first_words import answer

            code = answer(sys.argv[1:])
            if code is not None:
                sys.exit(code)
        import signal

        # While modules are imported, an exception may come where nobody can catch it (in a callback of the importing
        # itself), so the process ends without one. A signal that is ignored (`nohup`, a shell's `&`) stays so.
        watched = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if watched:
            signal.signal(signal.SIGINT, _end)
        from mailstrata.cli import main as command_line

        if watched:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command_line.main()
    except KeyboardInterrupt:
        # In the few lines around, since the command line itself lets none out.
        _end()


def _end(_number: int = 2, _frame: FrameType | None = None) -> NoReturn:
    """Say that it was interrupted, and end at once: nothing has been opened that would have to be closed."""
    if sys.stderr is not None:
        try:  # noqa: SIM105 - contextlib takes long to import
            os.write(2, b"mailstrata: interrupted\n")
        except OSError:
            pass
    # EXIT_INTERRUPTED, whose module may not have been imported yet.
    os._exit(130)


if __name__ == "__main__":
    main()
