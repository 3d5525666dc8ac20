"""The benchmarks run, and their contenders answer what they should; their figures are nobody's business here."""

import pytest

from benchmarks.__main__ import QUESTIONS
from benchmarks.contest import ask
from benchmarks.tables import table

SOON = (
    *("get", "submit", "decode", "upload", "upload_base64", "lag", "train"),
    *("journal", "growth", "scan", "limit", "first_upload"),
)
"""Those that are over in seconds when there is little to do."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SOON)
def test_a_question_is_answered_by_all_who_are_here(name: str) -> None:
    """Every contender whose packages are installed does its round, and each bar is one of those that were measured."""
    question = QUESTIONS[name]
    answer = ask(question, rounds=1, quick=True)
    assert set(answer.rounds) | set(answer.left_out) == {each.name for each in question.contenders}
    assert not any("bria_async" in each for each in answer.left_out), "we are left out"
    for bar, reached in answer.judged():
        assert reached is not None, bar  # so little work may take no time at all
    assert f"`{name}`" in table(answer)
