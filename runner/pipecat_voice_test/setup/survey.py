"""Everything that was found out about a repository, and what is missing there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pipecat_voice_test.setup.containers import PIPECAT_BASE, Reader, mentions_pipecat
from pipecat_voice_test.setup.launch import Launch, find_launch
from pipecat_voice_test.setup.listening import Listening, find_listening
from pipecat_voice_test.setup.repository import Advice, Repository, Seen, inside

Ci = Literal["github", "gitlab"]

_EXAMPLES = re.compile(r"\.?(dot)?env[.-](example|sample|template|dist)|(example|sample)\.env")
_EXAMPLE_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")
_SECRET = re.compile(
    r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH|DSN|_SID$|DATABASE_URL|REDIS_URL"
)
# What is set for every bot, what says where it listens, and what belongs to the machine.
_NOT_ASKED_FOR = re.compile(
    r"TWILIO_(ACCOUNT_SID|AUTH_TOKEN)|PORT|HOST|PATH|HOME|USER|TMPDIR|TERM|CI"
    r"|(GITHUB|RUNNER|ACTIONS|INPUT|GITLAB|PVT|PYTHON|LC)_?[A-Z_]*"
)
_MOST_VARIABLES = 40
_OURS = "pipecat-voice-test"
RESULTS = "voice-test-results"


@dataclass(frozen=True, slots=True)
class Needed:
    """An environment variable that the bot needs."""

    name: str
    where: str

    @property
    def is_secret(self) -> bool:
        return _SECRET.search(self.name.upper()) is not None


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out.

    Attributes:
        base: The folder of the bot that was asked about, seen from the repository.
        pipecat: Where Pipecat is asked for; empty if nowhere.
        ci: The CI systems that the repository uses, each with the sign of it.
        branch: The main branch.
        requirements: What the bot's packages are installed from, without a container.
        stages: Of `.gitlab-ci.yml`, if it names them.
        jobs: Files in which the CI systems call the bot already.
        ignores_results: Git is told to leave out what runs write.
    """

    base: str
    launch: Launch
    listening: Listening
    needed: tuple[Needed, ...]
    pipecat: str
    ci: tuple[Seen[Ci], ...]
    branch: str
    requirements: str
    stages: tuple[str, ...]
    jobs: Mapping[Ci, str]
    ignores_results: bool
    advice: tuple[Advice, ...]


def survey(repository: Repository, base: str = "") -> Survey:
    """Look at a repository, or at the folder `base` in it."""
    reader = Reader(repository)
    launch = find_launch(reader, base)
    listening = find_listening(launch)
    pipecat = _pipecat(reader, launch, base)
    stages, jobs = tuple(_stages(reader)), dict(_jobs(reader))
    advice = [
        *_launch_advice(reader, launch, base),
        *listening.advice,
        *_trade_advice(launch, pipecat),
    ]
    return Survey(
        base,
        launch,
        listening,
        tuple(_needed(reader, launch, base))[:_MOST_VARIABLES],
        pipecat,
        tuple(_ci(repository)),
        repository.branch or "main",
        _requirements(reader.files, launch.folder),
        stages,
        jobs,
        ".gitignore" in reader.files and RESULTS in reader.text(".gitignore"),
        (*reader.advice, *advice),
    )


# --- what is missing ------------------------------------------------------------------------


def _launch_advice(reader: Reader, launch: Launch, base: str) -> Iterator[Advice]:
    if launch.way == "url":
        yield Advice(
            f"nothing in {base or 'this repository'} says how the bot is started: there is no "
            "Dockerfile, and no Python file that begins to listen.",
            "add a Dockerfile, then say `bot-build: .` in voice-test.yaml;\n"
            "until then start the bot yourself before the run.",
        )
    elif launch.way == "command":
        yield Advice(
            f"there is no Dockerfile, so {launch.file} is started as it is.",
            "add a Dockerfile, then say `bot-build: .` in voice-test.yaml;\n"
            "calls then reach what you ship, and cannot touch the machine.",
        )
    elif launch.container is None and launch.service is not None:
        file = launch.service.dockerfile
        if file not in reader.files:
            where = f"{launch.compose_file}:{launch.service.line}"
            what = f"{where} is built from {file}, which is not there."
            yield Advice(what, "correct `build:`, or add the Dockerfile.")
    if launch.way == "compose" and launch.service is not None:
        for path in launch.service.env_files:
            # Git leaves out what holds secrets, so it is here at best.
            if path not in reader.files or PurePosixPath(path).name == ".env":
                where = f"{launch.compose_file}: service `{launch.service.name}`"
                yield Advice(
                    f"{where} cannot be started without {path}, which CI does not have.",
                    f"say `env_file: [{{path: {PurePosixPath(path).name}, required: false}}]`.",
                )


