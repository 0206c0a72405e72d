"""The states of the machine, and what may follow each."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where the machine is."""

    START = "start"
    HEADER = "header"
    PREAMBLE = "preamble"
    BODY = "body"
    EPILOGUE = "epilogue"
    DONE = "done"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.START: frozenset({State.HEADER, State.DONE}),
    State.HEADER: frozenset({State.HEADER, State.PREAMBLE, State.BODY}),
    State.PREAMBLE: frozenset({State.HEADER, State.BODY, State.EPILOGUE, State.DONE}),
    State.BODY: frozenset({State.HEADER, State.BODY, State.EPILOGUE, State.DONE}),
    State.EPILOGUE: frozenset({State.HEADER, State.BODY, State.EPILOGUE, State.DONE}),
    State.DONE: frozenset(),
}
"""The legal transitions. HEADER leads to itself when an embedded message begins; BODY follows PREAMBLE, BODY
or EPILOGUE without a header where the limit of parts is reached."""
