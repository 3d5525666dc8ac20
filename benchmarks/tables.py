"""What came out, as Markdown."""

import os
import platform
import statistics

from .contest import Answer


def machine() -> str:
    """Where it was measured."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )


def table(answer: Answer) -> str:
    """One question: who took how much, and whether the bars are met."""
    question = answer.question
    rounds = max((len(each) for each in answer.rounds.values()), default=0)
    reference = next((bar.reference for bar in question.bars if bar.reference in answer.rounds), None)
    heads = [question.unit, "least", *question.also, *([f"x {reference}"] if reference else [])]
    lines = [
        f"### `{question.name}`: {question.asks}",
        "",
        f"Medians of {rounds} rounds.",
        "",
        f"| | {' | '.join(heads)} |",
        f"|---|{'---:|' * len(heads)}",
    ]
    for name, each in answer.rounds.items():
        figures = [round_[question.figure] for round_ in each]
        cells = [_number(statistics.median(figures)), _number(min(figures))]
        cells += [_number(answer.median(name, figure)) for figure in question.also]
        cells += [f"{answer.ratio(name, reference, question.figure):.2f}"] if reference else []
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [f"| {name} | {why} |{' |' * (len(heads) - 1)}" for name, why in answer.left_out.items()]
    lines.append("")
    for bar, reached in answer.judged():
        verdict = "not measured" if reached is None else f"{reached:.3g}: {'met' if bar.met(reached) else 'not met'}"
        lines.append(f"- {bar.contender}{f', {bar.figure}' if bar.figure else ''} {bar}: {verdict}")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