def _trade_advice(launch: Launch, pipecat: str) -> Iterator[Advice]:
    if launch.way != "url" and not pipecat:
        yield Advice(
            f"neither {launch.file} nor a list of packages mentions Pipecat.",
            "check that this is the bot; any server that speaks Twilio Media Streams will do.",
        )
    elif launch.codes and not any(code.is_phone for code in launch.codes.values()):
        yield Advice(
            "no Python file mentions Twilio, so the bot may not answer phone calls.",
            "give it a transport for `twilio`; see Pipecat's page about telephony.",
        )


def _pipecat(reader: Reader, launch: Launch, base: str) -> str:
    if found := mentions_pipecat(reader, launch.folder) or mentions_pipecat(reader, base):
        return found
    for path, code in launch.codes.items():
        if code.uses_pipecat:
            return path
    container = launch.container
    is_base = container is not None and PIPECAT_BASE in container.stage.base
    if is_base or (launch.file and "pipecat" in reader.text(launch.file).lower()):
        return launch.file
    return ""


# --- what the bot is given ------------------------------------------------------------------


def _needed(reader: Reader, launch: Launch, base: str) -> Iterator[Needed]:
    """Variables the code cannot go on without, and secrets that it or an example names."""
    read = {
        variable.name: (variable, path)
        for path, code in reversed(list(launch.codes.items()))
        for variable in reversed(code.variables)
    }
    known = set(launch.variables)
    found: dict[str, Needed] = {}
    for name, (variable, path) in reversed(read.items()):
        needed = Needed(name, f"{path}:{variable.line}")
        if variable.must or (needed.is_secret and not variable.has_default):
            found[name] = needed
    for name, where in _in_examples(reader, launch, base):
        optional = name in read and read[name][0].has_default
        if name not in found and not optional and Needed(name, where).is_secret:
            found[name] = Needed(name, where)
    for name, needed in found.items():
        if name not in known and not _NOT_ASKED_FOR.fullmatch(name.upper()):
            yield needed


def _in_examples(reader: Reader, launch: Launch, base: str) -> Iterator[tuple[str, str]]:
    """Names only: a value may be somebody's real key."""
    examples = [
        path for path in reader.files if _EXAMPLES.fullmatch(PurePosixPath(path).name.lower())
    ]
    own = [path for path in examples if inside(launch.folder, path)]
    for path in own or [path for path in examples if inside(base, path)]:
        for number, line in enumerate(reader.text(path).splitlines(), 1):
            if found := _EXAMPLE_LINE.match(line):
                yield found[1], f"{path}:{number}"


def _requirements(files: Sequence[str], folder: str) -> str:
    """What the bot's packages are installed from, if it is started without a container."""
    for name in ("uv.lock", "requirements.txt", "pyproject.toml"):
        for place in (folder, ""):
            path = f"{place}/{name}" if place else name
            if path in files:
                return path
    return ""


# --- where it is tested ---------------------------------------------------------------------


def _ci(repository: Repository) -> Iterator[Seen[Ci]]:
    workflows = next((path for path in repository.files if path.startswith(".github/")), "")
    gitlab = next((path for path in repository.files if path == ".gitlab-ci.yml"), "")
    hub = next((host for host in repository.remotes if "github" in host), "")
    lab = next((host for host in repository.remotes if "gitlab" in host), "")
    if hub or (workflows and not lab):
        yield Seen("github", f"git remote {hub}" if hub else ".github/")
    if lab or (gitlab and not hub):
        yield Seen("gitlab", f"git remote {lab}" if lab else gitlab)


def _stages(reader: Reader) -> Iterator[str]:
    """Stages of an existing pipeline; a job in another one would make it invalid."""
    text = reader.text(".gitlab-ci.yml") if ".gitlab-ci.yml" in reader.files else ""
    found = re.search(r"^stages:[ \t]*(\[[^\]\n]*\]|(?:\n[ \t]*-[^\n]*)+)", text, re.MULTILINE)
    if found:
        yield from re.findall(r"[\w.-]*\w[\w.-]*", re.sub(r"#.*", "", found[1]))


def _jobs(reader: Reader) -> Iterator[tuple[Ci, str]]:
    """Nobody needs to be called twice."""
    for path in reader.files:
        is_workflow = inside(".github/workflows", path) and path.endswith((".yml", ".yaml"))
        is_pipeline = path == ".gitlab-ci.yml"
        if (is_workflow or is_pipeline) and _OURS in reader.text(path):
            yield "gitlab" if is_pipeline else "github", path
