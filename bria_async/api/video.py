"""Video: edits and masks of videos, and uploading the files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from bria_async import wire
from bria_async.errors import InvalidParameter
from bria_async.transport.files import look_at
from bria_async.types.jobs import Submission
from bria_async.types.video import (
    LARGEST_UPLOAD,
    BackgroundColor,
    ContainerAndCodec,
    GreenShade,
    KeyPoint,
    VideoUpload,
)

from .parameters import Wait

_EBML = b"\x1a\x45\xdf\xa3"
"""How Matroska begins, and WebM, which is a kind of it."""
_BY_EXTENSION = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".gif": "image/gif",
}


class Video(wire.Family):
    """Edits and masks of videos up to 60 s and 16K, and uploads of video files.

    All parameters that take a video, mask or picture take a public address; `upload_file` makes one of a file.
    Jobs take minutes, and a wait ends after ten by default: `wait=Polling(timeout=3600)` gives
    them an hour. Results are in `JobResult.video_url`, masks in `JobResult.mask_url`; they do not expire (public
    pages; soft).
    """

    @wire.post("/v2/video/upload", effect="safe")
    async def upload(self, *, media_type: str | None = None) -> VideoUpload:
        """Get an address that takes a video file; `upload_file` does that and sends the file.

        The file goes there as a form, the fields first and the file last, without the token, and is answered
        204; up to 1 GB.

        Args:
            media_type: of the file, such as `video/mp4`; without it any `video/` type is taken (public pages).

        Statuses: 400, 401, 403, 422, 429, 500. Source: a public client, public pages.
        """
        ...

    async def upload_file(self, path: str | Path, *, media_type: str | None = None) -> str:
        """Upload a video file, streamed and never held whole, and return the address that edits take.

        The file lives there for 1 day (public pages).

        Args:
            path: the file, up to 1 GB.
            media_type: of the file; read from its first bytes or its extension when not given.

        Raises:
            InvalidParameter: it is larger than 1 GB (only when strict); nothing was sent.
            ImageError: it cannot be read, or changed while it was sent.
            UploadFailed: the address did not take it.
        """
        client = self._client
        file, head = await client.host.in_thread(look_at, Path(path))
        if client.strict and file.size > LARGEST_UPLOAD:
            problem = f"{path} has {file.size:,} bytes, more than the {LARGEST_UPLOAD:,} allowed"
            raise InvalidParameter(problem, "video.upload")
        kind = media_type or video_type(head, file.path.suffix.lower())
        place = await self.upload(media_type=kind)
        await client.post_file(
            place.upload_url,
            file.path,
            fields=place.upload_fields,
            content_type=kind or "application/octet-stream",
        )
        return place.file_url

    @wire.post("/v2/video/edit/erase", effect="billed")
    async def erase(
        self,
        *,
        video: str,
        mask: str,
        preserve_audio: bool | None = None,
        auto_trim: bool | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Erase what a mask covers from a video. Billed: never sent again unasked.

        Args:
            video: a public address.
            mask: the address of a mask video, such as `mask_by_prompt` makes.
            preserve_audio: keep the sound; default true.
            auto_trim: cut a video that is too long instead of refusing it (up to 5 s: public pages); default
                false.
            output_container_and_codec: default `mp4_h264`.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 415, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/edit/green_screen", effect="billed")
    async def green_screen(
        self,
        *,
        video: str,
        green_shade: GreenShade | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        preserve_audio: bool | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Put a plain colour behind the foreground of a video. Billed: never sent again unasked.

        Args:
            video: a public address.
            green_shade: the colour; default `broadcast_green`.
            output_container_and_codec: default `webm_vp9`.
            preserve_audio: keep the sound; default true.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 413, 415, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/edit/increase_resolution", effect="billed")
    async def increase_resolution(
        self,
        *,
        video: str,
        desired_increase: Literal[2, 4] | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        preserve_audio: bool | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Enlarge a video. Billed: never sent again unasked.

        Args:
            video: a public address.
            desired_increase: by how much each side grows; default 2.
            output_container_and_codec: default `mp4_h264`.
            preserve_audio: keep the sound; default true.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 415, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/edit/remove_background", effect="billed")
    async def remove_background(
        self,
        *,
        video: str,
        background_color: BackgroundColor | None = None,
        auto_zoom: bool | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        preserve_audio: bool | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Remove the background of a video. Billed: never sent again unasked.

        Args:
            video: a public address.
            background_color: what is behind then; default `Black`. `Transparent` needs a container that has an
                alpha channel, which the default has not.
            auto_zoom: zoom in on the foreground; default false.
            output_container_and_codec: default `mp4_h264`.
            preserve_audio: keep the sound; default true.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 413, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/edit/replace_background", effect="billed")
    async def replace_background(
        self,
        *,
        video: str,
        background_url: str,
        output_container_and_codec: ContainerAndCodec | None = None,
        preserve_audio: bool | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Put something else behind the foreground of a video. Billed: never sent again unasked.

        Args:
            video: a public address.
            background_url: the public address of the new background; whether it may be a video is unknown.
            output_container_and_codec: default `webm_vp9`.
            preserve_audio: keep the sound; default true.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 413, 415, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/generate/foreground_mask", effect="billed")
    async def foreground_mask(
        self,
        *,
        video: str,
        output_container_and_codec: ContainerAndCodec | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Make a mask video of the foreground. Billed: never sent again unasked.

        Args:
            video: a public address.
            output_container_and_codec: default `mp4_h264`.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 413, 415, 422, 429, 500. Source: published spec.
        """
        ...

    @wire.post("/v2/video/segment/mask_by_key_points", effect="billed")
    async def mask_by_key_points(
        self,
        *,
        video: str,
        key_points: Sequence[KeyPoint],
        frame_index: int | None = None,
        auto_trim: bool | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Make a mask video of what points in one frame show. Billed: never sent again unasked.

        Args:
            video: a public address, up to 5 s and 750 lines (public pages).
            key_points: points that lie on it (`positive`) and beside it (`negative`).
            frame_index: the frame that they lie in; the default is unknown.
            auto_trim: cut a video that is too long instead of refusing it; default false.
            output_container_and_codec: default `mp4_h264`.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 415, 422, 429, 500. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/video/segment/mask_by_prompt", effect="billed")
    async def mask_by_prompt(
        self,
        *,
        video: str,
        prompt: str,
        auto_trim: bool | None = None,
        output_container_and_codec: ContainerAndCodec | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Make a mask video of what words name. Billed: never sent again unasked.

        Args:
            video: a public address; limits as in `mask_by_key_points` are likely, and not documented.
            prompt: what the mask covers.
            auto_trim: cut a video that is too long instead of refusing it; default false.
            output_container_and_codec: default `mp4_h264`.
            webhook_url: is called when the job is over.
            wait: return only when the job is over; `Polling(timeout=3600)` gives it an hour.

        Statuses: 400, 403, 405, 415, 422, 429, 500. Source: published spec.
        """
        ...


def video_type(head: bytes, extension: str) -> str | None:
    """The media type of a file with these first bytes, and this extension where they leave it open."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head.startswith(_EBML):
        return "video/webm" if extension == ".webm" else "video/x-matroska"
    if head.startswith(b"GIF8"):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    return _BY_EXTENSION.get(extension)
