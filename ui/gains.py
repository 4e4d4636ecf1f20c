"""What a visitor has switched in a network: put within bounds when it comes from a browser, and as a word in a link.

In a link each layer is its number among all of the network's, then come its channels: "3-17-40*1.5_1-0" silences channels 17
of the third layer and 0 of the first, and gives channel 40 of the third a gain of 1.5.
"""

import re
from collections.abc import Iterator, Mapping

from convoscope.network import Network
from convoscope.why.switches import switched_stages

LOUDEST = 2.0  # a gain, at most
DIGITS = 2  # of a gain, after the point

Gains = Mapping[str, Mapping[str, float]]  # by layer and channel, those that are not 1

_CHANNEL = r"-([0-9]{1,6})(?:\*([0-9](?:\.[0-9]{1,2})?))?"
_LAYER = re.compile(rf"([0-9]{{1,4}})((?:{_CHANNEL})+)")
_TURNED = re.compile(_CHANNEL)


def within(given: Gains, network: Network) -> Gains:
    """Of these gains those that the network has a channel for, 0 to LOUDEST."""
    kept = {}
    for layer, channels in _channels(network).items():
        own = given.get(layer, {})
        gains = {key: round(min(LOUDEST, max(0.0, float(own[key]))), DIGITS) for key in map(str, range(channels)) if key in own}
        if turned := {key: gain for key, gain in gains.items() if gain != 1}:
            kept[layer] = turned
    return kept


def to_word(gains: Gains, network: Network) -> str:
    """For a link."""
    numbers = {layer.name: number for number, layer in enumerate(network.layers, 1)}
    layers = (f"{numbers[name]}{''.join(_turned(channel, own[channel]) for channel in own)}" for name, own in gains.items())
    return "_".join(layers)


def from_word(word: str, network: Network) -> tuple[Gains, tuple[str, ...]] | None:
    """The gains, and the channels that the network does not have, as 'channel 17 of layer 3'; None if it is no such word."""
    parts = [_LAYER.fullmatch(part) for part in word.split("_")]
    if None in parts:
        return None
    names, channels = dict(enumerate((layer.name for layer in network.layers), 1)), _channels(network)
    asked: dict[str, dict[str, float]] = {}
    missing = []
    for number, channel, gain in _asked(part for part in parts if part):
        name = names.get(number, "")
        if channel < channels.get(name, 0):
            asked.setdefault(name, {})[str(channel)] = gain
        else:
            missing.append(f"channel {channel} of layer {number}")
    return within(asked, network), tuple(missing)


def _asked(parts: Iterator[re.Match[str]]) -> Iterator[tuple[int, int, float]]:
    """Layer, channel, gain."""
    for part in parts:
        for turned in _TURNED.finditer(part[2]):
            yield int(part[1]), int(turned[1]), float(turned[2] or 0)


def _channels(network: Network) -> dict[str, int]:
    """How many each layer with switches has, by name."""
    counts = {stage: stage.shape[0] for stage in switched_stages(network)}
    return {layer.name: counts[stage] for layer in network.layers for stage in layer.stages if stage in counts}


def _turned(channel: str, gain: float) -> str:
    return f"-{channel}*{gain:g}" if gain else f"-{channel}"
