"""Visuals: registered images, what they show, and their masks (SEED 004)."""

from pathlib import Path
from typing import Annotated

from bria_async import wire
from bria_async.images.masks import keep_archive, make_folder, read_masks, save_masks
from bria_async.types.common import ImageInput
from bria_async.types.jobs import GeneratedImages, ResultImage
from bria_async.types.visuals import (
    BackgroundInfo,
    Captions,
    Increase,
    MaskArchive,
    Masks,
    ObjectInfo,
    PersonInfo,
    Visual,
    VisualInfo,
)

from .parameters import ImageFile, Wait
from .visual_edits import VisualEdits

FormImage = Annotated[ImageInput, wire.Image(address="image_url", binary=True)]
"""The file part of a form: a path or bytes; an address is sent as `image_url`."""


class Visuals(VisualEdits):
    """Images under a visual id: registered once, then looked at and edited; and three edits without one.

    An edit answers a `sid` beside its result. Handed to the next edit of the same visual it goes on from that
    result; without it every edit begins with the registered image:

        cut = await bria.visuals.remove_background(visual_id)
        close = await bria.visuals.crop(visual_id, sid=cut.sid)
    """

    @wire.post("/v1/register", effect="safe", marks={208: "already_registered"})
    async def register(
        self,
        *,
        image_url: str | None = None,
        org_image_key: str | None = None,
        is_private: Annotated[bool | str, wire.AsText()] | None = None,
    ) -> Visual:
        """Register an image, and get the visual id that everything else takes; `onboard` also waits until it can
        be looked at.

        Registering an image again is harmless: it answers the same id, `already_registered`.

        Args:
            image_url: a public address of a jpeg or png (RGB, RGBA or CMYK) up to 12 MB. One of `image_url` and
                `org_image_key` is needed; of both, the key is saved and not used.
            org_image_key: your own id of the image, which Bria fetches by if it was told how to.
            is_private: true for the gallery of the organisation alone, false for the public one as well; sent as
                a text, default `true`.

        Statuses: 208 (registered before), 400, 405, 413, 415, 460 (the address cannot be fetched), 500, 506.
        Source: SEED 004, published spec.
        """
        ...

    async def onboard(
        self,
        *,
        image_url: str | None = None,
        org_image_key: str | None = None,
        is_private: bool | str | None = None,
        polling: wire.Polling | None = None,
    ) -> str:
        """Register an image, wait until it is onboarded, and return its visual id.

        Arguments as in `register`; `polling` has the intervals and the deadline of the wait.

        Raises:
            StillOnboarding: the deadline passed; registering it again is harmless.
        """
        visual = await self.register(image_url=image_url, org_image_key=org_image_key, is_private=is_private)
        await self.info(visual.visual_id, wait=polling or True)
        return visual.visual_id

    @wire.post("/v1/{visual_id}/remove_image", effect="safe")
    async def remove(self, visual_id: str) -> None:
        """Take an image out of the organisation's gallery; Bria keeps it.

        Statuses: 400, 405, 460, 500, 506. Source: SEED 004, published spec.
        """
        ...

    @wire.get("/v1/{visual_id}/info")
    async def info(self, visual_id: str, *, lean: bool | None = None, wait: Wait = False) -> VisualInfo:
        """What an image shows: a description, and every element with what can be done to it.

        Args:
            visual_id: the image.
            lean: only the description and the sides; default false.
            wait: ask again while the image is still being onboarded.

        Statuses: 205 (still being onboarded: `StillOnboarding`, or asked again with `wait`), 400, 404, 405, 500,
            506. Source: SEED 004.
        """
        ...

    @wire.get("/v1/{visual_id}/background/info")
    async def background_info(self, visual_id: str, *, wait: Wait = False) -> BackgroundInfo:
        """What can be done to the background, sooner than `info` tells.

        Statuses: 205 (still being onboarded: `StillOnboarding`, or asked again with `wait`), 400, 404, 405, 500,
            506. Source: SEED 004.
        """
        ...

    @wire.get("/v1/{visual_id}/objects/info")
    async def objects_info(self, visual_id: str, *, wait: Wait = False) -> tuple[ObjectInfo, ...]:
        """The objects of an image and what can be done to them, sooner than `info` tells.

        Statuses: 205 (still being onboarded: `StillOnboarding`, or asked again with `wait`), 400, 404, 405, 500,
            506. Source: SEED 004.
        """
        ...

    @wire.get("/v1/{visual_id}/person/info")
    async def person_info(self, visual_id: str, *, wait: Wait = False) -> tuple[PersonInfo, ...]:
        """The persons in an image and what can be changed about them, sooner than `info` tells.

        Statuses: 205 (still being onboarded: `StillOnboarding`, or asked again with `wait`), 400, 404, 405, 500,
            506. Source: SEED 004.
        """
        ...

    @wire.get("/v1/{visual_id}/caption")
    async def caption(self, visual_id: str) -> Captions:
        """Describe a registered image; `search.caption` takes any other.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/{visual_id}/objects/mask_generator", effect="billed")
    async def generate_masks(self, visual_id: str) -> MaskArchive:
        """Make a mask of everything in an image, as a zip or its address; `masks` opens it. Billed: never sent
        again unasked.

        Statuses: 400, 404, 405, 500, 506. Source: SEED 004.
        """
        ...

    async def masks(self, visual_id: str, *, to: str | Path | None = None) -> Masks:
        """Make a mask of everything in an image, by mask id. Billed: never sent again unasked.

        Args:
            visual_id: the image.
            to: a folder that the masks are also written to, as `{visual_id}_{mask_id}.png`; made before
                anything is sent, unless it is there.

        Raises:
            Unreadable: the answer is no zip of masks, or none that is safe to open; no mask was written.
            DownloadFailed: the zip cannot be fetched, or a file or the folder cannot be written. As with any
                error after the masks were made, a note says where their zip is.
        """
        host = self._client.host
        folder = None if to is None else Path(to)
        if folder is not None:
            await host.in_thread(make_folder, folder)
        archive = await self.generate_masks(visual_id)
        try:
            content = archive.content or (await self._client.fetch(archive.url) if archive.url else b"")
            found = await host.in_thread(read_masks, content, visual_id)
            if folder is not None:
                await host.in_thread(save_masks, found, folder)
        except BaseException as error:
            if where := archive.url or (archive.content and keep_archive(archive.content, folder)):
                error.add_note(f"The masks were made, and need not be paid again: their zip is at {where}")
            raise
        return found

    @wire.post("/v1/background/remove", effect="billed", form=True)
    async def remove_background_isolated(
        self, *, file: FormImage | None = None, image_url: str | None = None
    ) -> ResultImage:
        """Remove the background of an image that is not registered. Billed: never sent again unasked.

        Args:
            file: a jpeg or png (RGB, RGBA or CMYK), sent as a form.
            image_url: a public address; of both this one is used.

        Statuses: 206 (the file has no value: `FileMissing`), 400 (there is no file at all), 405, 415, 460 (the
            address cannot be fetched), 500, 506. Source: SEED 004.
        """
        ...

    @wire.post("/v1/background/replace", effect="billed")
    async def replace_background_isolated(
        self,
        *,
        image_url: str | None = None,
        file: ImageFile | None = None,
        bg_prompt: str | None = None,
        refine_prompt: bool | None = None,
        negative_prompt: str | None = None,
        num_results: int | None = None,
        fast: bool | None = None,
        seed: int | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Generate new backgrounds for an image that is not registered. Billed: never sent again unasked.

        Args:
            image_url: a public address; of both this one is used.
            file: the image itself.
            bg_prompt: the new background in English words; a colour code makes it plain.
            refine_prompt: have the prompt improved first, which is recommended; default false.
            negative_prompt: what not to draw, in English.
            num_results: how many, default 1; more than 1 wants `sync=False`.
            fast: a little less quality, much sooner; default false.
            seed: draws the same again.
            sync: answer when the images are there; otherwise their addresses fill in later, see `jobs.wait`.
                Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 404 (no image at the address), 413 (beyond 12 MB), 415, 451, 460 (the address cannot
            be fetched), 500. Source: SEED 004.
        """
        ...

    @wire.post("/v1/image/increase_resolution", effect="billed", form=True, query=("desired_increase",))
    async def increase_resolution_isolated(
        self,
        *,
        desired_increase: Increase | None = None,
        file: FormImage | None = None,
        image_url: str | None = None,
    ) -> ResultImage:
        """Enlarge an image that is not registered. Billed: never sent again unasked.

        Args:
            desired_increase: by how much each side grows, to an area of at most 8192x8192; the default is
                unknown.
            file: a jpeg or png (RGB, RGBA or CMYK), at least 216 pixels a side, sent as a form.
            image_url: a public address; of both this one is used.

        Statuses: 400, 405, 415, 460 (the address cannot be fetched), 500, 506. Source: SEED 004.
        """
        ...
