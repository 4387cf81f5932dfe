"""Repositories that exist in a test's text only."""

from collections.abc import Mapping, Sequence

from pipecat_voice_test.setup.repository import Unreadable

RUNNER_BOT = """\
import os
from pipecat.runner.run import main
from pipecat.runner.utils import create_transport

TRANSPORTS = {"twilio": None}
KEY = os.getenv("OPENAI_API_KEY")

if __name__ == "__main__":
    main()
"""
SERVER_BOT = """\
import os
import uvicorn
from fastapi import FastAPI
from pipecat.serializers.twilio import TwilioFrameSerializer

app = FastAPI()

@app.websocket("/media")
async def media(socket): ...

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8765)
"""
DOCKERFILE = """\
FROM python:3.13-slim
COPY requirements.txt bot.py ./
RUN pip install -r requirements.txt
EXPOSE 7860
CMD ["python", "bot.py", "-t", "twilio", "--host", "0.0.0.0", "--port", "7860"]
"""
PIPECAT = "pipecat-ai[runner,websocket]==1.14.0\n"
STOCK = {"Dockerfile": DOCKERFILE, "requirements.txt": PIPECAT, "bot.py": RUNNER_BOT}


class Written:
    """A `Repository` of made-up files; None stands for one that cannot be read."""

    def __init__(
        self,
        files: Mapping[str, str | None],
        remotes: Sequence[str] = (),
        branch: str = "main",
    ) -> None:
        self.files = sorted(files)
        self.remotes = list(remotes)
        self.branch = branch
        self.read: list[str] = []
        self._files = files

    def text(self, path: str) -> str:
        self.read.append(path)
        text = self._files[path]  # Nobody asks for a file that is not listed.
        if text is None:
            raise Unreadable("has more than 1024 KiB")
        return text
