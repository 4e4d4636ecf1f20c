"""The worst of the files that cost most to read, each in a process of its own: how long, how much memory, who has to wait."""

from bench.timing import took
from convoscope.benchmark import Row
from tests.badfiles import bombs, large
from tests.badfiles.scene import whole
from tests.cost import cost


def rows() -> list[Row]:
    costs = {file.name: cost(whole(file.kind), file.make()) for file in [*large.FILES, *bombs.FILES]}
    slowest = max(costs, key=lambda name: costs[name].milliseconds)
    hungriest = max(costs, key=lambda name: costs[name].mebibytes)
    rudest = max(costs, key=lambda name: costs[name].stall_milliseconds)
    memory = round(costs[hungriest].mebibytes, 1)
    return [
        took(f"the slowest of {len(costs)} costly files: {slowest}", costs[slowest].milliseconds, "aim: at most 2,000 ms"),
        Row(what=f"the one that takes most memory: {hungriest}", value=memory, unit="MiB", against="aim: at most 300 MiB"),
        took(f"the one that keeps other threads waiting: {rudest}", costs[rudest].stall_milliseconds, "aim: at most 300 ms"),
    ]
