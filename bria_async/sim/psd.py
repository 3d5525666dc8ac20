"""Pictures as Photoshop files: the published format with one flat composite, uncompressed."""

import struct

from bria_async.sim.pillow import Image

LONGEST_SIDE = 30_000
"""Of the format, in pixels."""
_RGB_MODE, _DEPTH, _RAW = 3, 8, 0
_NO_SECTION = struct.pack(">I", 0)


def encoded(picture: Image.Image) -> bytes:
    """A picture of at most `LONGEST_SIDE` pixels a side as a PSD file, transparency included."""
    full = picture if picture.mode in {"RGB", "RGBA"} else picture.convert("RGB")
    channels = full.split()
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(channels), full.height, full.width, _DEPTH, _RGB_MODE)
    planes = b"".join(channel.tobytes() for channel in channels)
    colours = resources = layers = _NO_SECTION
    return header + colours + resources + layers + struct.pack(">H", _RAW) + planes
