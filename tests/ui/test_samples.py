import subprocess
import sys

import pytest

from convoscope.network import load
from tests.pages.app import ROOT
from ui.samples import DRAWINGS, PHOTOS, samples_for


@pytest.mark.parametrize("sample", [*PHOTOS, *DRAWINGS], ids=lambda sample: sample.name)
def test_each_sample_opens_and_is_the_same_every_time(sample):
    assert sample.open().sha256 == sample.open().sha256
    assert sample.open().pixels.shape[2] == 3


def test_the_photos_are_read_without_importing_their_package():
    code = "import sys; from ui.samples import PHOTOS; [p.open() for p in PHOTOS]; sys.exit('skimage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_network_has_a_class_for_comes_first():
    card = load(ROOT / "models" / "photo").card
    assert samples_for(card) == PHOTOS
    first, *others = samples_for(card.model_copy(update={"classes": ("dog", "rocket")}))
    assert [first.name, *(each.name for each in others)] == ["rocket", "coffee", "cat"]
