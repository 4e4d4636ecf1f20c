import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from convoscope.network import load
from convoscope.photo import from_pixels, read
from convoscope.prepare import centre_crop, prepare
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


@pytest.mark.parametrize("sample", PHOTOS, ids=lambda sample: sample.name)
def test_what_is_kept_of_a_reduced_photo_gets_the_answer_of_its_pixels(sample):
    """Three times as large, and reduced again: once as pixels, once as the file that is kept of them."""
    large = sample.open().picture
    large = large.resize((large.width * 3, large.height * 3), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    large.save(file, "PNG", compress_level=1)
    kept = read(file.getvalue())
    height, width = kept.shape
    exact = from_pixels(np.asarray(large.resize((width, height), Image.Resampling.LANCZOS)), "exact")
    network = load(ROOT / "models" / "photo")
    one, other = (network.predict(prepare(each, centre_crop(each), network.card.preprocessing)) for each in (kept, exact))
    assert one.best.index == other.best.index
    assert np.abs(one.probabilities - other.probabilities).max() < 0.02
