"""Generation: images from words, with the base models of 2024 and with FIBO."""

from collections.abc import Sequence
from typing import Annotated

from bria_async import wire
from bria_async.api.parameters import Image, Wait
from bria_async.types.common import AspectRatio, Medium, OutputType
from bria_async.types.generation import Fibo, Megapixels
from bria_async.types.jobs import GeneratedImages, Submission

Results = Annotated[int, wire.Range(1, 4)]
QualitySteps = Annotated[int, wire.Range(20, 50)]
FastSteps = Annotated[int, wire.Range(4, 10)]
FiboSteps = Annotated[int, wire.Range(35, 50)]
TextGuidance = Annotated[float, wire.Range(1, 10)]
OneImage = Annotated[Sequence[Image], wire.Items(None, 1)]


class Generation(wire.Family):
    """Images from words, with the base models of 2024 (v1) and with FIBO (v2).

    FIBO first writes a structured prompt, from words or an image, and draws from that: it can be kept, changed
    and drawn again. Defaults named below are the server's and are not sent, except for `sync`.
    """

    @wire.post("/v1/text-to-image/base/{model_version}", effect="billed", marks={209: "redirected"})
    async def text_to_image_base(
        self,
        model_version: str,
        *,
        prompt: str | None = None,
        num_results: Results | None = None,
        aspect_ratio: AspectRatio | None = None,
        seed: int | None = None,
        negative_prompt: str | None = None,
        steps_num: QualitySteps | None = None,
        text_guidance_scale: TextGuidance | None = None,
        medium: Medium | None = None,
        prompt_enhancement: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Draw images of up to 1024x1024 pixels with a base model. Billed: never sent again unasked.

        Args:
            model_version: documented: `2.3`.
            prompt: what to draw, in English.
            num_results: 1 to 4, default 4.
            aspect_ratio: width to height, default `1:1`.
            seed: draws the same again with the same prompt, model and version.
            negative_prompt: what not to draw, in English.
            steps_num: 20 to 50, default 30.
            text_guidance_scale: 1 to 10, default 5: how closely the images follow the prompt.
            medium: `photography` or `art`.
            prompt_enhancement: draw from richer variations of the prompt, which takes some seconds more; default
                false.
            sync: wait for the images; otherwise their addresses fill in later, see `jobs.wait`. Documented default:
                false.
            wait: return only when the job is over.

        Statuses: 209 (the version is gone and the newest one drew: `GeneratedImages.redirected`), 400, 405, 500.
        Source: SEED 004.
        """
        ...

    @wire.post("/v1/text-to-image/fast/{model_version}", effect="billed")
    async def text_to_image_fast(
        self,
        model_version: str,
        *,
        prompt: str | None = None,
        num_results: Results | None = None,
        aspect_ratio: AspectRatio | None = None,
        seed: int | None = None,
        steps_num: FastSteps | None = None,
        medium: Medium | None = None,
        prompt_enhancement: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Draw images of up to 1024x1024 pixels with a fast model. Billed: never sent again unasked.

        Args:
            model_version: documented: `2.3`.
            prompt: what to draw, in English.
            num_results: 1 to 4, default 4.
            aspect_ratio: width to height, default `1:1`.
            seed: draws the same again with the same prompt, model and version.
            steps_num: 4 to 10, default 8.
            medium: `photography` or `art`.
            prompt_enhancement: draw from richer variations of the prompt, which takes some seconds more; default
                false.
            sync: wait for the images; otherwise their addresses fill in later, see `jobs.wait`. Documented default:
                false.
            wait: return only when the job is over.

        Statuses: 400, 405, 500. Source: SEED 004.
        """
        ...

    @wire.post("/v1/text-to-image/hd/{model_version}", effect="billed")
    async def text_to_image_hd(
        self,
        model_version: str,
        *,
        prompt: str | None = None,
        num_results: Results | None = None,
        aspect_ratio: AspectRatio | None = None,
        seed: int | None = None,
        negative_prompt: str | None = None,
        steps_num: QualitySteps | None = None,
        text_guidance_scale: TextGuidance | None = None,
        medium: Medium | None = None,
        prompt_enhancement: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Draw images of up to 1920x1080 pixels (1536x1536 when square) with an HD model. Billed: never sent again
        unasked.

        Args:
            model_version: documented: `2.2`.
            prompt: what to draw, in English.
            num_results: 1 to 4, default 4.
            aspect_ratio: width to height, default `1:1`.
            seed: draws the same again with the same prompt, model and version.
            negative_prompt: what not to draw, in English.
            steps_num: 20 to 50, default 30.
            text_guidance_scale: 1 to 10, default 5: how closely the images follow the prompt.
            medium: `photography` or `art`.
            prompt_enhancement: draw from richer variations of the prompt, which takes some seconds more; default
                false.
            sync: wait for the image, for requests of a single one; otherwise the addresses fill in later, see
                `jobs.wait`. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 405, 500. Source: SEED 004.
        """
        ...

    @wire.post("/v2/image/generate", effect="billed")
    async def generate(
        self,
        *,
        prompt: str | None = None,
        images: OneImage | None = None,
        structured_prompt: str | None = None,
        resolution: Megapixels | None = None,
        negative_prompt: str | None = None,
        model_version: Fibo | None = None,
        aspect_ratio: AspectRatio | None = None,
        steps_num: FiboSteps | None = None,
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
        """Draw an image from words, an image or a structured prompt. Billed: never sent again unasked.

        One of these combinations, which the server checks: `prompt`; `images`; `images` and `prompt` (a picture
        inspired by the image and guided by the text); `structured_prompt` and `seed` (the same picture again);
        `structured_prompt` and `prompt`, with `seed` (a picture refined).

        Args:
            prompt: what to draw, or what to change.
            images: up to 1 image, which inspires the picture.
            structured_prompt: one of an earlier result, JSON encoded as a text.
            resolution: `1MP` or `4MP`, default `1MP`; the larger one takes some 30 seconds more (a public client).
            negative_prompt: what not to draw.
            model_version: `FIBO`.
            aspect_ratio: default `1:1`.
            steps_num: 35 to 50, default 50.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            output_type: `png` or `jpeg`, default `png`.
            ip_signal: have `Submission.warning` tell when the text may name protected content; default false.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default true.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500 and above. Source: published spec, a public client.
        """
        ...

    @wire.post("/v2/image/generate/lite", effect="billed")
    async def generate_lite(
        self,
        *,
        prompt: str | None = None,
        images: OneImage | None = None,
        structured_prompt: str | None = None,
        model_version: Fibo | None = None,
        aspect_ratio: AspectRatio | None = None,
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
        """Draw an image as `generate` does, by way of the open model for structured prompts. Billed: never sent
        again unasked.

        One of these combinations, which the server checks: `prompt`; `images`; `images` and `prompt` (a picture
        inspired by the image and guided by the text); `structured_prompt` and `seed` (the same picture again);
        `structured_prompt` and `prompt`, with `seed` (a picture refined).

        Args:
            prompt: what to draw, or what to change.
            images: up to 1 image, which inspires the picture.
            structured_prompt: one of an earlier result, JSON encoded as a text.
            model_version: `FIBO`.
            aspect_ratio: default `1:1`.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            output_type: `png` or `jpeg`, default `png`.
            ip_signal: have `Submission.warning` tell when the text may name protected content; default false.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            visual_output_content_moderation: refuse (422) a result that moderation stops; default true.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500 and above. Source: published spec, public pages.
        """
        ...

    @wire.post("/v2/structured_prompt/generate", effect="cheap")
    async def generate_structured_prompt(
        self,
        *,
        prompt: str | None = None,
        images: OneImage | None = None,
        structured_prompt: str | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        ip_signal: bool | None = None,
        prompt_content_moderation: bool | None = None,
        visual_input_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Make the structured prompt that `generate` would draw from, without drawing. Cheap: runs repeat it after
        doubt.

        One of these combinations, which the server checks: `prompt`; `images`; `images` and `prompt`;
        `structured_prompt` and `prompt` (one refined). A `structured_prompt` alone is not taken.

        Args:
            prompt: what to draw, or what to change.
            images: up to 1 image, which inspires the picture.
            structured_prompt: one of an earlier result, JSON encoded as a text.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            ip_signal: have `Submission.warning` tell when the text may name protected content; default false.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            sync: wait for the text; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/structured_prompt/generate/lite", effect="cheap")
    async def generate_structured_prompt_lite(
        self,
        *,
        prompt: str | None = None,
        images: OneImage | None = None,
        structured_prompt: str | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        ip_signal: bool | None = None,
        prompt_content_moderation: bool | None = None,
        visual_input_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Make the structured prompt that `generate_lite` would draw from, without drawing. Cheap: runs repeat it
        after doubt.

        One of these combinations, which the server checks: `prompt`; `images`; `images` and `prompt`;
        `structured_prompt` and `prompt` (one refined). A `structured_prompt` alone is not taken.

        Args:
            prompt: what to draw, or what to change.
            images: up to 1 image, which inspires the picture.
            structured_prompt: one of an earlier result, JSON encoded as a text.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            ip_signal: have `Submission.warning` tell when the text may name protected content; default false.
            prompt_content_moderation: refuse (422) a text that moderation stops; default true.
            visual_input_content_moderation: refuse (422) an image that moderation stops; default true.
            sync: wait for the text; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500 and above. Source: published spec.
        """
        ...

    @wire.post("/v2/structured_prompt/generate_from_diff", effect="cheap")
    async def generate_structured_prompt_from_diff(
        self,
        *,
        structured_prompt: str,
        user_adjusted_structured_prompt: str,
        seed: int | None = None,
        webhook_url: str | None = None,
        model_version: Fibo | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Work changes that somebody made by hand into a structured prompt. Cheap: runs repeat it after doubt.

        Args:
            structured_prompt: the one before the changes, JSON encoded as a text.
            user_adjusted_structured_prompt: the one after them, likewise.
            seed: makes the same again.
            webhook_url: an address that is told when the job is over.
            model_version: `FIBO`.
            sync: wait for the text; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 401, 500 and above. Source: published spec.
        """
        ...
