"""Colours as a file means them → sRGB, by its colour profile (ICC.1:2022)."""

import io

import numpy as np
from PIL import Image, ImageCms

from convoscope.decoding.containers import FAILURES

_SPACES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
_DEVICES = (b"mntr", b"scnr", b"prtr", b"spac")
_PROGRAMS = b"mpet"  # any number of steps to calculate for each pixel, which could take hours
_SAME = 1  # levels by which a profile may differ from sRGB and still be taken for it
_LONGEST_NAME = 40  # letters
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
_STEPS = np.linspace(0, 255, 9).round().astype(np.uint8)
_CUBE = Image.fromarray(np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), -1).reshape(9, 81, 3))


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """RGB, L, CMYK or LAB → RGB, and in words what was done.

    The profile is applied by perceptual intent. One that is damaged, or meant for another kind of picture, is ignored.
    """
    if image.mode == "LAB":
        return _transform(_LAB, "LAB").apply(image), ("L*a*b* turned into sRGB",)
    if profile and _space(profile) == image.mode:
        try:
            return _by_profile(image, profile)
        except (ImageCms.PyCMSError, *FAILURES):
            pass  # damaged: shown as if there were none
    if image.mode == "RGB":
        return image, ()
    return image.convert("RGB"), ("CMYK turned into RGB",) if image.mode == "CMYK" else ()


def _space(profile: bytes) -> str | None:
    """Which mode of pictures it is meant for, by its header; None if it is no profile of a device, or costs too much."""
    if profile[36:40] != b"acsp" or profile[12:16] not in _DEVICES or _PROGRAMS in profile:
        return None
    return _SPACES.get(profile[16:20])


def _by_profile(image: Image.Image, profile: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = _transform(source, image.mode)
    if image.mode != "CMYK":
        probe = _CUBE.convert(image.mode)
        if np.abs(np.asarray(transform.apply(probe), np.int16) - np.asarray(probe.convert("RGB"))).max() <= _SAME:
            return image.convert("RGB"), ()
    return transform.apply(image), (f"colours turned from {_name(source)} into sRGB",)


def _transform(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    assert isinstance(transform, ImageCms.ImageCmsTransform)
    return transform


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    """As the profile calls itself, if that can be shown."""
    name = " ".join(ImageCms.getProfileDescription(profile).split())
    return name if name.isprintable() and 0 < len(name) <= _LONGEST_NAME else "its own profile"
