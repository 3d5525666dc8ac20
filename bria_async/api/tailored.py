"""Tailored generation: describing a visual identity, and generating with a trained model."""

from collections.abc import Sequence
from typing import Annotated

from bria_async import wire
from bria_async.types.common import (
    AspectRatio,
    GuidanceMethod,
    Id,
    ImageInput,
    ImagePromptMode,
    IpMedium,
    PrefixIpType,
)
from bria_async.types.jobs import GeneratedImages, Submission
from bria_async.types.tailored import CaptionPrefix, StructuredPrompt, VisualSchema

from .guidance import Guided
from .parameters import Base64Image, Image, Wait

ModelId = Annotated[Id, wire.AsText()]
Results = Annotated[int, wire.Range(1, 4)]
Steps = Annotated[int, wire.Range(4, 50)]
Share = Annotated[float, wire.Range(0, 1)]
Influence = Annotated[float, wire.Range(0, 1.5)]
"""0 to 1 in 2024, 0 to 1.5 since (SEED 000, SEED 003)."""


class Tailored(wire.Family):
    """Prefixes, schemas and prompts for trainings, and generation with trained models.

    Defaults named below are the server's and are not sent, except for `sync`.
    """

    @wire.post("/v1/tailored-gen/generate_prefix", effect="cheap")
    async def generate_prefix(
        self,
        *,
        image_urls: Annotated[Sequence[str], wire.Items(1, 6)] | None = None,
        images: Annotated[Sequence[ImageInput], wire.Items(1, 6), wire.Image(address="image_urls")] | None = None,
        ip_type: PrefixIpType | None = None,
        ip_medium: IpMedium | None = None,
        ip_name: str | None = None,
        content_moderation: bool | None = None,
    ) -> CaptionPrefix:
        """Describe what sample images share, as the caption prefix of a legacy dataset. Cheap: runs repeat it after
        doubt.

        Args:
            image_urls: 1 to 6 public addresses of images, better 6. Exactly one of `image_urls` and `images`.
            images: 1 to 6 images; addresses go to `image_urls`.
            ip_type: of the project; prefixes exist for three types.
            ip_medium: of the project.
            ip_name: of the project.
            content_moderation: refuse (422) what moderation stops; default false.

        Statuses: 400, 401, 403, 415, 422, 429, 500. Source: SEED 000, SEED 001, SEED 002, a public client.
        """
        ...

    @wire.post("/v1/tailored-gen/generate_visual_schema", effect="cheap")
    async def generate_visual_schema(
        self,
        *,
        images: Annotated[Sequence[Base64Image], wire.Items(5, 10)],
        content_moderation: bool | None = None,
    ) -> VisualSchema:
        """Describe what sample images share, as the visual schema of a FIBO dataset. Cheap: runs repeat it after doubt.

        Args:
            images: 5 to 10 images.
            content_moderation: refuse (422) what moderation stops; default false.

        Statuses: 400, 401, 403, 415, 422, 429, 500. Source: SEED 001, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/refine_structured_prompt", effect="cheap")
    async def refine_structured_prompt(
        self,
        *,
        dataset_id: Id,
        structured_prompt: str,
        instruction: str,
        context_images: Sequence[Image] | None = None,
    ) -> StructuredPrompt:
        """Change a visual schema or a structured caption by an instruction. Cheap: runs repeat it after doubt.

        Args:
            dataset_id: the dataset it belongs to.
            structured_prompt: the schema or caption, JSON encoded as a text.
            instruction: what to change, in words.
            context_images: images to look at; whether as base64 or addresses is unknown, so both are sent as
                given.

        Statuses: 400, 401, 403, 404, 429, 500. Source: SEED 001, published spec.
        """
        ...

    @wire.post("/v1/text-to-image/tailored/{model_id}", effect="billed")
    async def text_to_image(
        self,
        model_id: Id,
        *,
        prompt: str | None = None,
        num_results: Results | None = None,
        aspect_ratio: AspectRatio | None = None,
        fast: bool | None = None,
        seed: int | None = None,
        steps_num: Steps | None = None,
        model_influence: Influence | None = None,
        include_generation_prefix: bool | None = None,
        content_moderation: bool | None = None,
        guidance_method_1: GuidanceMethod | None = None,
        guidance_method_1_scale: Share | None = None,
        guidance_method_1_image_file: Base64Image | None = None,
        guidance_method_2: GuidanceMethod | None = None,
        guidance_method_2_scale: Share | None = None,
        guidance_method_2_image_file: Base64Image | None = None,
        image_prompt_mode: Annotated[ImagePromptMode, wire.Alias("style", "style_only")] | None = None,
        image_prompt_file: Annotated[ImageInput, wire.Image(address="image_prompt_urls")] | None = None,
        image_prompt_urls: Sequence[str] | None = None,
        image_prompt_scale: Share | None = None,
        faces_refiner: bool | None = None,
        sync: bool = False,
        guidance: Guided | None = None,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Generate images with a legacy model. Billed: never sent again unasked.

        Args:
            model_id: a completed model, by its number or its long legacy id.
            prompt: what to draw, in English.
            num_results: 1 to 4, default 4; with `fast=False` 1 or 2.
            aspect_ratio: default `1:1`; a guidance image decides it instead.
            fast: default true; models of the version `max` have no fast mode.
            seed: draws the same again.
            steps_num: 4 to 20, default 8; with `fast=False` 20 to 50, default 30.
            model_influence: 0 to 1.5, default 1 (0 to 1 in 2024).
            include_generation_prefix: put the model's generation prefix before the prompt; default true.
            content_moderation: check inputs (422) and outputs (`Blocked`, or zero bytes); default false.
            guidance: up to two `Guidance` values, instead of the six parameters below.
            guidance_method_1: how the first guidance image is used.
            guidance_method_1_scale: 0 to 1, default 1.
            guidance_method_1_image_file: an image, needed with the method; all guidance images have one aspect
                ratio.
            guidance_method_2: a second method, not without the first; two at most.
            guidance_method_2_scale: 0 to 1, default 1.
            guidance_method_2_image_file: an image.
            image_prompt_mode: `regular` (content, style and colours; the default) or `style_only`; `style`,
                as some pages write, is sent as `style_only`. Models of the version `max` have no image
                prompt.
            image_prompt_file: an image; or give `image_prompt_urls`.
            image_prompt_urls: public addresses of images.
            image_prompt_scale: 0 to 1, default 1.
            faces_refiner: find and refine human faces; default false.
            sync: wait for the images; otherwise their addresses fill in later, see `jobs.wait`. Documented
                default: false.
            wait: return only when the job is over.

        Statuses: 400, 405, 422, 429, 500. Source: SEED 000, SEED 003, SEED 004.
        """
        ...

    @wire.post("/v1/text-to-vector/tailored/{model_id}", effect="billed")
    async def text_to_vector(
        self,
        model_id: Id,
        *,
        prompt: str | None = None,
        num_results: Results | None = None,
        aspect_ratio: AspectRatio | None = None,
        fast: bool | None = None,
        seed: int | None = None,
        steps_num: Steps | None = None,
        model_influence: Influence | None = None,
        include_generation_prefix: bool | None = None,
        content_moderation: bool | None = None,
        guidance_method_1: GuidanceMethod | None = None,
        guidance_method_1_scale: Share | None = None,
        guidance_method_1_image_file: Base64Image | None = None,
        guidance_method_2: GuidanceMethod | None = None,
        guidance_method_2_scale: Share | None = None,
        guidance_method_2_image_file: Base64Image | None = None,
        image_prompt_mode: Annotated[ImagePromptMode, wire.Alias("style", "style_only")] | None = None,
        image_prompt_file: Annotated[ImageInput, wire.Image(address="image_prompt_urls")] | None = None,
        image_prompt_urls: Sequence[str] | None = None,
        image_prompt_scale: Share | None = None,
        sync: bool = True,
        guidance: Guided | None = None,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Generate vector graphics with a legacy model of an illustrative kind. Billed: never sent again
        unasked.

        Args:
            model_id: a completed model, by its number or its long legacy id.
            prompt: what to draw, in English.
            num_results: 1 to 4, default 4; with `fast=False` 1 or 2.
            aspect_ratio: default `1:1`; a guidance image decides it instead.
            fast: default true; models of the version `max` have no fast mode.
            seed: draws the same again.
            steps_num: 4 to 20, default 8; with `fast=False` 20 to 50, default 30.
            model_influence: 0 to 1.5, default 1 (0 to 1 in 2024).
            include_generation_prefix: put the model's generation prefix before the prompt; default true.
            content_moderation: check inputs (422) and outputs (`Blocked`, or zero bytes); default false.
            guidance: up to two `Guidance` values, instead of the six parameters below.
            guidance_method_1: how the first guidance image is used.
            guidance_method_1_scale: 0 to 1, default 1.
            guidance_method_1_image_file: an image, needed with the method; all guidance images have one aspect
                ratio.
            guidance_method_2: a second method, not without the first; two at most.
            guidance_method_2_scale: 0 to 1, default 1.
            guidance_method_2_image_file: an image.
            image_prompt_mode: `regular` (content, style and colours; the default) or `style_only`; `style`,
                as some pages write, is sent as `style_only`. Models of the version `max` have no image
                prompt.
            image_prompt_file: an image; or give `image_prompt_urls`.
            image_prompt_urls: public addresses of images.
            image_prompt_scale: 0 to 1, default 1.
            sync: wait for the images; otherwise their addresses fill in later, see `jobs.wait`. Documented
                default: true.
            wait: return only when the job is over.

        Statuses: 400, 403, 405, 415, 422, 429, 500. Source: SEED 000, SEED 003.
        """
        ...

    @wire.post("/v1/reimagine/tailored/{model_id}", effect="billed")
    async def reimagine(
        self,
        model_id: Id,
        *,
        prompt: str | None = None,
        structure_image_url: str | None = None,
        structure_image_file: Annotated[ImageInput, wire.Image(address="structure_image_url")] | None = None,
        structure_ref_influence: Share | None = None,
        num_results: Results | None = None,
        fast: bool | None = None,
        seed: int | None = None,
        steps_num: Steps | None = None,
        include_generation_prefix: bool | None = None,
        content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Generate images with the structure of a given one. Billed: never sent again unasked.

        The seeds name it without a contract: the parameters are the best public knowledge.

        Args:
            model_id: a completed model.
            prompt: what to draw, in English.
            structure_image_url: a public address of the image whose structure is kept.
            structure_image_file: the same as a file.
            structure_ref_influence: 0 to 1, default 0.75.
            num_results: 1 to 4, default 4.
            fast: default true.
            seed: draws the same again.
            steps_num: 4 to 50.
            include_generation_prefix: put the model's generation prefix before the prompt; default true.
            content_moderation: check inputs (422) and outputs (`Blocked`, or zero bytes); default false.
            sync: wait for the images; otherwise their addresses fill in later, see `jobs.wait`. Documented
                default: false.
            wait: return only when the job is over.

        Statuses: 400, 403, 405, 422, 429, 500. Source: SEED 000, SEED 002, public pages.
        """
        ...

    @wire.post("/v1/tailored-gen/restyle_portrait", effect="billed")
    async def restyle_portrait(
        self,
        *,
        id_image_url: str | None = None,
        id_image_file: Annotated[ImageInput, wire.Image(address="id_image_url")] | None = None,
        tailored_model_id: ModelId | None = None,
        tailored_model_influence: Annotated[float, wire.Range(0, 1.2)] | None = None,
        id_strength: Share | None = None,
        sync: bool = True,
        wait: Wait = False,
    ) -> GeneratedImages:
        """Restyle a portrait and keep the person, with a model of version light or 2.3. Billed: never sent
        again unasked.

        Args:
            id_image_url: a public address of the portrait, from the torso up, the face best at least 500x500;
                it wins over `id_image_file`.
            id_image_file: the same as a file.
            tailored_model_id: a completed model.
            tailored_model_influence: 0 to 1.2, default 0.9.
            id_strength: how much the person is kept, 0 to 1, default 0.7.
            sync: wait for the image; otherwise its address fills in later, see `jobs.wait`. Documented
                default: true.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 422, 429, 500. Source: SEED 000, SEED 002.
        """
        ...

    @wire.post("/v2/image/generate/tailored", effect="billed")
    async def generate(
        self,
        *,
        tailored_model_id: ModelId,
        tailored_model_influence: Influence | None = None,
        prompt: str | None = None,
        structured_prompt: str | None = None,
        negative_prompt: str | None = None,
        guidance_scale: Annotated[int, wire.Range(3, 5)] | None = None,
        aspect_ratio: AspectRatio | None = None,
        steps_num: Annotated[int, wire.Range(20, 50)] | None = None,
        seed: int | None = None,
        prompt_content_moderation: bool | None = None,
        visual_output_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Generate an image with a FIBO model. Billed: never sent again unasked.

        Args:
            tailored_model_id: a completed model.
            tailored_model_influence: 0 to 1.5, default 1.
            prompt: what to draw.
            structured_prompt: JSON encoded as a text: alone with `seed` to draw the same again, with `prompt`
                to refine.
            negative_prompt: what not to draw.
            guidance_scale: 3 to 5, default 5.
            aspect_ratio: default `1:1`.
            steps_num: 20 to 50, default 50.
            seed: draws the same again.
            prompt_content_moderation: refuse (422) what moderation stops; default true.
            visual_output_content_moderation: likewise for the image; default true.
            sync: wait for the image; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 403, 422, 429, 500. Source: SEED 001, published spec.
        """
        ...

    @wire.post("/v2/structured_prompt/generate/tailored", effect="cheap")
    async def generate_structured_prompt(
        self,
        *,
        tailored_model_id: ModelId,
        prompt: str | None = None,
        structured_prompt: str | None = None,
        seed: int | None = None,
        prompt_content_moderation: bool | None = None,
        sync: bool = False,
        wait: Wait = False,
    ) -> Submission:
        """Make a structured prompt for a FIBO model of a short one. Cheap: runs repeat it after doubt.

        Args:
            tailored_model_id: a completed model.
            prompt: what to draw.
            structured_prompt: one to refine with `prompt`, JSON encoded as a text; not alone.
            seed: makes the same again.
            prompt_content_moderation: refuse (422) what moderation stops; default true.
            sync: wait for the prompt; otherwise `jobs.wait` takes the answer. Documented default: false.
            wait: return only when the job is over.

        Statuses: 400, 403, 422, 429, 500. Source: SEED 001, published spec.
        """
        ...

    @wire.post("/v2/video/generate/tailored/image-to-video", effect="billed")
    async def image_to_video(
        self, *, tailored_model_id: ModelId, image: Image, seed: int | None = None, wait: Wait = False
    ) -> Submission:
        """Animate an image with a tailored model; `jobs.wait` takes the answer. Billed: never sent again
        unasked.

        Args:
            tailored_model_id: a completed model.
            image: a path, bytes, base64, or a public address.
            seed: draws the same again.
            wait: return only when the job is over.

        Statuses: 400, 401, 403, 404, 415, 422, 429, 500. Source: SEED 001, published spec.
        """
        ...
