"""The views of "Why this answer?" and what is chosen in them: their names in links, and their titles."""

from convoscope.why.what_if import WHAT_IFS

VIEWS = {
    "evidence": "Evidence",
    "switches": "Switch channels off",
    "gradients": "Gradient maps",
    "pixels": "Trace to pixels",
    "occlusion": "Cover a part",
    "change": "What if",
    "photos": "Two photos",
}
CAM = "grad-cam"
GRADIENT_MAPS = {"saliency": "Saliency", CAM: "Grad-CAM", "smoothgrad": "SmoothGrad", "integrated": "Integrated gradients"}
CHANGES = tuple(what.name for what in WHAT_IFS)

_PATCHES = (2, 3, 4, 5, 8)  # the photo's side is as many patches long
_MOVES = (1, 2, 4)  # how often a patch is moved until it lies beside where it was


def patches(side: int) -> tuple[int, ...]:
    """How large the part that is covered may be, in pixels of the network's input. side: of that input."""
    return tuple(sorted({max(1, side // share) for share in _PATCHES}))


def strides(patch: int) -> tuple[int, ...]:
    """By how many pixels a patch may be moved."""
    return tuple(sorted({max(1, patch // share) for share in _MOVES}))


def middle(sizes: tuple[int, ...]) -> int:
    """The one to begin with."""
    return sizes[len(sizes) // 2]
