"""Where the dots of a distribution stand."""

import pytest
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.page.axis import WIDTH, Limit
from pipecat_voice_test.report.page.spread import Plot, Point, plot


def points(*values: float, verdict: Verdict = Verdict.PASSED) -> list[Point]:
    return [Point(value, f"{value} ms", verdict) for value in values]


def one(metric: str, *values: float, limits: tuple[Limit, ...] = ()) -> Plot:
    return plot(metric, [("", points(*values))], limits)


def test_a_dot_is_as_far_right_as_its_value_is_high() -> None:
    row = one("response_ms", 0, 500, 1000).rows[0]
    left, middle, right = (dot.x for dot in row.dots)

    assert middle - left == pytest.approx(right - middle, abs=0.2)
    assert 0 < left < right < WIDTH


def test_the_median_stands_between_its_values() -> None:
    row = one("response_ms", 100, 200, 900).rows[0]

    assert row.median == "200 ms"
    assert row.median_x == row.dots[1].x


def test_values_that_fall_on_one_place_are_stacked_and_none_is_hidden() -> None:
    row = one("response_ms", 700, 700, 700, 1400).rows[0]

    assert len({(dot.x, dot.y) for dot in row.dots}) == 4
    assert len({dot.x for dot in row.dots}) == 2


def test_of_a_high_stack_the_rest_is_a_number_and_what_failed_is_seen() -> None:
    many = points(*[700.0] * 40) + points(700.0, verdict=Verdict.FAILED)

    row = plot("response_ms", [("", many)]).rows[0]

    assert len(row.dots) + row.more[0].count == 41
    assert [dot.verdict for dot in row.dots].count(Verdict.FAILED) == 1


def test_a_limit_near_the_values_is_a_line_where_it_is() -> None:
    found = one("response_ms", 1400, 1600, limits=(Limit(1500),))
    (rule,) = found.rules

    assert rule.text == "limit 1500 ms"
    assert found.rows[0].dots[0].x < rule.x < found.rows[0].dots[1].x


def test_a_limit_far_away_is_named_at_the_edge_and_squeezes_no_dot() -> None:
    found = one("response_ms", 300, 400, limits=(Limit(6000),))

    assert found.rules[0].text == "limit 6000 ms →"
    assert found.rules[0].kind == "beyond"
    assert found.rows[0].dots[1].x - found.rows[0].dots[0].x > WIDTH / 10


@pytest.mark.parametrize(
    "values",
    [(0.0,), (0.0, 0.0), (1.0,), (-26.0, -20.0), (0.004, 0.02), (1e6,), (812.4, 812.5)],
)
def test_everything_stays_inside_whatever_the_values_are(values: tuple[float, ...]) -> None:
    limits = (Limit(0.0), Limit(1500.0), Limit(1.0, "median"))

    found = one("level" if values[0] < 0 else "response_ms", *values, limits=limits)

    for row in found.rows:
        assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= found.axis for dot in row.dots)
    assert all(0 <= tick.x <= WIDTH for tick in found.ticks)
    assert all(0 <= rule.x <= WIDTH and rule.y > 0 for rule in found.rules)
    assert len({rule.y for rule in found.rules}) == 3
    assert 1 <= len(found.ticks) <= 6


def test_two_series_share_an_axis_and_do_not_overlap() -> None:
    found = plot("stop_ms", [("baseline", points(300, 400)), ("now", points(300, 900))])
    before, now = found.rows

    assert before.dots[0].x == now.dots[0].x
    assert before.bottom < now.label_y
    assert now.bottom <= found.axis


def test_what_cannot_be_seen_is_said() -> None:
    found = plot(
        "stop_ms",
        [("", points(300, 400) + points(1498.4, verdict=Verdict.FAILED))],
        (Limit(1000),),
    )

    assert found.summary == (
        "stop_ms: 3 values from 300 ms to 1498 ms, median 400 ms, 1 beyond the limit; limit 1000 ms"
    )


def test_what_failed_has_another_shape() -> None:
    (passed,) = one("stop_ms", 1).rows[0].dots
    (failed,) = plot("stop_ms", [("", points(1, verdict=Verdict.FAILED))]).rows[0].dots

    assert ("a" in passed.path, "a" in failed.path) == (True, False)
