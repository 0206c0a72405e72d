"""Mail made to bring a parser down, and what it costs: `make bench-hostile`, or `python -m benchmarks.hostile --help`.

- `cases`, `bodies`, `headers`: the messages, made with a seed, streamed, of any size.
- `parse_file`: a small program that feeds a file to the bare parser in pieces of a given size, and checks that
  nothing is lost.
- `judge`: how fast, in how much memory, and growing how much is still good.
- `__main__`: every case at its size and at twice that, as a table.
"""
