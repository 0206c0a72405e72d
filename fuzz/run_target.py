"""One target under atheris: `python -m fuzz.run_target TARGET FOUND [options of libFuzzer] FOLDERS`.

An input for which something is wrong is written into the folder FOUND.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import atheris

_AMPLIFY_EVERY = 500


def main() -> None:
    """Runs until libFuzzer's options say that it is enough, or something was found; ends the process."""
    name, found = sys.argv.pop(1), Path(sys.argv.pop(1))
    with atheris.instrument_imports(include=["mailstrata"]):
        from fuzz import guard  # noqa: PLC0415 - what is imported here is watched
        from fuzz.targets import TARGETS  # noqa: PLC0415
    target = TARGETS[name]
    executions = 0

    def run(data: bytes) -> None:
        nonlocal executions
        executions += 1
        try:
            guard.run(target, data)
            if executions % _AMPLIFY_EVERY == 0:
                guard.run_amplified(target, data)
        except BaseException:
            # Left to atheris, the process may end before the input is on disk.
            (found / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
