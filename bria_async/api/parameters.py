"""Parameters that many operations share, each with what is documented of it."""

from typing import Annotated

from bria_async import wire
from bria_async.types.common import ImageInput

Image = Annotated[ImageInput, wire.Image()]
"""jpeg, png or webp up to 12 MB (SEED 000, SEED 004, published spec): a path, bytes, base64, or a public address."""

Base64Image = Annotated[ImageInput, wire.Image(address=False)]
"""As `Image`, where the API takes no address."""

ImageFile = Annotated[ImageInput, wire.Image(address="image_url")]
"""As `Image`; an address is sent as `image_url`, the parameter beside it."""

Wait = Annotated[bool | wire.Polling, wire.Own()]
"""Return only when the job is over, looking at these intervals (`True`: the usual ones)."""
