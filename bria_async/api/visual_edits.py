"""Edits of registered images, each of which can go on from the result of another."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from bria_async import wire
from bria_async.types.jobs import GeneratedImages, ResultImage
from bria_async.types.visuals import (
    BackgroundType,
    Campaign,
    EitherResolution,
    Increase,
    ObjectRemoval,
    Resolution,
)

from .parameters import Wait


class VisualEdits(wire.Family):
    """Edits of a registered image; `sid`, which their results hold, takes one edit on to the next."""

    @wire.post("/v1/{visual_id}/background/blur", effect="billed", query=("scale", "sid", "desired_resolution"))
    async def blur_background(
        self,
        visual_id: str,
        *,
        scale: Annotated[int, wire.Range(1, 5)] | None = None,
        sid: str | None = None,
        desired_resolution: Resolution | None = None,
    ) -> ResultImage:
        """Blur the background. Billed: never sent again unasked.

        Args:
            visual_id: the image; `background_info` foretells how well it will turn out.
            scale: how much, 1 to 5, default 5.
            sid: of an earlier edit of this image, to go on from its result.
            desired_resolution: the size of the result.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post(
        "/v1/{visual_id}/background/remove",
        effect="billed",
        query=("sid", "desired_resolution", "original_quality"),
    )
    async def remove_background(
        self,
        visual_id: str,
        *,
        sid: str | None = None,
        desired_resolution: Resolution | None = None,
        original_quality: bool | None = None,
    ) -> ResultImage:
        """Remove the background. Billed: never sent again unasked.

        Args:
            visual_id: the image; `background_info` foretells how well it will turn out.
            sid: of an earlier edit of this image, to go on from its result.
            desired_resolution: the size of the result.
            original_quality: keep the quality of the original, which takes longer for large images.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/replace_bg", effect="billed")
    async def replace_background(
        self,
        visual_id: str,
        *,
        sid: str | None = None,
        desired_resolution: EitherResolution | None = None,
        bg_prompt: str | None = None,
        refine_prompt: bool | None = None,
        negative_prompt: str | None = None,
        num_results: int | None = None,
        fast: bool | None = None,
        seed: int | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Generate new backgrounds. Billed: never sent again unasked.

        Args:
            visual_id: the image; `background_info` foretells how well it will turn out.
            sid: of an earlier edit of this image, to go on from its result. The results of this one hold none.
            desired_resolution: the size of the results.
            bg_prompt: the new background in English words; a colour code makes it plain.
            refine_prompt: have the prompt improved first, which is recommended; default false.
            negative_prompt: what not to draw, in English.
            num_results: how many, default 4; more than 1 wants `sync=False`.
            fast: a little less quality, much sooner; default false.
            seed: draws the same again.
            sync: answer when the images are there; otherwise their addresses fill in later, see `jobs.wait`.
                Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 404, 405, 500, 506, 512. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/objects/remove", effect="billed", query=("desired_resolution", "original_quality"))
    async def remove_objects(
        self,
        visual_id: str,
        *,
        changes: Sequence[ObjectRemoval] | None = None,
        sid: str | None = None,
        enhance: bool | None = None,
        desired_resolution: EitherResolution | None = None,
        original_quality: bool | None = None,
    ) -> ResultImage:
        """Remove objects or areas. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            changes: what to remove: ids of objects (`objects_info`), or masks (`masks`, or drawn by somebody),
                or points, never mixed in one request. SEED 004 does not give the name of this array: `changes`
                is the best public knowledge.
            sid: of an earlier edit of this image, to go on from its result.
            enhance: true for the best result.
            desired_resolution: the size of the result.
            original_quality: keep the quality of the original; sent in the query, though the API takes it in the
                body too.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/create", effect="billed")
    async def modify_presenter(
        self,
        visual_id: str,
        *,
        changes: Sequence[Mapping[str, Any]] | None = None,
        sid: str | None = None,
        desired_resolution: EitherResolution | None = None,
    ) -> ResultImage:
        """Change persons. Billed: never sent again unasked.

        Args:
            visual_id: the image; `person_info` tells what can be changed, and how well it will turn out.
            changes: the changes, all those of one person in one request: a second request cannot take the
                `sid` of the first to change the same person further, but can to change another one. SEED 004
                gives neither the name of this array, of which `changes` is the best public knowledge, nor the
                fields of a change.
            sid: of an earlier edit of this image, to go on from its result.
            desired_resolution: the size of the result.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/crop", effect="billed", query=("sid",))
    async def crop(self, visual_id: str, *, sid: str | None = None, padding: int | None = None) -> ResultImage:
        """Crop an image without a background to what is left of it; others stay as they are. Billed: never sent
        again unasked.

        Args:
            visual_id: the image.
            sid: of the edit that removed the background, to crop its result.
            padding: what stays around it on all four sides, in pixels (the unit is not documented), default 0.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/image_expansion", effect="billed")
    async def expand(
        self,
        visual_id: str,
        *,
        canvas_size: Sequence[int] | None = None,
        original_image_size: Sequence[int] | None = None,
        original_image_location: Sequence[int] | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        seed: int | None = None,
        sid: str | None = None,
    ) -> ResultImage:
        """Generate what lies around an image. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            canvas_size: width and height of the result in pixels, an area of less than 5000x5000; default
                `[1000, 1000]`.
            original_image_size: width and height of the image within it, over 15% of its area.
            original_image_location: left and top of the image within it; what lies outside is cut off.
            prompt: what to draw, in English.
            negative_prompt: what not to draw, in English.
            seed: draws the same again.
            sid: of an earlier edit of this image, to go on from its result.

        Statuses: 400, 404, 405, 500, 506, 512. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/increase_resolution", effect="billed", query=("sid", "desired_increase"))
    async def increase_resolution(
        self, visual_id: str, *, sid: str | None = None, desired_increase: Increase | None = None
    ) -> ResultImage:
        """Enlarge an image. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            sid: of an earlier edit of this image, to go on from its result.
            desired_increase: by how much each side grows; the default is unknown.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/image_to_psd", effect="billed", query=("sid",))
    async def to_psd(self, visual_id: str, *, sid: str | None = None) -> ResultImage:
        """Make a PSD file of an image: layers for the background without objects, the foreground, and each
        object. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            sid: of an earlier edit of this image, to go on from its result.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/campaign_generator", effect="billed")
    async def generate_campaign(
        self,
        visual_id: str,
        *,
        sid: str | None = None,
        preset_id: str | None = None,
        template_id: str | None = None,
        layout_ids: Sequence[str] | None = None,
        logo: str | None = None,
        cta: str | None = None,
        header1_text: str | None = None,
        header1_font: str | None = None,
        header1_size: int | None = None,
        header1_color: Sequence[int] | None = None,
        header2_text: str | None = None,
        header2_font: str | None = None,
        header2_size: int | None = None,
        header2_color: Sequence[int] | None = None,
        seed: int | None = None,
        background_type: BackgroundType | None = None,
        bg_prompt: str | None = None,
        bg_seed: int | None = None,
        bg_color: str | None = None,
    ) -> Campaign:
        """Make ads of an image in several layouts. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            sid: of an earlier edit of this image, to go on from its result.
            preset_id: the brand whose logo, colours and fonts are used; a public one without it and them.
            template_id: from Bria. Either `template_id` or `layout_ids` is needed.
            layout_ids: from Bria.
            logo: the public address of an image, or an address inside Bria's S3.
            cta: an image that calls to act, by an address as for `logo`.
            header1_text: the first line.
            header1_font: the public address of a ttf file, or an address inside Bria's S3.
            header1_size: of the first line; the unit is unknown.
            header1_color: SEED 004 calls it integers in hex format; three values for red, green and blue are
                likely.
            header2_text: the second line.
            header2_font: as `header1_font`.
            header2_size: as `header1_size`.
            header2_color: as `header1_color`.
            seed: of the expansion, makes the same ad again.
            background_type: default `original`.
            bg_prompt: the background in English words, needed with `generated`.
            bg_seed: draws the same background again.
            bg_color: a hex code, needed with `solid`.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...
