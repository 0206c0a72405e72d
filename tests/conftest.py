"""Settings for all tests."""

from hypothesis import settings

# How long an example takes depends on what else the machine does; what is timed is a benchmark, not a test.
settings.register_profile("mailstrata", deadline=None, print_blob=True)
settings.load_profile("mailstrata")
