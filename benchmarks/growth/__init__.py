"""How cost grows: time and memory against the size of what there is to do, as curves: `make bench-growth`.

- `curves`: what is measured against what, and at which points.
- `runs`: one point of a curve; `age`: a hundred incremental runs, and what reading the archive costs afterwards.
- `store`: what was measured, kept as JSON, so that a run that was interrupted goes on where it was.
- `judge`: whether time is linear and memory flat, from the figures alone.
- `pictures`, `page`: the curves as SVG, and the tables, in `docs`.
"""
