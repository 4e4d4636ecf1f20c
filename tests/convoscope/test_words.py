from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoscope import words
from convoscope.evidence import Evidence
from convoscope.network import Prediction


def prediction(*probabilities: float, names: tuple[str, ...] = ("teapot", "espresso", "cat")) -> Prediction:
    values = np.array(probabilities)
    return Prediction(names[: len(values)], np.log(values), values)


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "0.0\N{NO-BREAK SPACE}%"),
        (0.0001, "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"),
        (0.00049, "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"),
        (0.0006, "0.1\N{NO-BREAK SPACE}%"),
        (0.861, "86.1\N{NO-BREAK SPACE}%"),
        (0.9994, "99.9\N{NO-BREAK SPACE}%"),
        (0.9996, ">\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%"),
        (1, "100.0\N{NO-BREAK SPACE}%"),
    ],
)
def test_percentages_never_round_to_none_or_all(probability: float, text: str) -> None:
    assert words.percent(probability) == text


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (prediction(0.95, 0.04, 0.01), "The network sees **teapot** and is almost certain: 95.0\N{NO-BREAK SPACE}%."),
        (prediction(0.9, 0.05, 0.05), "The network sees **teapot** and is almost certain: 90.0\N{NO-BREAK SPACE}%."),
        (prediction(0.04, 0.95, 0.01), "The network sees **espresso** and is almost certain: 95.0\N{NO-BREAK SPACE}%."),
        (prediction(0.7, 0.2, 0.1), "The network sees **teapot** and is fairly sure: 70.0\N{NO-BREAK SPACE}%."),
        (
            prediction(0.31, 0.49, 0.2),
            "The network leans to **espresso**, 49.0\N{NO-BREAK SPACE}%; teapot is not ruled out, 31.0\N{NO-BREAK SPACE}%.",
        ),
        (
            prediction(0.29, 0.28, 0.27, 0.16, names=("teapot", "cat", "dog", "cup")),
            "The network cannot tell. Its best guess is **teapot**, at only 29.0\N{NO-BREAK SPACE}%.",
        ),
    ],
)
def test_a_verdict_is_as_sure_as_the_network(shown: Prediction, sentence: str) -> None:
    assert words.verdict(shown) == sentence


def test_a_chosen_class_has_its_place_and_share() -> None:
    assert (
        words.chosen(prediction(0.2, 0.7, 0.1), 0) == "You are looking at **teapot**, number 2 of 3 with 20.0\N{NO-BREAK SPACE}%."
    )


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        (0, 0, "at the top left"),
        (0, 4, "at the top"),
        (0, 8, "at the top right"),
        (4, 0, "on the left"),
        (4, 4, "in the middle"),
        (4, 8, "on the right"),
        (8, 0, "at the bottom left"),
        (8, 4, "at the bottom"),
        (8, 8, "at the bottom right"),
    ],
)
def test_a_place_has_a_name(row: int, column: int, text: str) -> None:
    values = np.full((9, 9), -1.0)
    values[row, column] = -0.5
    assert words.place(values) == text


def test_the_only_cell_is_in_the_middle() -> None:
    assert words.place(np.ones((1, 1))) == "in the middle"


def evidence(values: list[list[float]]) -> Evidence:
    return Evidence(0, np.array(values), bias=0.1)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ([[6, 1, 1], [1, 1, -7], [0, 0, 0]], "**at the top left**; half of it lies in a single one of the 9 cells."),
        ([[0, 2, 0], [0, 3, 1], [0, 0, 0]], "**in the middle**; half of it lies in a single one of the 9 cells."),
        ([[0, 0, 0], [2, 0, 2], [0, 2.5, 0]], "**at the bottom**; half of it lies in 2 of the 9 cells."),
    ],
)
def test_evidence_says_where_and_how_spread(values: list[list[float]], part: str) -> None:
    sentence = words.evidence_sentence(evidence(values), "cat")
    assert sentence.endswith(part)
    assert "cat" in sentence


