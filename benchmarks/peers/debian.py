"""Programs of Debian, as they are: ripmime and munpack extract, mu extracts and indexes, notmuch indexes.

They take single messages. What is an mbox for others is a Maildir for them, made beforehand (`benchmarks.forms`).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.forms import file_list

PACKAGES = ("libgmime-3.0-0", "maildir-utils", "mpack", "notmuch", "ripmime")
_COUNT = """printf '{{"messages": %d}}\\n' "$({} | wc -l)\""""
_NOTMUCH = """[database]
path={database}
mail_root={maildir}
[user]
name=Archive
primary_email=archive@example.net
[new]
tags=
[maildir]
synchronize_flags=false
"""


def at_home(target: Path) -> list[str]:
    """The words before a program that make a folder its home, so that nothing stays in the user's."""
    return ["env", f"HOME={target}", f"XDG_CACHE_HOME={target}", f"XDG_CONFIG_HOME={target}", f"XDG_DATA_HOME={target}"]


def versions() -> str:
    """The packages that are installed, with their versions; empty where this is not Debian."""
    if not shutil.which("dpkg-query"):
        return ""
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *PACKAGES], capture_output=True, text=True, check=False
    )
    return ", ".join(line for line in shown.stdout.splitlines() if line.count(" ") == 1 and not line.endswith(" "))


def missing(program: str, package: str) -> str:
    """How to install a program; empty where it is there."""
    return "" if shutil.which(program) else f"not installed (Debian: apt install {package})"


def ripmime(maildir: Path, target: Path) -> list[str]:
    """Extract what has a file name, from all files of the folder in one process."""
    return ["ripmime", "-i", str(maildir / "cur"), "-d", str(target), "--no-nameless"]


def munpack(maildir: Path, target: Path) -> list[str]:
    """Extract from all files of the list, as many in one process as the command line holds."""
    return ["xargs", "-0", "-a", str(file_list(maildir)), "munpack", "-q", "-C", str(target)]


def mu_extract(maildir: Path, target: Path) -> list[str]:
    """Extract from each file of the list, in a process of its own: mu takes one message at a time."""
    return [
        *at_home(target),
        *("xargs", "-0", "-a", str(file_list(maildir)), "-n", "1"),
        *("mu", "extract", "--save-attachments", "--overwrite", f"--target-dir={target}"),
    ]


def mu_index(maildir: Path, target: Path) -> list[str]:
    """Make an empty database and index a Maildir."""
    script = 'mu init --quiet --muhome="$1" --maildir="$0" && exec mu index --quiet --muhome="$1"'
    return [*at_home(target), "sh", "-c", script, str(maildir), str(target / "mu")]


def mu_count(target: Path) -> list[str]:
    """Print how many messages `mu_index` has indexed."""
    return [*at_home(target), "sh", "-c", _COUNT.format(f'mu find --muhome="{target / "mu"}" --fields=l ""')]


def notmuch_new(maildir: Path, target: Path) -> list[str]:
    """Index a Maildir with a configuration that is written here, before the clock runs."""
    database, configuration = target / "notmuch", target / "notmuch-config"
    database.mkdir()
    configuration.write_text(_NOTMUCH.format(database=database, maildir=maildir))
    return [*at_home(target), f"NOTMUCH_CONFIG={configuration}", "notmuch", "new", "--quiet"]


def notmuch_count(target: Path) -> list[str]:
    """Print how many files `notmuch_new` has indexed."""
    search = "notmuch search --output=files --exclude=false '*'"
    return [*at_home(target), f"NOTMUCH_CONFIG={target / 'notmuch-config'}", "sh", "-c", _COUNT.format(search)]
