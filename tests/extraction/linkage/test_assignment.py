"""One-to-one assignment: the best of all, compared with trying them all out."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from extraction.linkage.assignment import Values, best_assignment, mutual_choice, regrets, total

COLUMNS = "abcd"
worths = st.lists(
    st.dictionaries(st.sampled_from(COLUMNS), st.integers(1, 60).map(float), max_size=4), min_size=1, max_size=5
)


def best_by_trial(values: Values) -> float:
    places = [*COLUMNS, *(None for _ in values)]
    return max(
        sum(row.get(column, -1.0) for row, column in zip(values, chosen, strict=True) if column is not None)
        for chosen in set(permutations(places, len(values)))
        if all(column is None or column in row for row, column in zip(values, chosen, strict=True))
    )


@given(worths)
def test_no_other_assignment_is_better_and_none_gives_a_school_twice(values: Values) -> None:
    assigned = best_assignment(values)
    given_away = [school for school in assigned if school is not None]
    assert len(given_away) == len(set(given_away))
    assert all(school is None or school in row for row, school in zip(values, assigned, strict=True))
    assert total(values, assigned) == best_by_trial(values)


@given(worths)
def test_a_regret_is_what_forbidding_the_pair_costs(values: Values) -> None:
    assigned = best_assignment(values)
    for place, lost in enumerate(regrets(values, assigned)):
        others = [
            {column: worth for column, worth in row.items() if not (at == place and column == assigned[place])}
            for at, row in enumerate(values)
        ]
        expected = total(values, assigned) - best_by_trial(others) if assigned[place] is not None else 0
        assert lost == expected
        assert lost >= 0


def test_what_two_rows_want_goes_where_it_is_worth_more_altogether() -> None:
    values = [{"a": 50.0, "b": 45.0}, {"a": 48.0}]
    assert best_assignment(values) == ["b", "a"]
    assert best_assignment([{"a": 50.0}, {"a": 50.0}]).count("a") == 1
    assert regrets([{"a": 50.0}, {"a": 50.0}], ["a", None]) == [0.0, 0.0]


@given(worths)
def test_pairs_that_choose_each_other_are_each_others_best(values: Values) -> None:
    chosen, leads = mutual_choice(values)
    given_away = [school for school in chosen if school is not None]
    assert len(given_away) == len(set(given_away))
    for place, (school, lead) in enumerate(zip(chosen, leads, strict=True)):
        if school is not None:
            others = [worth for other, worth in values[place].items() if other != school]
            others += [row[school] for at, row in enumerate(values) if at != place and school in row]
            assert lead == values[place][school] - max(others, default=0) >= 0
