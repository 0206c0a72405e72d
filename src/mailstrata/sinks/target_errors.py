"""From an `OSError` of a target to the one line that people read."""

from __future__ import annotations

import errno

from mailstrata.errors import TargetError

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_ALLOWED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_IN_THE_WAY = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENOTEMPTY})


def target_error(path: str, error: OSError) -> TargetError:
    """The error to raise for an `OSError` met while writing at `path`: what, where, and what to do about
    it."""
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        advice = "free some space there, or choose another place, and run the same command again"
    elif error.errno in _NOT_ALLOWED:
        advice = "choose a place that you may write to"
    elif error.errno in _IN_THE_WAY:
        advice = "something else lies there: move it away, or choose another place"
    else:
        advice = "check the disk, or choose another place, and run the same command again"
    return TargetError(f"cannot write {path}: {reason}; {advice}")
