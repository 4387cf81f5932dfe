"""Python files are parsed, never run, and say how a bot listens and what it needs."""

import pytest
from pipecat_voice_test.setup.reading.code import Code, Variable, read_code


def code_of(text: str) -> Code:
    code = read_code(text)
    assert code is not None
    return code


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        pytest.param('uvicorn.run(app, host="0.0.0.0", port=8765)', "0.0.0.0", 8765, id="plain"),
        pytest.param("uvicorn.run(app)", "127.0.0.1", 8000, id="uvicorn-s-defaults"),
        pytest.param("PORT = 9\nuvicorn.run(app, port=PORT)", "127.0.0.1", 9, id="a-constant"),
        pytest.param(
            'uvicorn.run(app, port=int(os.getenv("PORT", "9")))',
            "127.0.0.1",
            9,
            id="an-environment",
        ),
        pytest.param(
            'uvicorn.run(app, port=int(os.environ.get("PORT") or 9))', "127.0.0.1", 9, id="or-else"
        ),
        pytest.param(
            'p.add_argument("--bind-port", type=int, default=9)\na = p.parse_args()\n'
            "uvicorn.run(app, port=a.bind_port)",
            "127.0.0.1",
            9,
            id="an-option",
        ),
        pytest.param("uvicorn.run(app, host=f(), port=g())", None, None, id="not-plain-to-see"),
        pytest.param("A = B\nB = A\nuvicorn.run(app, port=A)", "127.0.0.1", None, id="a-circle"),
        pytest.param('uvicorn.Config(app, host="::", port=9)', "::", 9, id="a-config"),
        pytest.param("web.run_app(app, port=9)", None, 9, id="aiohttp"),
    ],
)
def test_where_it_listens_by_itself(text: str, host: str | None, port: int | None) -> None:
    (serving,) = code_of(text).servings

    assert (serving.host, serving.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        pytest.param('os.getenv("A")', [Variable("A", 1, False, False)], id="asked"),
        pytest.param('os.getenv("A", "")', [Variable("A", 1, True, False)], id="with-a-default"),
        pytest.param('x = os.getenv("A") or 1', [Variable("A", 1, True, False)], id="or-else"),
        pytest.param('1\nos.environ["A"]', [Variable("A", 2, False, True)], id="insisted"),
        pytest.param('os.environ["A"] = "x"', [], id="set"),
        pytest.param('environ.get("A")', [Variable("A", 1, False, False)], id="imported"),
        pytest.param("os.getenv(name)", [], id="no-plain-name"),
        pytest.param('os.getenv("$A B")', [], id="no-name"),
    ],
)
def test_what_it_reads_from_the_environment(text: str, variables: list[Variable]) -> None:
    assert list(code_of(text).variables) == variables


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('@app.websocket("/media")\nasync def f(w): ...', ["/media"]),
        ('@router.websocket(path="/a/{b}")\nasync def f(w): ...', ["/a/{b}"]),
        ('Starlette(routes=[WebSocketRoute("/x", f)])', ["/x"]),
        ('@app.get("/media")\ndef f(): ...', []),
        ('app.websocket("no path")', []),
    ],
)
def test_paths_of_its_web_sockets(text: str, paths: list[str]) -> None:
    assert [path for path, _ in code_of(text).sockets] == paths


@pytest.mark.parametrize(
    ("text", "pipecat", "runner"),
    [
        ("import pipecat", True, False),
        ("from pipecat.runner.run import main", True, True),
        ("import pipecat.runner.run as r", True, True),
        ("from pipecat.runner import run", True, True),
        ("import pipecats", False, False),
        ("from . import pipecat", False, False),
    ],
)
def test_what_it_imports(text: str, pipecat: bool, runner: bool) -> None:
    code = code_of(text)

    assert (code.uses_pipecat, code.is_runner) == (pipecat, runner)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("print 'python 2'", id="another-python"),
        pytest.param("\0", id="a-zero"),
        pytest.param("(" * 10_000, id="deep"),
        pytest.param("-" * 100_000 + "1", id="deeper"),
        pytest.param("x = " + "1 + " * 50_000 + "1", id="wide"),
    ],
)
def test_what_cannot_be_parsed_says_nothing_or_little(text: str) -> None:
    code = read_code(text)

    assert code is None or code.servings == ()


def test_a_warning_about_their_code_is_not_ours() -> None:
    assert code_of('x = "\\d"').variables == ()
