"""Words about images: captions, prefixes, schemas, all deterministic and from what the pixels show."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bria_async.sim.entities import Family, Look, Project
from bria_async.sim.parsing import parsed


def caption(look: Look, family: Family) -> str:
    """A caption: legacy text goes on from the dataset's prefix, FIBO's is a JSON object as a string."""
    if family == "legacy":
        return f"in {_colours(look)} colours, {look.light}, in a {look.shape} frame"
    return json.dumps(
        {
            "short_description": f"A {look.shape} image in {_colours(look)}.",
            "lighting": {"conditions": look.light},
            "aesthetics": {"color_scheme": _colours(look), "composition": look.shape},
        }
    )


def default_prefix(project: Project | None, style_description: str | None = None) -> str:
    """The prefix a legacy dataset starts with (SEED 002: created automatically)."""
    if project is None:
        return f"{style_description or 'An illustration'},"
    return _subject(project.ip_type, project.ip_medium, project.ip_name, project.ip_description)


def prefix(looks: Sequence[Look], ip_type: str, ip_medium: str, ip_name: str) -> str:
    """A caption prefix from sample images."""
    return f"{_subject(ip_type, ip_medium, ip_name, '')} in {_palette(looks)},"


def _subject(ip_type: str, ip_medium: str, ip_name: str, ip_description: str) -> str:
    kind = "A photo" if ip_medium == "photography" else "An illustration"
    if ip_type == "defined_character":
        named = " ".join(["a character", *(["named", ip_name] if ip_name else [])])
        return f"{kind} of {named}," + (f" {ip_description}," if ip_description else "")
    return f"{kind} of {ip_description or ip_type.replace('_', ' ')},"


def visual_schema(looks: Sequence[Look]) -> str:
    """What sample images have in common, JSON encoded as a string."""
    return json.dumps(
        {
            "style": {"color_palette": _palette(looks), "lighting": _most(look.light for look in looks)},
            "composition": {"framing": _most(look.shape for look in looks)},
            "sampled_images": len(looks),
        }
    )


def structured_prompt(prompt: str, schema: str | None, given: str | None = None) -> str:
    """A structured prompt for one generation, JSON encoded as a string; `given` is one to refine."""
    made: dict[str, Any] = _object(given) or {"visual_schema": _object(schema)}
    if prompt:
        made["short_description"] = prompt
    return json.dumps(made)


def structured_instruction(instruction: str, given: str | None = None) -> str:
    """A structured instruction for an edit, JSON encoded as a string; `given` is one to go on from."""
    made = _object(given)
    return json.dumps(made | {"instruction": instruction} if instruction or not made else made)


def merged(before: str, adjusted: str) -> str:
    """A structured prompt with the adjustments of another; one that is no JSON object counts as its text."""
    return json.dumps(_object(before) | (_object(adjusted) or {"text": adjusted}))


def refine(structured: str, instruction: str, looks: Sequence[Look]) -> str:
    """A structured prompt with an instruction worked in; what is not a JSON object is kept as its text."""
    made = _object(structured) or {"text": structured}
    before = made.get("instructions")
    made["instructions"] = [*(before if isinstance(before, list) else []), instruction]
    if looks:
        made["context_palette"] = _palette(looks)
    return json.dumps(made)


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = parsed(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _colours(look: Look) -> str:
    return " and ".join(look.colours) or "unseen"


def _palette(looks: Sequence[Look]) -> str:
    counted = Counter(colour for look in looks for colour in look.colours)
    return ", ".join(sorted(counted, key=lambda colour: (-counted[colour], colour))[:4]) or "unseen colours"


def _most(words: Iterable[str]) -> str:
    counted = Counter(words)
    return min(counted, key=lambda word: (-counted[word], word))
