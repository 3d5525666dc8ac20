"""Where the pages of a dashboard are, wherever it is mounted."""

from urllib.parse import quote

import attrs

from ..pages import Picture, Tile
from ..report import SAMPLE
from .cards import Card


@attrs.frozen
class Links:
    """Addresses below the one of the first page, which ends with a slash."""

    root: str

    def file(self, name: str) -> str:
        """A file that belongs to the pages."""
        return f"{self.root}static/{name}"

    def run(self, title: str, *below: object) -> str:
        """A run, or a batch, or something of it."""
        batch, _, name = title.rpartition("/")
        of_batch = f"{quote(batch, safe='')}/runs/" if batch else ""
        return "/".join([f"{self.root}runs/{of_batch}{quote(name, safe='')}", *map(str, below)])

    def image(self, title: str, tile: Tile, side: int) -> str:
        """A picture of an image; its address changes with what it shows."""
        return f"{self.run(title, 'images', tile.number, side)}?of={tile.image.sha256[:12]}"

    def sample(self, title: str, picture: Picture) -> str:
        """A picture of a sample."""
        return self.run(title, "samples", picture.number, SAMPLE)

    def collage(self, card: Card, number: int) -> str:
        """A picture of a card."""
        return f"{self.run(card.title, 'collage', number)}?of={card.samples}"

    @property
    def compare(self) -> str:
        """Samples side by side."""
        return f"{self.root}compare"

    @property
    def live(self) -> str:
        """What changes on the first page."""
        return f"{self.root}live"
