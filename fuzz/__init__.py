"""Fuzzing: inputs that nobody thought of, and what must hold for them. `make fuzz`; see docs/fuzzing.md.

- `targets`: what is fed with bytes, and what is checked; plain functions that need no fuzzer.
- `given`: how the bytes of an input become options, pieces and content.
- `seeds`: the inputs that fuzzing begins with, generated.
- `guard`: runs a target once, and notices what takes too long.
- `run_target`: one target under atheris; `__main__`: all targets, one after the other, or one input without atheris.
"""
