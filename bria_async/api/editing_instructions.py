"""Editing told in words: open instructions, and ready-made ones."""

from collections.abc import Sequence
from typing import Annotated

from bria_async import wire
from bria_async.api.parameters import Image, Wait
from bria_async.types.common import OutputType
from bria_async.types.editing import Colorization, FiboEdit, LightDirection, LightType, Season, Style
from bria_async.types.jobs import Submission


class InstructedEditing:
    """Edits by FIBO-edit, which first writes a structured instruction and follows that: it can be kept, changed
    and followed again.
    """

    @wire.post("/v2/image/edit", effect="billed")
    async def edit(
        self,
        *,
        images: Sequence[Image],
        instruction: str | None = None,
        mask: Image | None = None,
        structured_instruction: str | None = None,
        negative_prompt: str | None = None,
        guidance_scale: Annotated[int, wire.Range(3, 5)] | None = None,
        model_version: FiboEdit | None = None,
        steps_num: Annotated[int, wire.Range(20, 50)] | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        output_type: OutputType | None = None,
        ip_signal: bool | None = None,
        prompt_content_moderation: bool | None = None,
        visual_input_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Change an image as told in words, or by a structured instruction. Billed: never sent again unasked.

        Args:
            images: the image to edit, as the only item.
            instruction: what to change, in words; or give `structured_instruction`.
            mask: white where to change, black where to keep; everywhere when not given.
            structured_instruction: JSON encoded as a text, of an earlier result or of
                `generate_structured_instruction`.
            negative_prompt: what the result must not show.
            guidance_scale: 3 to 5, default 5: how closely the instruction is followed.
            model_version: default `FIBO-edit`, the only one.
            steps_num: 20 to 50, default 30.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            output_type: `png` or `jpeg`, default `png`.
            ip_signal: have `Submission.warning` tell when the instruction may name protected content; default
                false.
            prompt_content_moderation: refuse (422) an instruction that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default true.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/add_object_by_text", effect="billed")
    async def add_object_by_text(
        self,
        *,
        image: Image,
        instruction: str,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Add an object to an image. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            instruction: what to add and where, in words.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/blend", effect="billed")
    async def blend(
        self,
        *,
        image: Image,
        instruction: str,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Blend what lies on an image into it, as told in words. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            instruction: what to blend, in words.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/colorize", effect="billed")
    async def colorize(
        self,
        *,
        image: Image,
        color: Colorization,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Give an image other colours, or none. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            color: `color_contemporary`, `color_vivid`, `black_and_white` or `sepia_vintage`.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/erase_by_text", effect="billed")
    async def erase_by_text(
        self,
        *,
        image: Image,
        object_name: str,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Erase an object by its name. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            object_name: the object, in words.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/relight", effect="billed")
    async def relight(
        self,
        *,
        image: Image,
        light_type: LightType,
        light_direction: LightDirection | None = None,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Change the light of an image. Billed: never sent again unasked.

        The whole picture is drawn anew, at about one megapixel: pixels do not stay where they were (public pages).

        Args:
            image: the image to edit.
            light_type: one of `LightType`.
            light_direction: `front`, `side`, `bottom` or `top-down`.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/image/edit/replace_object_by_text", effect="billed")
    async def replace_object_by_text(
        self,
        *,
        image: Image,
        instruction: str,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Put another object in the place of one. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            instruction: what to replace and by what, in words.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/reseason", effect="billed")
    async def reseason(
        self,
        *,
        image: Image,
        season: Season,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Move an image to another season. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            season: `spring`, `summer`, `autumn` or `winter`.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/restore", effect="billed")
    async def restore(
        self,
        *,
        image: Image,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Restore an old or damaged image. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/restyle", effect="billed")
    async def restyle(
        self,
        *,
        image: Image,
        style: Style,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Draw an image in another style. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            style: one of `Style`.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/rewrite_text", effect="billed")
    async def rewrite_text(
        self,
        *,
        image: Image,
        new_text: str,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Replace the text that an image shows. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            new_text: the text that it shows then.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/image/edit/sketch_to_colored_image", effect="billed")
    async def sketch_to_colored_image(
        self,
        *,
        image: Image,
        webhook_url: str | None = None,
        wait: Wait = False,
    ) -> Submission:
        """Make a coloured image of a sketch. Billed: never sent again unasked.

        Args:
            image: the image to edit.
            webhook_url: an address that is told when the job is over.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/structured_instruction/generate", effect="cheap")
    async def generate_structured_instruction(
        self,
        *,
        instruction: str,
        images: Sequence[Image],
        mask: Image | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        ip_signal: bool | None = None,
        prompt_content_moderation: bool | None = None,
        visual_input_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Make the structured instruction that `edit` would follow, without editing. Cheap: runs repeat it after doubt.

        Args:
            instruction: what to change, in words.
            images: the image to edit, as the only item.
            mask: white where to change, black where to keep.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            ip_signal: have `Submission.warning` tell when the instruction may name protected content; default
                false.
            prompt_content_moderation: refuse (422) an instruction that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image or mask that moderation stops; default true.
            sync: wait for the text; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500 and above. Source: published spec, public pages.
        """
        ...
