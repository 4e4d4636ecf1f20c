"""A filter that slides over one picture: the dot product of a small kernel with each window. Kernels to try it with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Slide:
    """How a window moves. stride: cells from one position to the next. padding: rows and columns of zeros around the picture.

    dilation: cells from one entry of the kernel to the next; 1 leaves no gaps.
    """

    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def reach(self, kernel: int) -> int:
        """How many cells a kernel of this size spans, gaps included."""
        return self.dilation * (kernel - 1) + 1

    def output_size(self, size: int, kernel: int) -> int:
        """How many positions there are along a side of `size` cells; 0 where the window does not fit."""
        return max(0, (size + 2 * self.padding - self.reach(kernel)) // self.stride + 1)


def slide(picture: NDArray[np.generic], kernel: NDArray[np.floating], how: Slide) -> NDArray[np.float64]:
    """(H, W) and (h, w) → float64 (rows, columns): at each position the window times the kernel, added up.

    The kernel is laid on as it is, not turned: cross-correlation, which deep learning calls convolution.
    """
    padded = np.pad(picture.astype(np.float64), how.padding)
    rows, columns = (how.output_size(size, side) for size, side in zip(picture.shape, kernel.shape, strict=True))
    answer = np.zeros((rows, columns))
    for y, x in np.ndindex(kernel.shape):
        beneath = padded[y * how.dilation :: how.stride, x * how.dilation :: how.stride]
        answer += kernel[y, x] * beneath[:rows, :columns]
    return answer


def brightness(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (H, W, 1 or 3) → uint8 (H, W): one number per pixel, red, green and blue weighed as in ITU-R BT.601."""
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    return np.asarray((pixels @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8))


@dataclass(frozen=True)
class Example:
    """A kernel people know by name. does: what it answers to, to follow 'it'."""

    name: str
    kernel: NDArray[np.float64]
    does: str


EXAMPLES = (
    Example("upright edge", np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]), "finds places that are dark left and bright right"),
    Example("level edge", np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]), "finds places that are dark above and bright below"),
    Example("blur", np.full((3, 3), 1 / 9), "takes the mean of each window"),
    Example("sharpen", np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]), "makes each pixel differ more from its neighbours"),
    Example("emboss", np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]), "lights the picture from one corner"),
)
