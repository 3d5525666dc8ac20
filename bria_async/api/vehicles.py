"""Vehicles: shots in a scene, masks of parts, reflections, tires, effects and light."""

from collections.abc import Sequence
from typing import Any

from bria_async import wire
from bria_async.api.parameters import ImageFile, Wait
from bria_async.types.common import AspectRatio, BackgroundMode, ManualPlacement, PlacementType
from bria_async.types.jobs import GeneratedImages
from bria_async.types.vehicles import ReflectionMasks, TireMasks, VehicleImage, VehicleParts


class Vehicles(wire.Family):
    """Images of vehicles: shots in a scene, masks of parts, reflections, tires, effects and light.

    Images are jpeg, png or webp up to 12 MB; `file` takes a path, bytes, base64 or an address. Results live for an
    hour (public pages; soft): download at once. Defaults named below are the server's and are not sent, except
    for `sync`.
    """

    @wire.post("/v1/product/vehicle/shot_by_text", effect="billed")
    async def shot_by_text(
        self,
        *,
        mode: BackgroundMode | None = None,
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
        """Place a vehicle in a scene told in words. Billed: never sent again unasked.

        Answers arrays `[url, seed, name]`, read as `GeneratedImage`; what moderation stopped comes as a text, read
        as `Blocked`.

        Args:
            mode: `base`, `high_control` or `fast`, default `high_control`.
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            scene_description: the scene, in English.
            optimize_description: adjust the description for a better result; default true.
            num_results: how many shots, default 4; `automatic` gives up to 7 places of each (a public client),
                `manual_placement` one for each place.
            exclude_elements: what the scene must not show, in English.
            placement_type: `original` leaves the vehicle where it is; `automatic` makes a shot for each recommended
                place, `manual_placement` one for each of `manual_placement_selection`; `manual_padding` puts
                `padding_values` around it; `custom_coordinates` takes `foreground_image_size` and
                `foreground_image_location`; `automatic_aspect_ratio` centres it on a canvas of `aspect_ratio`.
            original_quality: keep the size of the image, instead of about one megapixel, with `original`; default
                false.
            aspect_ratio: with `automatic_aspect_ratio`: that of the canvas.
            shot_size: width and height of the shot in pixels, best about 1,000,000 in all; default [1000, 1000];
                with `automatic`, `manual_placement` and `custom_coordinates`.
            foreground_image_size: with `custom_coordinates`: width and height of the vehicle in pixels.
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

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/vehicle/shot_by_image", effect="billed")
    async def shot_by_image(self, **fields: Any) -> dict[str, Any]:
        """Place a vehicle in a scene like that of a reference image. Billed: never sent again unasked.

        Announced without a contract: any fields are sent as JSON as they are given, and the answer is the JSON
        that came.

        Statuses: none are published. Source: published spec.
        """
        ...

    @wire.post("/v1/product/vehicle/segment", effect="billed")
    async def segment(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
    ) -> VehicleParts:
        """Mask the parts of a vehicle; `VehicleParts.found` has those that it shows. Billed: never sent again
        unasked.

        Args:
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/vehicle/generate_reflections", effect="billed")
    async def generate_reflections(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
        masks: ReflectionMasks | None = None,
        layers: bool | None = None,
        seed: int | None = None,
    ) -> VehicleImage:
        """Give a vehicle reflections on glass, paint and wheels. Billed: never sent again unasked.

        Args:
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            masks: where, by part, such as `VehicleParts.reflective` of `segment`.
            layers: answer each part's reflections as an image of its own too.
            seed: makes the same again.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/vehicle/refine_tires", effect="billed")
    async def refine_tires(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
        masks: TireMasks | None = None,
        layers: bool | None = None,
    ) -> VehicleImage:
        """Draw the tires of a vehicle anew, to fit the ground under them. Billed: never sent again unasked.

        Args:
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            masks: where the tires are, such as `{"tires": parts.found["tires"]}` with the parts of `segment`.
            layers: answer the tires as an image of their own too.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/vehicle/apply_effect", effect="billed")
    async def apply_effect(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
        effect: str | None = None,
        layers: bool | None = None,
        seed: int | None = None,
    ) -> VehicleImage:
        """Lay an effect over the image of a vehicle. Billed: never sent again unasked.

        Args:
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            effect: `dust`, `snow`, `fog`, `light leaks` or `lens flare` (public pages).
            layers: answer the effect as an image of its own; default false.
            seed: makes the same again.

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v1/product/vehicle/harmonize", effect="billed")
    async def harmonize(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
        preset: str | None = None,
    ) -> VehicleImage:
        """Give vehicle and surroundings one light. Billed: never sent again unasked.

        Args:
            image_url: a public address of the image; it wins over `file`.
            file: the same as a file, used when there is no address.
            preset: `warm-day`, `cold-day`, `warm-night` or `cold-night` (a public client; another one writes `hot`
                for `warm`).

        Statuses: 400, 401, 403, 404 (no image at the address), 413, 415, 422, 429, 460 (the image cannot be
        fetched), 500. Source: published spec, public clients.
        """
        ...