@pytest.mark.parametrize("values", [[[-1, -2]], [[0, 0]]])
def test_without_evidence_it_says_so(values: list[list[float]]) -> None:
    assert words.evidence_sentence(evidence(values), "cat") == "No part of the photo spoke for cat."


def test_evidence_that_is_mostly_against_a_class_says_so() -> None:
    sentence = words.evidence_sentence(evidence([[1, -1, -1], [0, 0, 0], [0, 0, 0]]), "cat")
    assert sentence == "All in all the photo spoke **against** cat; what little spoke for it is strongest at the top left."


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.zeros((4, 4)), "silent: no cell responds"),
        (np.full((4, 4), 1e-7), "silent: no cell responds"),
        (np.full((4, 4), -2.5), "all negative, lowest −2.50"),
        (np.pad([[3.14]], ((0, 3), (0, 3))), "strongest at the top left, 3.14; 6.2\N{NO-BREAK SPACE}% of its cells respond"),
        (np.pad([[1.0]], 50), "strongest in the middle, 1.00; <\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}% of its cells respond"),
        (np.ones((4, 4)), "strongest everywhere, 1.00; 100.0\N{NO-BREAK SPACE}% of its cells respond"),
    ],
    ids=["zero", "nearly zero", "negative", "one cell", "one of many", "all"],
)
def test_a_map_has_a_text_alternative(values: np.ndarray, text: str) -> None:
    assert words.map_text(values) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1, "1.00"),
        (-0.5, "−0.500"),
        (3.14159, "3.14"),
        (31.4159, "31.4"),
        (314.159, "314"),
        (999.4, "999"),
        (999.6, "1,000"),
        (-12345.6, "−12,346"),
        (0.00123, "0.00123"),
        (0.0000123, "1.23e−05"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("shape", "text"),
    [((64, 32, 32), "64 maps of 32 × 32"), ((1, 8, 8), "1 map of 8 × 8"), ((200,), "200 numbers"), ((6144,), "6,144 numbers")],
)
def test_shapes_in_words(shape: tuple[int, ...], text: str) -> None:
    assert words.shape_text(shape) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (19_920, "19,920"),
        (999_999, "999,999"),
        (2_312_345, "2.31 million"),
        (183_000_000, "183 million"),
        (999_400_000, "999 million"),
        (999_999_999, "1.0 billion"),
        (4_120_000_000, "4.1 billion"),
    ],
)
def test_counts_in_words(value: int, text: str) -> None:
    assert words.count(value) == text


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        (7.68941, -0.00561, "7.6894 − 0.0056 = 7.6838"),
        (1.0, 2.0, "1.0000 + 2.0000 = 3.0000"),
        (0.00004, 0.00004, "0.0000 + 0.0000 + 0.0001 (rounding) = 0.0001"),
        (-2.0, 0.5, "−2.0000 + 0.5000 = −1.5000"),
        (-0.00001, -0.00002, "0.0000 + 0.0000 = 0.0000"),
    ],
)
def test_an_addition_is_printed_with_what_rounding_leaves(first: float, second: float, line: str) -> None:
    assert words.addition(first, second) == line


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_the_printed_terms_sum_to_the_printed_total(first: float, second: float) -> None:
    terms, total = words.addition(first, second).replace(" (rounding)", "").replace("−", "-").split(" = ")
    assert sum(Decimal(term) for term in terms.replace("- ", "-").replace("+ ", "").split()) == Decimal(total)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("potter's wheel", "potter's wheel"),
        ("[a](b)", r"\[a\]\(b\)"),
        ("T-shirt :red[x]", r"T\-shirt \:red\[x\]"),
        ("http://e", "http\\:\N{WORD JOINER}//e"),
        ("www.e", "www\N{WORD JOINER}\\.e"),
    ],
)
def test_somebody_elses_text_is_no_markdown(text: str, escaped: str) -> None:
    assert words.plain(text) == escaped


def test_a_list_is_read_as_one_says_it() -> None:
    assert [words.listed(list(parts)) for parts in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
