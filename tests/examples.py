"""How many examples a property is tried with, the same ones each time; `EXAMPLES=20 make test` tries 20 times as many."""

import os

from hypothesis import settings

TIMES = int(os.environ.get("EXAMPLES", "1"))


def examples(count: int) -> settings:
    return settings(max_examples=count * TIMES, deadline=None, derandomize=True, database=None)
