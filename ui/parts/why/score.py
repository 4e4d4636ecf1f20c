"""The score that is explained, in words: the logit of a class, or by how much it is ahead of another's."""

from convoscope import words
from ui.visit import Visit


def name(visit: Visit, index: int) -> str:
    """Of a class, for Markdown."""
    return words.plain(visit.network.card.classes[index])


def title(visit: Visit) -> str:
    """What the maps are about: 'espresso', 'espresso rather than teapot'; not yet fit for Markdown."""
    one, other = _names(visit)
    return one if other is None else f"{one} rather than {other}"


def score_title(visit: Visit) -> str:
    """'the logit of espresso', 'the lead of espresso over teapot'; not yet fit for Markdown."""
    one, other = _names(visit)
    return f"the logit of {one}" if other is None else f"the lead of {one} over {other}"


def subject(visit: Visit) -> str:
    return words.plain(title(visit))


def score(visit: Visit) -> str:
    return words.plain(score_title(visit))


def unit(visit: Visit) -> str:
    """What a value on a map is a part of, for components."""
    return "of the logit" if visit.asked.against is None else "of the lead"


def probability(visit: Visit) -> str:
    """'probability of espresso', 'probability of espresso, if it is that or teapot'; not yet fit for Markdown."""
    one, other = _names(visit)
    return f"probability of {one}" if other is None else f"probability of {one}, if it is that or {other}"


def value(visit: Visit) -> float:
    """The score itself, as ONNX Runtime gave it."""
    return float(visit.asked.score(visit.prediction.logits))


def signed(number: float) -> str:
    return f"+{words.number(number)}" if number > 0 else words.number(number)


def _names(visit: Visit) -> tuple[str, str | None]:
    classes, asked = visit.network.card.classes, visit.asked
    return classes[asked.index], None if asked.against is None else classes[asked.against]
