"""What is trained, and how: the plain values, with their units."""

from dataclasses import dataclass, replace
from typing import Literal

from convoscope.card import Preprocessing


@dataclass(frozen=True)
class Stack:
    """A plain network: 3×3 convolution, ReLU, sometimes 2×2 max pooling, repeated; then one dense layer.

    groups: for each group of convolutions their output channels; a group's first convolution is pooled if `pooled` says so.
    head: what joins the last maps to the dense layer.
    """

    groups: tuple[tuple[int, ...], ...]
    pooled: tuple[bool, ...]
    head: Literal["average", "flatten"]

    @property
    def layers(self) -> list[tuple[int, bool]]:
        """Output channels and "is pooled" of each convolution in turn."""
        return [
            (outputs, pooled and position == 0)
            for group, pooled in zip(self.groups, self.pooled, strict=True)
            for position, outputs in enumerate(group)
        ]


@dataclass(frozen=True)
class Phase:
    """Some epochs with pictures of one size in pixels."""

    epochs: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One network and its training. Pictures are served at `size` × `size`, those to learn from stored at `stored` × `stored`.

    Random crops show things larger than whole pictures do, so a network sees best at a size somewhat above the one it was trained
    at (Touvron et al., 2019); `size` was chosen on the pictures held out. Crops are best cut from pictures in their own size:
    resized twice, those in training are softer than those to come.

    Values given here hold for every network that does not state its own.
    """

    title: str
    description: str
    stack: Stack
    channels: Literal["RGB", "grey"]
    size: int
    stored: int
    mean: tuple[float, ...]  # of the training pixels, scaled to 0-1, per channel
    std: tuple[float, ...]
    phases: tuple[Phase, ...]
    batch: int  # pictures per step, over all processes
    muon_rate: float  # peak; the size of a step relative to the weights, which are kept at unit scale
    muon_momentum: float = 0.8
    sgd_rate: float = 0.1  # peak; for the first convolution, the biases and the dense layer
    sgd_momentum: float = 0.9
    sgd_decay: float = 5e-4  # weight decay of the dense layer
    warmup: float = 0.1  # share of all steps in which the rates rise; then they fall to zero in a straight line
    smoothing: float  # label smoothing
    crop_area: tuple[float, float]  # share of the picture that a random crop shows
    shift: int = 0  # pixels, of the size in training, by which a picture is moved at most in each direction
    flip: bool = True  # mirror half of the pictures
    light: float = 0.0  # by how much brightness, in standard deviations, and contrast, as a share, change at most
    cutmix: float = 0.0  # share of the pictures into which a piece of another is pasted
    teacher: "Recipe | None" = None  # of a larger network, trained first, whose answers are learned from
    teaching: float = 0.8  # its share in what is learned; the rest is the labels'
    held_out: float = 0.05  # share of the training pictures kept for choices and for calibration
    snapshots: int  # moments of training that are kept, evenly in log steps

    @property
    def preprocessing(self) -> Preprocessing:
        """Of pictures that are served."""
        return Preprocessing(
            size=self.size,
            channels=self.channels,
            fit="centre crop",
            resample="bilinear",
            mean=self.mean,
            std=self.std,
        )

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    def served(self, size: int) -> int:
        """The size, in pixels, that goes with random crops of this size as `size` goes with those of `stored`."""
        return size * self.size // self.stored

    def size_at(self, epoch: int) -> int:
        """Picture size in the epoch, counted from 0."""
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase.size
            epoch -= phase.epochs
        raise ValueError("epoch beyond the last phase")


PHOTO = Recipe(
    title="Everyday",
    description="things on photos",
    stack=Stack(
        groups=((32,), (64, 64), (128, 128, 128), (256, 256, 384)),
        pooled=(True, True, True, False),
        head="average",
    ),
    channels="RGB",
    size=72,
    stored=64,
    mean=(0.480, 0.448, 0.398),
    std=(0.277, 0.269, 0.282),
    phases=(Phase(16, 48), Phase(4, 64)),
    batch=500,
    muon_rate=0.10,
    smoothing=0.1,
    crop_area=(0.4, 1.0),
    snapshots=6,
)

SHAPES = Recipe(
    title="Shapes",
    description="drawings of simple shapes",
    stack=Stack(groups=((8,), (8,), (8,)), pooled=(True, True, True), head="flatten"),
    channels="grey",
    size=32,
    stored=32,
    mean=(0.80,),
    std=(0.22,),
    phases=(Phase(12, 32),),
    batch=100,
    muon_rate=0.05,
    smoothing=0.0,
    crop_area=(0.8, 1.0),
    snapshots=6,
)

CIFAR10 = Recipe(
    title="CIFAR-10",
    description="six animals and four vehicles, on tiny pictures",
    stack=Stack(
        groups=((32,), (64, 64), (128, 128), (256, 256)),
        pooled=(False, True, True, True),
        head="average",
    ),
    channels="RGB",
    size=32,
    stored=32,
    mean=(0.491, 0.482, 0.447),
    std=(0.247, 0.243, 0.262),
    phases=(Phase(24, 32),),
    batch=500,
    muon_rate=0.06,
    smoothing=0.1,
    crop_area=(1.0, 1.0),
    shift=3,
    snapshots=6,
)

RECIPES = {"photo": PHOTO, "shapes": SHAPES, "cifar10": CIFAR10}

_PHOTO_GPU = replace(
    PHOTO,
    stack=Stack(
        groups=((48,), (96, 96, 96), (160, 160, 160, 160), (320, 320, 384)),
        pooled=(True, True, True, False),
        head="average",
    ),
    size=80,
    phases=(Phase(102, 48), Phase(45, 64)),
    batch=1000,
    muon_rate=0.04,
    crop_area=(0.3, 1.0),
    light=0.2,
    cutmix=0.5,
)

_CIFAR10_GPU = replace(
    CIFAR10,
    stack=Stack(
        groups=((32,), (64, 64), (128, 128, 128), (256, 256)),
        pooled=(False, True, True, False),
        head="average",
    ),
    phases=(Phase(97, 32),),
    batch=1000,
    muon_rate=0.04,
    light=0.2,
    cutmix=0.5,
)

# For one large GPU: longer, on pictures varied more, and taught by a network that is wider than one can ship.
GPU_RECIPES = {
    "photo": replace(
        _PHOTO_GPU,
        teacher=replace(
            _PHOTO_GPU,
            stack=replace(_PHOTO_GPU.stack, groups=((64,), (192, 192, 192), (384, 384, 384, 384), (640, 640, 768))),
            phases=(Phase(61, 48), Phase(30, 64)),
        ),
    ),
    "cifar10": replace(
        _CIFAR10_GPU,
        teacher=replace(
            _CIFAR10_GPU,
            stack=replace(_CIFAR10_GPU.stack, groups=((64,), (192, 192), (384, 384, 384), (512, 512))),
            phases=(Phase(59, 32),),
        ),
    ),
}


def of_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The same with this many epochs, all on pictures of full size, for its teacher, too."""
    teacher = recipe.teacher and of_epochs(recipe.teacher, epochs)
    return replace(recipe, phases=(Phase(epochs, recipe.stored),), teacher=teacher)


def further(recipe: Recipe) -> Recipe:
    """For a training that goes on with a trained network: a quarter of the epochs, at less than half the rate."""
    return replace(
        recipe, phases=(Phase(recipe.epochs // 4, recipe.stored),), muon_rate=0.4 * recipe.muon_rate, sgd_rate=0.04, teacher=None
    )


def transfer(recipe: Recipe) -> Recipe:
    """For one that begins with a trained network and other classes: small batches, so that few pictures make many steps."""
    return replace(recipe, phases=(Phase(20, recipe.stored),), batch=50, muon_rate=0.01, sgd_rate=0.01, teacher=None)
