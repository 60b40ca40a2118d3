"""The statistics behind `debugloop slow`, held against published values and against chance."""

from __future__ import annotations

import math
import random

import pytest

from pytest_debugloop.answers.significance import (
    Group,
    adjusted,
    incomplete_beta,
    student,
    student_quantile,
    student_two_sided,
)

# Student, "The probable error of a mean", Biometrika 6, 1908, table of section IX: hours of sleep that two drugs gave.
FIRST_DRUG = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND_DRUG = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def group(values: list[float], weights: list[float] | None = None) -> Group:
    weights = weights or [1.0] * len(values)
    total = sum(weights)
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
    squares = sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True))
    return Group(len(values), total, mean, squares)


@pytest.mark.parametrize(
    ("a", "b", "x", "value"),
    [
        (1, 1, 0.3, 0.3),  # uniform
        (2, 1, 0.5, 0.25),  # x squared
        (2, 2, 0.25, 0.15625),  # 3 x^2 - 2 x^3
        (0.5, 0.5, 0.5, 0.5),  # arc sine: by symmetry
        (0.5, 0.5, 0.25, 1 / 3),  # 2/pi asin(1/2)
        (3, 2, 0.0, 0.0),
        (3, 2, 1.0, 1.0),
    ],
)
def test_incomplete_beta_has_the_values_of_its_closed_forms(a: float, b: float, x: float, value: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("t", [0.1, 1.0, 3.0, 12.7, 500.0])
def test_students_t_of_one_and_two_degrees_has_its_closed_forms(t: float) -> None:
    assert student_two_sided(t, 1) == pytest.approx(1 - 2 * math.atan(t) / math.pi, rel=1e-9)
    assert student_two_sided(t, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-6)
    assert student_two_sided(-t, 2) == student_two_sided(t, 2)


# NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2: upper critical values of Student's t.
@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.706), (2, 4.303), (4, 2.776), (8, 2.306), (23, 2.069), (30, 2.042), (100, 1.984)],
)
def test_quantiles_of_students_t_are_those_of_the_tables(degrees: int, quantile: float) -> None:
    assert student_quantile(0.975, degrees) == pytest.approx(quantile, abs=0.0006)


def test_two_samples_give_the_published_t_test() -> None:
    # R documents this example in ?sleep; `t.test(extra ~ group, var.equal = TRUE)` prints t = -1.8608, df = 18,
    # p-value = 0.07919, 95 percent confidence interval -3.363874 0.203874.
    found = student(group(SECOND_DRUG), group(FIRST_DRUG))
    assert found is not None
    assert found.degrees == 18
    assert found.difference == pytest.approx(-1.58)
    assert found.p_value == pytest.approx(0.07919, abs=5e-6)
    assert found.low == pytest.approx(-3.363874, abs=5e-7)
    assert found.high == pytest.approx(0.203874, abs=5e-7)


def test_weights_in_common_change_nothing() -> None:
    plain = student(group(FIRST_DRUG), group(SECOND_DRUG))
    weighed = student(group(FIRST_DRUG, [7.0] * 10), group(SECOND_DRUG, [7.0] * 10))
    assert plain is not None
    assert weighed is not None
    assert weighed == pytest.approx(plain)


def test_a_measurement_without_weight_counts_only_as_a_degree_of_freedom() -> None:
    with_it = student(group([1.0, 2.0, 3.0, 90.0], [1, 1, 1, 1e-12]), group([2.0, 3.0, 5.0]))
    without = student(group([1.0, 2.0, 3.0]), group([2.0, 3.0, 5.0]))
    assert with_it is not None
    assert without is not None
    assert with_it.difference == pytest.approx(without.difference)
    assert (with_it.degrees, without.degrees) == (5, 4)


def test_what_never_varies_is_not_judged() -> None:
    assert student(group([1.0, 1.0, 1.0]), group([2.0, 2.0, 2.0])) is None


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    # Benjamini and Hochberg 1995, section 4.1: 15 tests, of which four are rejected at 0.05.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590]
    p.append(1.0)
    q = adjusted(p)
    assert sum(value <= 0.05 for value in q) == 4
    assert q[:4] == [pytest.approx(v) for v in (0.0015, 0.003, 0.0095, 0.035625)]
    assert q[4] == pytest.approx(0.0201 * 15 / 5)
    shuffled = [p[7], p[0], p[14], p[3]]
    assert adjusted(shuffled) == [pytest.approx(v) for v in (0.0344 * 4 / 3, 0.0004, 1.0, 0.019)]


def test_no_q_value_is_below_its_p_value_by_rounding() -> None:
    for count in (3, 7, 14, 49):
        for seed in range(200):
            p_values = [random.Random(f"{seed} {number}").random() for number in range(count)]
            assert all(q >= p for p, q in zip(p_values, adjusted(p_values), strict=True))


def test_q_values_below_the_largest_that_was_left_out_are_as_with_all() -> None:
    rng = random.Random(1)
    p = sorted([rng.random() for _ in range(200)] + [1e-6, 1e-5, 3e-4, 8e-4])
    kept = [value for value in p if value <= 0.05]
    with_all = [q for q in adjusted(p) if q <= 0.05]
    assert len(with_all) >= 3
    assert [q for q in adjusted(kept, len(p)) if q <= 0.05] == with_all


def test_chance_alone_is_called_a_change_as_rarely_as_is_said() -> None:
    rng = random.Random(20)
    trials = 4000
    false = 0
    for _ in range(trials):
        found = student(group([rng.gauss(0, 1) for _ in range(20)]), group([rng.gauss(0, 1) for _ in range(5)]))
        assert found is not None
        false += found.p_value <= 0.05
    # Three standard deviations of a binomial count.
    assert abs(false - trials * 0.05) <= 3 * math.sqrt(trials * 0.05 * 0.95)


def test_intervals_hold_the_true_difference_as_often_as_is_said() -> None:
    rng = random.Random(21)
    trials = 3000
    held = 0
    for _ in range(trials):
        found = student(group([rng.gauss(0, 1) for _ in range(20)]), group([rng.gauss(0.3, 1) for _ in range(5)]))
        assert found is not None
        held += found.low <= 0.3 <= found.high
    assert abs(held - trials * 0.95) <= 3 * math.sqrt(trials * 0.05 * 0.95)
