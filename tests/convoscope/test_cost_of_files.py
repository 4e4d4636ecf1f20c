"""What the most expensive files cost in memory, each read in a process of its own."""

import pytest

from tests.badfiles import bombs, large
from tests.badfiles.record import CostlyFile
from tests.badfiles.scene import whole
from tests.cost import cost

MOST = 300  # MiB by which a process may grow
UPLOAD = 20 * 2**20  # bytes: `server.maxUploadSize`


@pytest.mark.parametrize("file", large.FILES, ids=lambda file: file.name)
def test_the_largest_files_that_are_shown_take_little_memory(file: CostlyFile) -> None:
    data = file.make()
    assert len(data) <= UPLOAD
    result = cost(whole(file.kind), data)
    assert result.refusal is None
    assert 1 < result.mebibytes <= MOST


@pytest.mark.parametrize("file", bombs.FILES, ids=lambda file: file.name)
def test_nothing_in_a_small_picture_takes_much_memory(file: CostlyFile) -> None:
    data = file.make()
    assert len(data) <= UPLOAD
    assert cost(whole(file.kind), data).mebibytes <= MOST
