"""Editing: an image in, an image out."""

from collections.abc import Sequence

from bria_async import wire
from bria_async.api.editing_backgrounds import BackgroundEditing
from bria_async.api.editing_instructions import InstructedEditing
from bria_async.api.parameters import Image, Wait
from bria_async.types.editing import MaskType
from bria_async.types.jobs import Submission


class Editing(BackgroundEditing, InstructedEditing, wire.Family):
    """Edits of one image: told in words, of its background, under a mask, of its size.

    Every edit is a v2 job. Images and masks are jpeg, png or webp up to 12 MB. Defaults named below are the
    server's and are not sent, except for `sync`.
    """

    @wire.post("/v2/image/edit/enhance", effect="billed")
    async def enhance(
        self,
        *,
        image: Image,
        seed: int | None = None,
        preserve_alpha: bool | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Add richness and detail to an image. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            seed: makes the same again.
            preserve_alpha: keep the transparency of the image; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/erase", effect="billed")
    async def erase(
        self,
        *,
        image: Image,
        mask: Image,
        mask_type: MaskType | None = None,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Erase what a mask covers. Billed: never sent again unasked.

        The result has the size of the image, and what the mask does not cover stays as it is.

        Args:
            image: the image to edit.
            mask: white (255) where to change, black (0) where to keep; its aspect ratio is the image's.
            mask_type: `manual` for a mask that a person drew, `automatic` for one that was generated; default
                `manual`.
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

    @wire.post("/v2/image/edit/expand", effect="billed")
    async def expand(
        self,
        *,
        image: Image,
        aspect_ratio: str | float | None = None,
        canvas_size: Sequence[int] | None = None,
        original_image_size: Sequence[int] | None = None,
        original_image_location: Sequence[int] | None = None,
        prompt: str | None = None,
        prompt_content_moderation: bool | None = None,
        seed: int | None = None,
        negative_prompt: str | None = None,
        preserve_alpha: bool | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Draw more around an image. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            aspect_ratio: of the result: a text such as `16:9`, or a number, whose range is unknown; the image is
                put into the middle. Or give size and location.
            canvas_size: width and height of the result in pixels, default [1000, 1000]; up to 5000x5000 in area.
            original_image_size: width and height of the image on the canvas in pixels; the subject best covers more
                than 15% of it.
            original_image_location: x and y of the image's upper left corner on the canvas in pixels; what lies
                outside the canvas is cut off.
            prompt: what to draw, in English; the server finds one when none is given.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            seed: makes the same again.
            negative_prompt: what not to draw.
            preserve_alpha: keep the transparency of the image; default true.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422 (also where an edge of the image is
        transparent), 429, 460 (the image cannot be fetched), 500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/gen_fill", effect="billed")
    async def gen_fill(
        self,
        *,
        image: Image,
        mask: Image,
        prompt: str,
        refine_prompt: bool | None = None,
        prompt_content_moderation: bool | None = None,
        negative_prompt: str | None = None,
        preserve_alpha: bool | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Draw what is told where a mask covers the image. Billed: never sent again unasked.

        The result has the size of the image, and what the mask does not cover stays as it is. Masks best have the
        shape of blobs.

        Args:
            image: the image to edit.
            mask: white (255) where to change, black (0) where to keep; its aspect ratio is the image's.
            prompt: what to draw, in English.
            refine_prompt: adjust the prompt for a better result; default true.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            negative_prompt: what not to draw.
            preserve_alpha: keep the transparency of the image; default true.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/increase_resolution", effect="billed")
    async def increase_resolution(
        self,
        *,
        image: Image,
        preserve_alpha: bool | None = None,
        desired_increase: int | None = None,
        webhook_url: str | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Enlarge an image without drawing it anew. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            preserve_alpha: keep the transparency of the image; default true.
            desired_increase: how many times each side: 2 or 4, default 2; up to 8192x8192 in area.
            webhook_url: an address that is told when the job is over.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 415, 422, 429, 460 (the image cannot be fetched),
        500 and above. Source: published spec, public pages.
        """
        ...
