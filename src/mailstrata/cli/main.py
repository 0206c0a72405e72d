"""The `mailstrata` command: finds the command that was asked for, and turns errors into one line and an exit code."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from mailstrata import __version__
from mailstrata.cli import output
from mailstrata.errors import EXIT_INTERRUPTED, MailstrataError, QueryError, UsageError

EXIT_OUTPUT_CLOSED = 141
"""What a shell reports of a program that a closed pipe has ended: 128 and SIGPIPE."""

_PROGRAM = "mailstrata"

# In the order of the help page. A command's module is imported when the command is looked up.
_COMMANDS = (
    "archive",
    "info",
    "verify",
    "repair",
    "compact",
    "erase",
    "restore",
    "export",
    "search",
    "show",
    "sql",
    "scan",
    "parse",
    "extract",
    "index",
    "strip",
    "unstrip",
)

_EPILOG = """A SOURCE is an mbox, a Maildir, a message (.eml, .emlx), a folder of any of these, a tar or zip, each also
compressed (gzip, bzip2, xz, zstd), or - for standard input.

\b
Exit codes:
  0    all was done
  1    something went wrong that no other code names
  2    the command's words are off
  3    a source could not be read, or not to its end; the others were done
  4    the target cannot be written: full, read-only, in the way
  5    another process is writing to the archive
  6    what lies in the archive is not what its format says
  7    scan: something was found
  130  interrupted (Ctrl-C)
  141  the reader of standard output went away (| head)"""


class _CarriedError(Exception):
    """Ctrl-C, or an EOFError that nobody foresaw, carried past click, which takes both for the end of a prompt."""

    def __init__(self, carried: KeyboardInterrupt | EOFError) -> None:
        super().__init__(str(carried))
        self.carried = carried


class CommandLine(click.Group):
    """The group of all commands, loaded one by one; its `main` always ends the process with a documented code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as in click
        """The names of the commands, in the order of the help page."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module; None where there is no such command."""
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"mailstrata.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the words; writes the help where that is what they ask for."""
        try:
            return super().make_context(*args, **extra)
        except (KeyboardInterrupt, EOFError) as error:
            raise _CarriedError(error) from error
        except OSError as error:
            raise _error_of_output(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            result = super().invoke(ctx)
            output.flush()
            return result
        except (KeyboardInterrupt, EOFError) as error:
            raise _CarriedError(error) from error
        except OSError as error:
            raise _error_of_output(error) from error

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run the command line and exit. `args` are the words after the program's name, `sys.argv` where None."""
        extra["standalone_mode"] = False
        output.prepare()
        words = sys.argv[1:] if args is None else list(args)
        try:
            result = super().main(args, prog_name or _PROGRAM, **extra)
            output.flush()
            code = result if isinstance(result, int) else 0
        except Exception as error:
            code = _tell(error, debug=_wants_debug(words))
        sys.exit(code)


def _error_of_output(error: OSError) -> Exception:
    """What the error means where it came from click writing a help page; otherwise the error itself."""
    frames = error.__traceback__
    while frames is not None:
        if frames.tb_frame.f_code is click.echo.__code__:
            return output.failure(error)
        frames = frames.tb_next
    return error


def _wants_debug(words: Sequence[str]) -> bool:
    # Asked of the words themselves, because an error may come before click has read them.
    return "--debug" in words or os.environ.get("MAILSTRATA_DEBUG", "") not in ("", "0")


def _tell(error: Exception, *, debug: bool) -> int:
    """Say in one line what went wrong; the exit code."""
    if isinstance(error, output.OutputClosedError):
        output.discard()
        return EXIT_OUTPUT_CLOSED
    if isinstance(error, _CarriedError):
        if isinstance(error.carried, KeyboardInterrupt):
            # What is still buffered may wait for a reader that does not read (`| less`).
            output.discard()
            output.note(str(error) or "interrupted")
            return EXIT_INTERRUPTED
        error = error.carried
    if debug and not isinstance(error, click.ClickException):
        import traceback

        traceback.print_exception(error)
    return _tell_error(error)


def _tell_error(error: Exception) -> int:
    if isinstance(error, click.ClickException):
        output.error(_usage_line(error))
        return error.exit_code
    if isinstance(error, click.Abort):
        output.note("interrupted")
        return EXIT_INTERRUPTED
    if isinstance(error, MailstrataError):
        _flush_before_ending()
        output.error(str(error))
        if isinstance(error, QueryError):
            _show_place(error)
        return error.exit_code
    _flush_before_ending()
    reason = " ".join(str(error).split())
    output.error(
        f"unexpected {type(error).__name__}{': ' + reason if reason else ''}; this is a bug: "
        "please report it with what MAILSTRATA_DEBUG=1 shows"
    )
    return MailstrataError.exit_code


def _show_place(error: QueryError) -> None:
    from mailstrata.cli.excerpt import excerpt

    for line in excerpt(error.query, error.start, error.end):
        output.detail(line)


def _flush_before_ending() -> None:
    """Bring out the results from before the error. Where even that fails, the error at hand is the one to tell."""
    try:
        output.flush()
    except (output.OutputClosedError, MailstrataError):
        output.discard()


def _usage_line(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split()).rstrip(".")
    text = text[:1].lower() + text[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{text}; see '{context.command_path if context else _PROGRAM} --help'"


@click.group(
    name=_PROGRAM,
    cls=CommandLine,
    epilog=_EPILOG,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error (also: MAILSTRATA_DEBUG=1).")
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Takes mailboxes apart as a stream and keeps them: small, searchable, and recoverable byte for byte."""
    del debug  # read by `CommandLine.main`
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(UsageError.exit_code)


def main() -> NoReturn:
    """Run the command line of this process; the console script gets here by `mailstrata.__main__`."""
    cli.main()
