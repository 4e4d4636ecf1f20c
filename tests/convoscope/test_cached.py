import threading
from concurrent.futures import ThreadPoolExecutor

from convoscope.cached import cached_property

LONG = 60  # seconds: longer than any test


class Page:
    def __init__(self, both: threading.Barrier) -> None:
        self.both, self.computed = both, 0

    @cached_property
    def drawn(self) -> int:
        """What is drawn."""
        self.both.wait(LONG)
        self.computed += 1
        return self.computed


def test_it_is_computed_once() -> None:
    page = Page(threading.Barrier(1))
    assert [page.drawn, page.drawn, page.computed] == [1, 1, 1]
    assert Page.drawn.__doc__ == "What is drawn."


def test_two_instances_compute_at_the_same_time() -> None:
    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda page: page.drawn, (Page(both), Page(both)), timeout=LONG)) == [1, 1]
