"""What describes a visual identity: caption prefix, visual schema, structured prompt."""

import json
from typing import Any

import attrs

from .common import Value


@attrs.frozen(kw_only=True)
class CaptionPrefix(Value):
    """The prefix for the captions of a legacy dataset.

    The key is known from one public client only (`prefix`): where it is missing, the only text of the answer
    is it.
    """

    prefix: str

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Find the prefix under whatever key it came."""
        texts = [value for value in data.values() if isinstance(value, str)]
        return data if "prefix" in data or len(texts) != 1 else {**data, "prefix": texts[0]}


@attrs.frozen(kw_only=True)
class VisualSchema(Value):
    """What the images of a FIBO dataset share: JSON encoded as a text (SEED 001, published spec)."""

    visual_schema: str

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Take an object for the text that it should have been."""
        return _encoded(data, "visual_schema")

    def data(self) -> Any:
        """The schema as JSON values.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.visual_schema)


@attrs.frozen(kw_only=True)
class StructuredPrompt(Value):
    """A prompt, visual schema or caption of the FIBO family: JSON encoded as a text (published spec)."""

    structured_prompt: str

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Take an object for the text that it should have been."""
        return _encoded(data, "structured_prompt")

    def data(self) -> Any:
        """The prompt as JSON values.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.structured_prompt)


def _encoded(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {**data, name: json.dumps(data[name])} if isinstance(data.get(name), dict) else data
