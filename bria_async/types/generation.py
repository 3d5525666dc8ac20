"""What generation takes: words of its parameters."""

from typing import Literal

Megapixels = Literal["1MP", "4MP"]
"""The size of a FIBO image (published spec)."""

Fibo = Literal["FIBO"]
"""The only model version of v2 generation (published spec)."""
