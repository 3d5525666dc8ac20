"""Editing of backgrounds: what lies behind the subject of an image, or the subject itself."""

from typing import Annotated

from bria_async import wire
from bria_async.api.parameters import Image, Wait
from bria_async.types.common import BackgroundMode
from bria_async.types.jobs import Submission


class BackgroundEditing:
    """Edits that tell the subject of an image from its background."""

    @wire.post("/v2/image/edit/blur_background", effect="billed")
    async def blur_background(
        self,
        *,
        image: Image,
        scale: Annotated[int, wire.Range(1, 5)] | None = None,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Blur what lies behind the subject. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            scale: how much, 1 to 5, default 5.
            preserve_alpha: keep the transparency of the image; default true.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/crop_foreground", effect="billed")
    async def crop_foreground(
        self,
        *,
        image: Image,
        padding: int | None = None,
        force_background_detection: bool | None = None,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Remove the background and crop to what remains. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            padding: pixels left on all four sides; default 0.
            force_background_detection: find the background even where the image has transparency; default false.
            preserve_alpha: keep the transparency of the image; default true.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/erase_foreground", effect="billed")
    async def erase_foreground(
        self,
        *,
        image: Image,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Remove the subject and draw the background in its place. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            preserve_alpha: keep the transparency of the image; default true.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/remove_background", effect="billed")
    async def remove_background(
        self,
        *,
        image: Image,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Make the background transparent. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            preserve_alpha: keep the transparency of the image; default true.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/replace_background", effect="billed")
    async def replace_background(
        self,
        *,
        image: Image,
        mode: BackgroundMode | None = None,
        ref_images: Image | None = None,
        enhance_ref_images: bool | None = None,
        prompt: str | None = None,
        refine_prompt: bool | None = None,
        prompt_content_moderation: bool | None = None,
        negative_prompt: str | None = None,
        original_quality: bool | None = None,
        force_background_detection: bool | None = None,
        webhook_url: str | None = None,
        visual_output_content_moderation: bool | None = None,
        seed: int | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Put another background behind the subject. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            mode: `base`, `high_control` or `fast`, default `high_control`; for backgrounds from words.
            ref_images: an image that the background follows; either this or `prompt`. Some pages tell of an array of
                several; the published spec does not.
            enhance_ref_images: adjust the reference for a better result; default true.
            prompt: the new background in English, or a colour such as `#FF5733`.
            refine_prompt: adjust the prompt for a better result, which tells it as `refined_prompt`; default true.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            negative_prompt: what not to draw.
            original_quality: keep the size of the image, instead of about one megapixel; default false.
            force_background_detection: find the background even where the image has transparency; default false.
            webhook_url: an address that is told when the job is over.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            seed: makes the same again.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec, public pages.
        """
        ...
