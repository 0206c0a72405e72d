"""The command line: a thin skin over the library.

`main` finds the command and turns what goes wrong into one line and an exit code. Each command is a module, imported
when it is called, that imports what it uses inside its function. `output` is the only place that writes.
"""
