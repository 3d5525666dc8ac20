"""Products: cutouts, packshots, shadows, and shots in a scene."""

from collections.abc import Sequence
from typing import Annotated, Any

from bria_async import wire
from bria_async.api.parameters import Image, ImageFile, Wait
from bria_async.types.common import (
    AspectRatio,
    BackgroundMode,
    ImageInput,
    ManualPlacement,
    OutputType,
    PlacementType,
)
from bria_async.types.jobs import GeneratedImages, ResultImage, Submission
from bria_async.types.products import Placed


class Products(wire.Family):
    """Images of products: cutouts, packshots, shadows, and shots in a scene.

    Images are jpeg, png or webp up to 12 MB. Where an operation takes `image_url` and `file`, `file` takes a path,
    bytes, base64 or an address. Results live for an hour (public pages; soft): download at once. Defaults named
    below are the server's and are not sent, except for `sync`.
    """

    @wire.post("/v1/product/cutout", effect="billed")
    async def cutout(
        self,
        *,
        sku: str | None = None,
        image_url: str | None = None,
        file: ImageFile | None = None,
        force_rmbg: bool | None = None,
        preserve_alpha: bool | None = None,
        content_moderation: bool | None = None,
    ) -> ResultImage:
        """Cut a product out of its image. Billed: never sent again unasked.

        Args:
            sku: the product's stock keeping unit.
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            force_rmbg: remove the background even where the image has transparency; default false.
            preserve_alpha: keep the transparency of the image; default true.
            content_moderation: refuse (422) what moderation stops, in the image and the result; default false.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 451 (unavailable for legal
        reasons), 460 (the image cannot be fetched), 500. Source: SEED 004, published spec.
        """
        ...

    @wire.post("/v1/product/packshot", effect="billed")
    async def packshot(
        self,
        *,
        sku: str | None = None,
        image_url: str | None = None,
        file: ImageFile | None = None,
        background_color: str | None = None,
        force_rmbg: bool | None = None,
        content_moderation: bool | None = None,
    ) -> ResultImage:
        """Place a product on a plain background, 2000x2000 pixels. Billed: never sent again unasked.

        Args:
            sku: the product's stock keeping unit.
            image_url: a public address of the product or its cutout; it wins over `file`.
            file: the same as a file, used when there is no address.
            background_color: a hex colour, or `transparent`; default `#FFFFFF`.
            force_rmbg: remove the background even where the image has transparency; default false.
            content_moderation: refuse (422) what moderation stops, in the image and the result; default false.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 451 (unavailable for legal
        reasons), 460 (the image cannot be fetched), 500. Source: SEED 004, published spec.
        """
        ...

    @wire.post("/v1/product/shadow", effect="billed")
    async def shadow(
        self,
        *,
        sku: str | None = None,
        image_url: str | None = None,
        file: ImageFile | None = None,
        type: str | None = None,
        background_color: str | None = None,
        shadow_color: str | None = None,
        shadow_offset: Sequence[int] | None = None,
        shadow_intensity: Annotated[int, wire.Range(0, 100)] | None = None,
        shadow_blur: int | None = None,
        shadow_width: int | None = None,
        shadow_height: int | None = None,
        force_rmbg: bool | None = None,
        preserve_alpha: bool | None = None,
        content_moderation: bool | None = None,
    ) -> ResultImage:
        """Give a cutout a shadow. Billed: never sent again unasked.

        Args:
            sku: the product's stock keeping unit.
            image_url: a public address of a cutout, with a transparent background; it wins over `file`.
            file: the same as a file, used when there is no address.
            type: `regular` or `float`, default `regular`.
            background_color: a hex colour; transparent when not given.
            shadow_color: a hex colour, default `#000000`.
            shadow_offset: x and y in pixels, default [0, 15].
            shadow_intensity: 0 to 100, default 60.
            shadow_blur: its unit, range and default are unknown.
            shadow_width: its unit and default are unknown.
            shadow_height: default 70, its unit is unknown.
            force_rmbg: remove the background even where the image has transparency; default false.
            preserve_alpha: keep the transparency of the image; default true.
            content_moderation: refuse (422) what moderation stops, in the image and the result; default false.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/lifestyle_shot_by_text", effect="billed")
    async def lifestyle_shot_by_text(
        self,
        *,
        sku: str | None = None,
        mode: BackgroundMode | None = None,
        fast: Annotated[bool, wire.Older("mode")] | None = None,
        image_url: str | None = None,
        file: ImageFile | None = None,
        scene_description: str | None = None,
        optimize_description: bool | None = None,
        num_results: int | None = None,
        exclude_elements: str | None = None,
        placement_type: PlacementType | None = None,
        original_quality: bool | None = None,
        aspect_ratio: AspectRatio | None = None,
        shot_size: Sequence[int] | None = None,
        foreground_image_size: Sequence[int] | None = None,
        foreground_image_location: Sequence[int] | None = None,
        manual_placement_selection: Sequence[ManualPlacement] | None = None,
        padding_values: Sequence[int] | None = None,
        force_rmbg: bool | None = None,
        content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Place a product in a scene told in words. Billed: never sent again unasked.

        Answers arrays `[url, seed, name]`, read as `GeneratedImage`; what moderation stopped comes as a text, read
        as `Blocked`.

        Args:
            sku: the product's stock keeping unit.
            mode: `base`, `high_control` or `fast`, default `fast`.
            fast: older name of `mode`, not beside it: whether it is fast; default false (SEED 004).
            image_url: a public address of the product; it wins over `file`.
            file: the same as a file, used when there is no address.
            scene_description: the scene, in English; a hex colour such as `#FF5733` makes it plain (public pages).
            optimize_description: adjust the description for a better result; default true (false in 2024).
            num_results: how many shots, default 4 (1 in 2024); `automatic` gives 10 places of each (SEED 004; 7 on
                public pages), `manual_placement` one for each place.
            exclude_elements: what the scene must not show, in English.
            placement_type: `original` leaves the product where it is (default `original`); `automatic` makes a shot
                for each recommended place, `manual_placement` one for each of `manual_placement_selection`;
                `manual_padding` puts `padding_values` around it; `custom_coordinates` takes `foreground_image_size`
                and `foreground_image_location`; `automatic_aspect_ratio` centres it on a canvas of `aspect_ratio`.
            original_quality: keep the size of the image, instead of about one megapixel, with `original`; default
                false.
            aspect_ratio: with `automatic_aspect_ratio`: that of the canvas.
            shot_size: width and height of the shot in pixels, best about 1,000,000 in all; default [1000, 1000];
                with `automatic`, `manual_placement` and `custom_coordinates`.
            foreground_image_size: with `custom_coordinates`: width and height of the product in pixels.
            foreground_image_location: with `custom_coordinates`: x and y of its upper left corner in pixels.
            manual_placement_selection: with `manual_placement`: the places, one shot for each; default
                `["upper_left"]`.
            padding_values: with `manual_padding`: pixels at top, bottom, left and right (SEED 004; public clients
                send left, right, top and bottom); default [0, 0, 0, 0]. Cut it out first, to know its size.
            force_rmbg: remove the background even where the image has transparency; default false.
            content_moderation: refuse (422) an image that moderation stops, and answer `Blocked` for such a result;
                default false.
            sync: wait for the images, for a single one only and never with `automatic`; otherwise their addresses
                fill in later, see `jobs.wait`. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 451 (unavailable for legal
        reasons), 460 (the image cannot be fetched), 500. Source: SEED 004, published spec, public pages.
        """
        ...

    @wire.post("/v1/product/lifestyle_shot_by_image", effect="billed")
    async def lifestyle_shot_by_image(
        self,
        *,
        sku: str | None = None,
        image_url: str | None = None,
        file: ImageFile | None = None,
        ref_image_urls: Sequence[str] | None = None,
        ref_image_file: Sequence[Annotated[ImageInput, wire.Image(address="ref_image_urls")]] | None = None,
        reference_image_file: Annotated[
            ImageInput, wire.Image(address="reference_image_url"), wire.Older("ref_image_file")
        ]
        | None = None,
        reference_image_url: Annotated[str, wire.Older("ref_image_urls")] | None = None,
        enhance_ref_image: bool | None = None,
        ref_image_influence: Annotated[float, wire.Range(0, 1)] | None = None,
        num_results: int | None = None,
        placement_type: PlacementType | None = None,
        original_quality: bool | None = None,
        aspect_ratio: AspectRatio | None = None,
        shot_size: Sequence[int] | None = None,
        foreground_image_size: Sequence[int] | None = None,
        foreground_image_location: Sequence[int] | None = None,
        manual_placement_selection: Sequence[ManualPlacement] | None = None,
        padding_values: Sequence[int] | None = None,
        force_rmbg: bool | None = None,
        content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Place a product in a scene like that of a reference image. Billed: never sent again unasked.

        Answers arrays `[url, seed, name]`, read as `GeneratedImage`; what moderation stopped comes as a text, read
        as `Blocked`.

        Args:
            sku: the product's stock keeping unit.
            image_url: a public address of the product; it wins over `file`.
            file: the same as a file, used when there is no address.
            ref_image_urls: public addresses of reference images; they win over `ref_image_file`.
            ref_image_file: reference images as files.
            reference_image_file: older name of `ref_image_file`, for one image, not beside it (SEED 004).
            reference_image_url: older name of `ref_image_urls`, for one address, not beside it (SEED 004).
            enhance_ref_image: adjust the reference for a better result; default true.
            ref_image_influence: 0 to 1, default 1: how closely the reference is followed.
            num_results: how many shots, default 4 (1 in 2024). 1 with `automatic`, which gives 10 (SEED 004; 7 on
                public pages), and with `manual_placement`, which gives one for each place.
            placement_type: `original` leaves the product where it is; `automatic` makes a shot for each recommended
                place, `manual_placement` one for each of `manual_placement_selection`; `manual_padding` puts
                `padding_values` around it; `custom_coordinates` takes `foreground_image_size` and
                `foreground_image_location`; `automatic_aspect_ratio` centres it on a canvas of `aspect_ratio`.
            original_quality: keep the size of the image, instead of about one megapixel, with `original`; default
                false.
            aspect_ratio: with `automatic_aspect_ratio`: that of the canvas.
            shot_size: width and height of the shot in pixels, best about 1,000,000 in all; default [1000, 1000];
                with `automatic`, `manual_placement` and `custom_coordinates`.
            foreground_image_size: with `custom_coordinates`: width and height of the product in pixels.
            foreground_image_location: with `custom_coordinates`: x and y of its upper left corner in pixels.
            manual_placement_selection: with `manual_placement`: the places, one shot for each; default
                `["upper_left"]`.
            padding_values: with `manual_padding`: pixels at top, bottom, left and right (SEED 004; public clients
                send left, right, top and bottom); default [0, 0, 0, 0]. Cut it out first, to know its size.
            force_rmbg: remove the background even where the image has transparency; default false.
            content_moderation: refuse (422) an image that moderation stops, and answer `Blocked` for such a result;
                default false.
            sync: wait for the images, for a single one only and never with `automatic`; otherwise their addresses
                fill in later, see `jobs.wait`. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 451 (unavailable for legal
        reasons), 460 (the image cannot be fetched), 500. Source: SEED 004, published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/product/cutout", effect="billed")
    async def cutout_v2(
        self,
        *,
        image: Image,
        sku: str | None = None,
        preserve_alpha: bool | None = None,
        force_background_detection: bool | None = None,
        output_type: OutputType | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_input_content_moderation_threshold: float | None = None,
        visual_output_content_moderation: bool | None = None,
        visual_output_content_moderation_threshold: float | None = None,
        webhook_url: str | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Cut a product out of its image, as a v2 job. Billed: never sent again unasked.

        Args:
            image: the image.
            sku: the product's stock keeping unit.
            preserve_alpha: keep the transparency of the image; default true.
            force_background_detection: find the background even where the image has transparency; default false.
            output_type: `png` or `jpeg`, default `png`.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default false.
            visual_input_content_moderation_threshold: how sure moderation must be, default 80; its range is
                unknown.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default false.
            visual_output_content_moderation_threshold: likewise for the result, default 80.
            webhook_url: an address that is told when the job is over.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/product/integrate", effect="billed")
    async def integrate(
        self,
        *,
        scene: Image,
        products: Annotated[Sequence[Placed], wire.Items(1, None)],
        seed: int | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Place products in a scene, each where it is told. Billed: never sent again unasked.

        Its answer is not published; it is read as that of any v2 job.

        Args:
            scene: the image of the scene.
            products: at least one product with its image and place; an image is an address, a path, bytes or
                base64.
            seed: makes the same again.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default true.
            wait: return only when the job is over.

        Statuses: none are published. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/products/consistent_shots", effect="billed")
    async def consistent_shots(self, **fields: Any) -> dict[str, Any]:
        """Place several products in one scene. Billed: never sent again unasked.

        Announced without a contract: any fields are sent as JSON as they are given, and the answer is the JSON
        that came.

        Statuses: none but success are published. Source: SEED 004, published spec.
        """
        ...

    @wire.post("/v1/product/contextual_keyword_extraction", effect="billed")
    async def contextual_keyword_extraction(self, **fields: Any) -> dict[str, Any]:
        """Name what an image shows, with the product first. Billed: never sent again unasked.

        Announced without a contract: any fields are sent as JSON as they are given, and the answer is the JSON
        that came.

        Statuses: none but success are published. Source: SEED 004, published spec.
        """
        ...
