"""Ads: many formats of one message, made from a template."""

from collections.abc import Sequence

from bria_async import wire
from bria_async.types.ads import AdElement, AdTemplate, AdTemplateDetails, Brand, GeneratedAds, SmartImage
from bria_async.types.common import Id

from .parameters import Wait


class Ads(wire.Family):
    """Ads of many sizes made from a template and a brand.

    Public templates and brands go with each other only, and not with those of an organisation (public pages).
    """

    @wire.get("/v1/ads/brands")
    async def list_brands(self) -> tuple[Brand, ...]:
        """All brands of the organisation.

        Statuses: 401. Source: published spec.
        """
        ...

    @wire.post("/v1/ads/generate", effect="billed")
    async def generate(
        self,
        *,
        template_id: str | None = None,
        brand_id: str | None = None,
        smart_image: SmartImage | None = None,
        elements: Sequence[AdElement] | None = None,
        content_moderation: bool | None = None,
        wait: Wait = False,
    ) -> GeneratedAds:
        """Make one ad of every scene of a template. Billed: never sent again unasked.

        Answers at once with addresses that fill in later, see `jobs.wait` (public pages); how long that takes is
        unknown.

        Args:
            template_id: from `list_templates`, as a text.
            brand_id: from `list_brands`, as a text; some templates need one (public pages).
            smart_image: the image that the ads are built around, as an address, and its scene.
            elements: what layers of the template show instead of their own content.
            content_moderation: refuse (422) what moderation stops; default false.
            wait: return only when the ads are there.

        Statuses: 400, 401, 403, 422, 500. Source: published spec, public pages.
        """
        ...

    @wire.get("/v1/ads/templates")
    async def list_templates(self) -> tuple[AdTemplate, ...]:
        """All templates of the organisation.

        Statuses: 401. Source: published spec.
        """
        ...

    @wire.get("/v1/ads/templates/{template_id}")
    async def get_template(self, template_id: Id) -> AdTemplateDetails:
        """The sizes of the ads that a template makes.

        Statuses: 401, 404. Source: published spec.
        """
        ...
