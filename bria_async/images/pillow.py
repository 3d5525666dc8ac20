"""The one door to Pillow, which is an extra of the package and no dependency."""

from bria_async.errors import MissingExtra

try:
    from PIL import ExifTags, Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageStat
    from PIL.ImageFile import ImageFile as Decoder
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile
except ModuleNotFoundError as missing:
    raise MissingExtra('Images need Pillow: pip install "bria-async[images]"') from missing

__all__ = [
    "Decoder",
    "ExifTags",
    "Image",
    "ImageChops",
    "ImageColor",
    "ImageDraw",
    "ImageFilter",
    "ImageStat",
    "JpegImageFile",
    "PngImageFile",
    "WebPImageFile",
]
