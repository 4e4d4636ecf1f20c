"""What becomes of an answer along a range of changes, in words: for the question that was asked."""

from convoscope import words
from convoscope.why.what_if import Series
from ui.parts.why.score import name, score, value
from ui.visit import Visit

SHARE = "share "  # how the unit of a strength begins that is shown in per cent
TO_THE_RIGHT = "to the right"  # in a unit of which less than nothing is to the left


def sentence(visit: Visit, found: Series) -> str:
    """Where it turns, or how near it comes to that (Markdown)."""
    asked = visit.asked
    if asked.against is not None:
        return _of_the_lead(visit, found, asked.against)
    holds = bool(found.holds(asked)[found.unchanged])
    return _of_the_answer(visit, found) if holds else _of_another(visit, found)


def at(found: Series, index: int) -> str:
    """'45.0 degrees clockwise', '30.0 % of the light lost', '1.50 (standard deviation in pixels)'."""
    strength, unit = float(found.strengths[index]), found.what.unit
    if strength == 0:
        return "no change"
    if unit.startswith("degrees"):
        return f"{words.number(abs(strength))} degrees {'clockwise' if strength < 0 else 'counter-clockwise'}"
    if not unit.startswith(SHARE):
        return f"{words.number(strength)} ({unit})"
    what, right, _ = unit.removeprefix(SHARE).partition(f", {TO_THE_RIGHT}")
    side = f" to the {'left' if strength < 0 else 'right'}" if right else ""
    return f"{words.percent(abs(strength))} {what}{side}"


def turn_title(visit: Visit, found: Series, turn: int) -> str:
    """What the line through a curve marks (Markdown)."""
    if visit.asked.against is not None:
        return f"where the lead changes sides, {at(found, turn)}"
    if found.holds(visit.asked)[found.unchanged]:
        return f"where the answer flips, {at(found, turn)}"
    return f"where {name(visit, visit.asked.index)} becomes the answer, {at(found, turn)}"


def _of_the_answer(visit: Visit, found: Series) -> str:
    asked = visit.asked.index
    shares, turn = found.probabilities, found.turn(visit.asked)
    if turn is not None:
        other = int(found.winners[turn])
        share = words.percent(float(shares[turn, other]))
        return (
            f"The answer flips from {name(visit, asked)} to **{name(visit, other)}** ({share}) at **{at(found, turn)}**."
            f"{_many(found)}"
        )
    least = int(shares[:, asked].argmin())
    stays = f"Along the whole range the answer stays **{name(visit, asked)}**."
    if words.percent(float(shares[least, asked])) == words.percent(float(shares[:, asked].max())):
        return f"{stays} Nowhere is it less sure than {words.percent(float(shares[least, asked]))}."
    return f"{stays} It is least sure at {at(found, least)}: {words.percent(float(shares[least, asked]))}."


def _many(found: Series) -> str:
    """How many classes the answer goes through, where these are more than the two that the flip names."""
    count = len(set(found.winners.tolist()))
    return f" Along the whole range it is one of {count} classes." if count > 2 else ""


def _of_another(visit: Visit, found: Series) -> str:
    """Why not this class?"""
    asked, shares, turn = visit.asked.index, found.probabilities, found.turn(visit.asked)
    now = f"The photo as it is gives {name(visit, asked)} {words.percent(float(shares[found.unchanged, asked]))}."
    if turn is not None:
        return (
            f"{now} At **{at(found, turn)}** the answer becomes **{name(visit, asked)}**, "
            f"{words.percent(float(shares[turn, asked]))}."
        )
    most = int(shares[:, asked].argmax())
    return (
        f"{now} Along the whole range the answer does not become {name(visit, asked)}. It comes nearest at "
        f"**{at(found, most)}**: {words.percent(float(shares[most, asked]))}."
    )


def _of_the_lead(visit: Visit, found: Series, against: int) -> str:
    lead, turn = visit.asked.score(found.logits), found.turn(visit.asked)
    begin = f"{score(visit)[0].upper()}{score(visit)[1:]} is {words.number(value(visit))} now."
    ahead, behind = visit.asked.index, against
    if not found.holds(visit.asked)[found.unchanged]:
        ahead, behind = behind, ahead
    if turn is not None:
        return (
            f"{begin} At **{at(found, turn)}** it changes sides: there **{name(visit, behind)}** is ahead, by "
            f"{words.number(abs(float(lead[turn])))}."
        )
    nearest = int(abs(lead).argmin())
    return (
        f"{begin} Along the whole range **{name(visit, ahead)}** stays ahead. {name(visit, behind)} comes nearest "
        f"at **{at(found, nearest)}**: {words.number(float(lead[nearest]))}."
    )
