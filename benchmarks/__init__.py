"""What is measured, against whom, in one command: `make bench`, or `python -m benchmarks --help`.

- `inputs`, `text`: mailboxes made with a seed, streamed to disk, kept between runs.
- `peers`: one small program for each library, so that each is measured as a process of its own.
- `measure`: runs such a program and says how long it took and how much memory it had at its peak.
- `contestants`: who is measured in which job, in which mode; `contest` lets them take turns and finds out who skipped
  work.
- `report`, `targets`, `pages`: the tables, the targets, and how they get into pages.
- `forms`: the inputs as Maildirs, and the input of real mail; `memory`: the peak of several processes.
- `limits`: the promises with a number (memory, time, a steady rate), each with its target: `make bench-limits`.
- `growth`: time and memory against the size of the work and the age of an archive, as curves: `make bench-growth`.
- `hostile`: mail made to bring a parser down, and how time and memory grow with it: `make bench-hostile`.

Units: MB is 1,000,000 bytes and MiB 1,048,576. Times are those of the whole process, the start of the
interpreter and all imports included. POSIX only: peak memory comes from wait4().
"""
