"""Makes the state that a simulator leaves: `python -m tests.sim.states.make FOLDER`.

One is kept for every format that was ever released, made by the first version that wrote it; later versions must
read it and carry it on.
"""

import asyncio
import sys
from pathlib import Path

from tests.sim.helpers import V1, running

GENERATE = "/v2/image/generate/tailored"


async def make(state: Path) -> None:
    """A trained model with a result that was looked at and one on its way, a draft, a training in progress."""
    async with running(state=state) as api:
        fibo = await api.trained("fibo")
        made = await api.call(
            "POST", GENERATE, 202, json={"tailored_model_id": fibo["id"], "prompt": "a fox", "seed": 5}
        )
        api.sim.clock.push(60)
        result = (await api.call("GET", f"/v2/status/{made['request_id']}"))["result"]
        await api.raw(result["image_url"])
        await api.dataset("max", name="draft")
        legacy = await api.model("light", name="legacy", training_mode="expert")
        await api.start(legacy["id"], total_training_steps=1000, checkpoint_interval=500)
        body = {"prompt": "a bear", "seed": 7}
        await api.call("POST", GENERATE, 202, json=body | {"tailored_model_id": fibo["id"]})
        await api.call("PUT", "/_sim/files/notes.txt", 201, data=b"kept")
        await api.call("DELETE", f"{V1}/projects/{(await api.project())['id']}", 204)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
