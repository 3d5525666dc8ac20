"""What reports of use name: models and their versions (published spec)."""

from typing import Literal

ModelVersion = Literal["2.3", "3.0", "3.2", "4.0"]
"""The version of the model that made an image."""

VideoModel = Literal["video_generation:1", "video_rmbg:1", "video_eraser:1", "video_mask:1", "video_increase_res:1"]
"""The model that made a video, and its version."""
