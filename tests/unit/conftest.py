"""How the unit tests generate examples: enough to find things, few enough to stay fast, the same in every run."""

from hypothesis import settings

# No deadline: a busy machine is no failure. Derandomized: a run of the suite is a check, not a search.
settings.register_profile("djdock", max_examples=100, deadline=None, derandomize=True)
settings.load_profile("djdock")
