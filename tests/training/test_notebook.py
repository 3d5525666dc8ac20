"""How runs and samples show themselves in notebooks."""

import base64
import io
import re
import sys
from pathlib import Path
from subprocess import run

from PIL import Image

from bria_async.errors import RunFailed
from bria_async.training import Batched, Sample, Trained

EVIL = '"><script>'


def trained(*samples: Sample) -> Trained:
    """A run that is done."""
    return Trained(
        run="lora",
        folder=Path("runs/lora"),
        model_id=77,
        dataset_id=5,
        project_id=None,
        images=9,
        samples=samples,
        skipped={EVIL: "too small"},
        adopted=0,
        perhaps_charged=2,
        seconds=60.0,
    )


def sample_at(folder: Path, prompt: str = EVIL) -> Sample:
    """A sample on a disk."""
    path = folder / "01.png"
    Image.new("RGB", (1024, 512), "teal").save(path)
    return Sample(prompt, path, "https://a/1.png", 3)


async def test_a_sample_shows_its_file(tmp_path: Path) -> None:
    """Small, and inside the page, so that it is still there when the address is not; in a running loop too."""
    html = sample_at(tmp_path)._repr_html_()
    (data,) = re.findall(r'src="data:image/webp;base64,([^"]+)"', html)
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (200, 100)
    assert EVIL not in html
    assert "&quot;&gt;&lt;script&gt;" in html


def test_a_sample_whose_file_is_gone_shows_where_it_was(tmp_path: Path) -> None:
    """It is no error."""
    path = tmp_path / "<gone>.png"
    html = Sample("a map", path, "https://a/1.png")._repr_html_()
    assert "&lt;gone&gt;.png" in html
    assert "<img" not in html


def test_without_pillow_a_sample_shows_its_path(tmp_path: Path) -> None:
    """Pillow is an extra."""
    sample_at(tmp_path)
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from pathlib import Path; from bria_async import Sample\n"
        f"html = Sample('a map', Path({str(tmp_path / '01.png')!r}), '')._repr_html_()\n"
        "sys.exit('<img' in html or '01.png' not in html)"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_shows_its_ids_and_its_samples(tmp_path: Path) -> None:
    """And what was left out, and perhaps charged."""
    html = trained(sample_at(tmp_path, "a map"))._repr_html_()
    for words in ("lora: trained", "77", "a map", "&quot;&gt;&lt;script&gt;", "perhaps charged"):
        assert words in html
    assert html.count("<img") == 1
    assert "found on the server" not in html, "there was nothing to find"


def test_a_batch_shows_what_became_of_each_run() -> None:
    """Those that are not trained with the reason."""
    html = Batched({"lora": trained()}, {"cats": RunFailed(f"It ended {EVIL}", "cats")})._repr_html_()
    assert "1 of 2 trained" in html
    assert "model 77, 9 images" in html
    assert "not trained: It ended &quot;" in html


def test_values_cost_no_html_before_somebody_looks() -> None:
    """Who is in no notebook does not pay for it."""
    code = "import sys; from bria_async import train, Submission; sys.exit('html' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
