"""Attribution: reports of what was made, so that the owners of the training data are paid."""

from collections.abc import Sequence

from bria_async import wire
from bria_async.types.attribution import ModelVersion, VideoModel
from bria_async.types.jobs import Submission

from .parameters import Image, Wait


class Attribution(wire.Family):
    """Reports of images and videos that were made elsewhere, which decide who is paid for them.

    A report leaves nothing that could be found, and counts each time. What the result of its job holds is
    unknown: `JobResult.raw` has it.
    """

    @wire.post("/v2/image/attribution/by_image", effect="billed")
    async def by_image(self, *, image: Image, model_version: ModelVersion, wait: Wait = False) -> Submission:
        """Report an image. Billed: never sent again unasked.

        Args:
            image: the image as base64; whether an address is taken too is unknown.
            model_version: of the model that made it.
            wait: return only when the job is over.

        Statuses: 400. Source: published spec.
        """
        ...

    @wire.post("/v2/image/attribution/by_embedding", effect="billed")
    async def by_image_embedding(
        self,
        *,
        embeddings_base64: Sequence[str],
        model_version: ModelVersion,
        embeddings_uid: str | None = None,
        model_name: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Report images by vectors that were computed at home, so that no image leaves. Billed: never sent again
        unasked.

        Args:
            embeddings_base64: one embedding per image, each as base64.
            model_version: of the model that made them.
            embeddings_uid: an identifier of your own for the report (public pages); whether one that comes
                twice counts once is unknown.
            model_name: of the model that made them.
            wait: return only when the job is over.

        Statuses: none documented but 202. Source: published spec.
        """
        ...

    @wire.post("/v2/video/attribution/by_video", effect="billed")
    async def by_video(self, *, video: str, model: VideoModel, wait: Wait = False) -> Submission:
        """Report a video. Billed: never sent again unasked.

        Args:
            video: a public address; `video.upload_file` makes one of a file.
            model: that made it, with its version.
            wait: return only when the job is over.

        Statuses: 400. Source: published spec.
        """
        ...

    @wire.post("/v2/video/attribution/by_embedding", effect="billed")
    async def by_video_embedding(
        self,
        *,
        model: VideoModel,
        video_seconds: int,
        stills_embedding_base64: str,
        motion_embedding_base64: str,
        unique_id: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Report a video by vectors that were computed at home, so that no video leaves. Billed: never sent
        again unasked.

        Args:
            model: that made it, with its version.
            video_seconds: how long it is, in whole seconds.
            stills_embedding_base64: the embedding of its stills, as base64.
            motion_embedding_base64: the embedding of its motion, as base64.
            unique_id: a UUID of your own for the report; whether one that comes twice counts once is unknown.
            wait: return only when the job is over.

        Statuses: none documented but 202. Source: published spec.
        """
        ...
