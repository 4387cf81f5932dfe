"""When the demo bot speaks, yields and hangs up, and how each of its faults is lived through."""

from functools import cache
from itertools import pairwise

import pytest
from pipecat_voice_test.demo.acts import Send
from pipecat_voice_test.demo.background import Background, sound_of
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import VOICES, Voice
from pipecat_voice_test.demo.faults import Faults, Manners
from pipecat_voice_test.demo.mouth import Mouth

from demo.phone import FRAME_MS, LOUD, QUIET, Call, phone

GREETING_END = 2300  # 300 ms, then 2000 ms of greeting.
ASKS = (3000, 4001)  # Ends off any frame.
ANSWER = 4701
INTERRUPTS = (6007, 7200)
PORTIONS = [20, 40, 137.5, 200, None]


@cache
def voice(name: str) -> Voice:
    return VOICES[name]()


def call(
    *says: tuple[int, int],
    faults: str = "",
    for_ms: int = 12_000,
    portion_ms: float | None = 20,
    keys: dict[int, str] | None = None,
    coughs: tuple[tuple[int, int], ...] = (),
    sound: str = "steady",
    manners: Manners | None = None,
    background: str = "",
) -> Call:
    return phone(
        voice(sound),
        Faults(faults.split(",")).applied_to(manners or Manners()),
        list(says),
        for_ms=for_ms,
        portion_ms=portion_ms,
        keys=keys,
        coughs=coughs,
        background=Background(sound_of(background, 20)) if background else None,
    )


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_a_healthy_bot_greets_answers_yields_and_answers_again(portion_ms: float | None) -> None:
    heard = call(ASKS, INTERRUPTS, portion_ms=portion_ms, for_ms=12_000)

    assert heard.spans() == [(300, GREETING_END), (ANSWER, 6307), (7900, 10_400)]
    assert heard.clears_ms == [6307]


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_the_log_says_what_was_heard(portion_ms: float | None) -> None:
    times = call(ASKS, INTERRUPTS, portion_ms=portion_ms)

    assert times.times_of("greeting") == [{"at": 300}]
    assert times.times_of("answer") == [
        {"at": ANSWER, "caller_onset": 3000, "caller_end": 4001},
        {"at": 7900, "caller_onset": 6007, "caller_end": 7200},
    ]
    assert times.times_of("stopped") == [{"at": 6307, "caller_onset": 6007}]


def test_a_paced_bot_is_little_ahead_of_what_is_heard() -> None:
    assert call(ASKS, portion_ms=20).most_ahead_ms <= 80


@pytest.mark.parametrize(
    ("says", "spans"),
    [
        pytest.param([(3000, 3059)], [(300, 2300)], id="a-click-is-not-answered"),
        pytest.param([(3000, 3070)], [(300, 2300), (3770, 9000)], id="a-short-word-is"),
        pytest.param(
            [(3000, 3500), (4150, 4500)], [(300, 2300), (5200, 9000)], id="a-pause-of-650-ms"
        ),
        pytest.param([(500, 690)], [(300, 2300)], id="mhm-neither-stops-it-nor-is-answered"),
        pytest.param([(500, 720)], [(300, 800), (1420, 9000)], id="220-ms-of-voice-stop-it"),
        pytest.param(
            [(500, 620), (680, 800)], [(300, 800), (1500, 9000)], id="two-syllables-stop-it"
        ),
        pytest.param(
            [(2200, 3000)], [(300, 2300), (3700, 9000)], id="a-caller-who-came-in-at-the-end"
        ),
    ],
)
def test_what_the_caller_does(says: list[tuple[int, int]], spans: list[tuple[int, int]]) -> None:
    assert call(*says, for_ms=9000).spans() == spans


@pytest.mark.parametrize("stop_after_ms", [80, 200, 900, 1900])
def test_it_yields_as_late_as_it_is_told(stop_after_ms: int) -> None:
    heard = call(ASKS, (6007, 6900), faults=f"slow-yield={stop_after_ms}")

    assert heard.spans()[1] == (ANSWER, 6007 + stop_after_ms)


@pytest.mark.parametrize("answer_after_ms", [100, 300, 800, 3000])
def test_it_answers_as_late_as_it_is_told(answer_after_ms: int) -> None:
    heard = call(ASKS, faults=f"late-answer={answer_after_ms}")

    assert heard.spans()[1][0] == ASKS[1] + answer_after_ms


@pytest.mark.parametrize(
    ("keys", "clip_ms"),
    [
        pytest.param({3000: "1"}, (3500, 6500), id="1-opening-hours"),
        pytest.param({3000: "2"}, (3500, 7000), id="2-address"),
        pytest.param({3000: "1", 3100: "2", 3200: "#"}, (3240, 4740), id="a-number"),
    ],
)
def test_keys(keys: dict[int, str], clip_ms: tuple[int, int]) -> None:
    assert call(keys=keys, for_ms=9000).spans() == [(300, GREETING_END), clip_ms]


def test_a_key_interrupts() -> None:
    heard = call(keys={1000: "1"}, for_ms=9000)

    assert heard.spans() == [(300, 1000), (1500, 4500)]


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_9_says_goodbye_and_closes_when_it_was_heard(portion_ms: float | None) -> None:
    heard = call(keys={3000: "9"}, for_ms=9000, portion_ms=portion_ms)

    assert heard.spans()[1] == (3500, 5000)
    assert heard.closed == (1000, 5000)
    assert heard.unheard_ms == 0


@pytest.mark.parametrize(
    ("faults", "closed", "unheard_ms"),
    [
        pytest.param("cut-goodbye=400", (1000, 4600), 400, id="cut-goodbye"),
        pytest.param("cut-goodbye=80", (1000, 4920), 80, id="cut-goodbye-a-little"),
        pytest.param("silence-before-close", (1000, 5045), 0, id="silence-before-close"),
        pytest.param("never-hangs-up", None, 0, id="never-hangs-up"),
        pytest.param("close-code=4003", (4003, 5000), 0, id="close-code"),
        pytest.param("hangs-up-after=4000,close-code=1011", (1011, 4000), 1000, id="hangs-up"),
    ],
)
@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_faults_of_ending(
    faults: str, closed: tuple[int, float] | None, unheard_ms: float, portion_ms: float | None
) -> None:
    heard = call(keys={3000: "9"}, faults=faults, for_ms=9000, portion_ms=portion_ms)

    assert (heard.closed, heard.unheard_ms) == (closed, unheard_ms)


@pytest.mark.parametrize(
    ("faults", "spans"),
    [
        pytest.param("silent", [], id="silent"),
        pytest.param("no-greeting", [(ANSWER, 6307), (7900, 10_400)], id="no-greeting"),
        pytest.param(
            "late-greeting=900", [(900, 2900), (ANSWER, 6307), (7900, 10_400)], id="late-greeting"
        ),
        pytest.param("never-answers", [(300, 2300)], id="never-answers"),
        pytest.param("ignores-caller", [(300, 2300), (ANSWER, 12_000)], id="ignores-caller"),
        pytest.param("clears-but-talks-on", [(300, 2300), (ANSWER, 12_000)], id="talks-on"),
        pytest.param(
            "stale=220", [(300, 2300), (ANSWER, 6307), (6807, 7027), (7900, 10_400)], id="D3-stale"
        ),
        pytest.param(
            "stops-midway", [(300, 2300), (ANSWER, 6307), (7900, 12_000)], id="stopped-before-half"
        ),
    ],
)
@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_faults_of_talking(
    faults: str, spans: list[tuple[int, int]], portion_ms: float | None
) -> None:
    assert call(ASKS, INTERRUPTS, faults=faults, portion_ms=portion_ms).spans() == spans


def test_clears_but_talks_on_clears_once() -> None:
    heard = call(ASKS, INTERRUPTS, faults="clears-but-talks-on")

    assert heard.clears_ms == [6307]
    assert heard.times_of("stopped") == []


@pytest.mark.parametrize(
    ("portion_ms", "stops_ms"),
    [pytest.param(20, 6381, id="paced"), pytest.param(None, 14_701, id="all-at-once")],
)
def test_d1_without_clear_what_was_sent_plays_on(portion_ms: float | None, stops_ms: int) -> None:
    heard = call(ASKS, INTERRUPTS, faults="no-clear", portion_ms=portion_ms, for_ms=20_000)

    assert heard.clears_ms == []
    assert heard.times_of("stopped") == [{"at": stops_ms, "caller_onset": 6007}]


def test_d4_it_halts_in_mid_reply_until_the_caller_says_something() -> None:
    heard = call(ASKS, (12_000, 12_500), faults="stops-midway", for_ms=20_000)

    assert heard.spans()[1:] == [(ANSWER, ANSWER + 5000), (13_200, 18_200)]


@pytest.mark.parametrize("gap_ms", [50, 80, 250])
@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_d5_its_voice_breaks_up(gap_ms: int, portion_ms: float | None) -> None:
    spans = call(faults=f"breaks-up={gap_ms}", for_ms=6000, portion_ms=portion_ms).spans(join_ms=20)

    assert spans == [(300, 1300), (1300 + gap_ms, 2300 + gap_ms)]


def test_d7_it_stops_for_any_noise_and_does_not_go_on() -> None:
    heard = call(ASKS, (6000, 6060), faults="yields-to-anything")

    assert heard.spans()[1:] == [(ANSWER, 6300)]


def test_d8_it_answers_into_a_pause() -> None:
    heard = call((3000, 3500), (4200, 5000), faults="cuts-in")

    assert heard.spans()[1:] == [(3900, 4500), (5400, 7900)]


def test_a_bot_that_ignores_the_caller_pauses_like_a_person() -> None:
    heard = call(ASKS, INTERRUPTS, faults="ignores-caller", sound="pauses", for_ms=16_000)
    reply = [span for span in heard.spans() if span[0] >= ANSWER]
    pauses = [after[0] - before[1] for before, after in pairwise(reply)]

    assert heard.spans()[-1][1] == ANSWER + 10_000
    assert pauses == [400, 650, 900, 500, 700, 450]


def test_speech_begins_and_ends_loud() -> None:
    heard = call(ASKS, sound="speech", for_ms=20_000)

    assert heard.spans()[0][0] == 300
    assert heard.times_of("answer")[0]["at"] == ANSWER
    assert ANSWER in [start for start, _ in heard.spans()]


def test_it_does_not_answer_a_silence_that_has_not_arrived_yet() -> None:
    brain = Brain(Manners(greets=False), voice("steady"), Mouth(20))
    for frame in range(50):  # One second of voice; then the line stalls.
        brain.hear(LOUD * FRAME_MS, (frame + 1) * FRAME_MS)

    assert brain.due_ms() is None
    assert brain.act(5000) == []

    for _ in range(40):
        brain.hear(QUIET * FRAME_MS, 5000)

    assert [act.said for act in brain.act(5000) if isinstance(act, Send) and act.first] == [
        "reply-1"
    ]


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_a_bot_that_streams_silence_says_the_same_a_little_later(portion_ms: float | None) -> None:
    heard = call(ASKS, INTERRUPTS, background="silence", portion_ms=portion_ms)
    later_ms = 60 + (portion_ms or 20)
    (_, answer, again), (stopped,) = heard.spans(), heard.times_of("stopped")

    assert [time["at"] for time in heard.times_of("answer")] == pytest.approx(
        [answer[0], again[0]], abs=1
    )
    assert stopped["at"] == pytest.approx(answer[1], abs=1)
    assert ANSWER <= answer[0] <= ANSWER + later_ms
    assert answer[1] == 6307
    assert heard.dry_ms == []


@pytest.mark.parametrize("kind", ["music", "noise"])
def test_a_background_is_heard_from_the_first_moment_to_the_last(kind: str) -> None:
    """Between utterances, too, and while the bot yields."""
    heard = call(ASKS, INTERRUPTS, background=kind)

    assert heard.dry_ms == []
    assert [end for _, end in heard.spans()] == [12_000]
    assert heard.times_of("stopped") == [{"at": 6307, "caller_onset": 6007}]


@pytest.mark.parametrize(
    ("portion_ms", "stops_ms"), [pytest.param(20, 6390, id="paced"), (None, 14_780)]
)
def test_a_bot_that_streams_silence_and_never_clears(
    portion_ms: float | None, stops_ms: int
) -> None:
    """Healthy while it is little ahead; all at once, what was sent plays on."""
    heard = call(
        ASKS,
        INTERRUPTS,
        faults="streams-silence",
        background="silence",
        portion_ms=portion_ms,
        for_ms=20_000,
    )
    (stopped,) = heard.times_of("stopped")

    assert heard.clears_ms == []
    assert stopped["at"] == pytest.approx(stops_ms, abs=60)
    assert heard.dry_ms == []


COUGH = (3000, 3350)


@pytest.mark.parametrize(
    ("faults", "spans"),
    [
        pytest.param("", [(300, GREETING_END)], id="a-healthy-bot-does-not-answer-a-cough"),
        pytest.param(
            "answers-noise", [(300, GREETING_END), (4050, 9000)], id="one-that-takes-it-for-a-word"
        ),
    ],
)
def test_a_cough_in_silence(faults: str, spans: list[tuple[int, int]]) -> None:
    assert call(coughs=(COUGH,), faults=faults, for_ms=9000).spans() == spans


@pytest.mark.parametrize(
    ("faults", "spans"),
    [
        pytest.param("", [(ANSWER, 14_701), (16_701, 19_201)], id="a-healthy-bot-talks-on"),
        pytest.param(
            "yields-to-anything", [(ANSWER, 6300), (16_701, 19_201)], id="D7-answers-when-spoken-to"
        ),
        pytest.param("silent-after-cough", [(ANSWER, 6300)], id="says-nothing-any-more"),
    ],
)
def test_a_cough_while_the_bot_speaks(faults: str, spans: list[tuple[int, int]]) -> None:
    heard = call(ASKS, (15_000, 16_001), coughs=((6000, 6350),), faults=faults, for_ms=20_000)

    assert heard.spans()[1:] == spans


def test_a_bot_may_want_more_voice_before_it_yields() -> None:
    patient = Manners(voice_to_yield_ms=600, stop_after_ms=800)
    heard = call(ASKS, (6000, 6500), (8000, 9000), manners=patient, for_ms=9_500)

    assert heard.spans()[1:] == [(ANSWER, 8800)]


@pytest.mark.parametrize(("says", "answers"), [((3000, 3500), 0), ((3000, 3700), 1)])
def test_a_bot_deaf_to_a_short_yes(says: tuple[int, int], answers: int) -> None:
    assert len(call(says, faults="deaf-to-short", for_ms=6000).spans()) == 1 + answers


def test_it_answers_twice() -> None:
    heard = call(ASKS, faults="answers-twice=700", for_ms=28_000)

    assert heard.spans()[1:] == [(ANSWER, 14_701), (15_401, 25_401)]


def test_the_second_answer_cuts_in_on_the_caller() -> None:
    heard = call(ASKS, (16_000, 19_000), faults="answers-twice", for_ms=17_000)

    assert heard.spans()[1:] == [(ANSWER, 14_701), (16_201, 16_501)]


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_it_resumes_the_old_answer_while_the_caller_still_speaks(
    portion_ms: float | None,
) -> None:
    heard = call(
        ASKS, (6007, 9000), faults="resumes-old-answer", portion_ms=portion_ms, for_ms=18_000
    )
    old_ms = 10_000 - (6307 - ANSWER)

    assert heard.spans()[1:] == [(ANSWER, 6307), (7107, 7107 + old_ms)]


def test_its_greeting_begins_without_its_first_word() -> None:
    assert call(faults="cuts-greeting", for_ms=4000).spans() == [(300, 1800)]


def test_it_is_silent_while_a_tool_runs() -> None:
    spans = call(ASKS, faults="dead-air", for_ms=15_000).spans()[1:]

    assert spans == [(ANSWER, ANSWER + 1500), (ANSWER + 7500, 15_000)]


def test_it_hangs_up_in_mid_sentence() -> None:
    heard = call(ASKS, faults="hangs-up-mid-sentence")

    assert heard.closed == (1000, ANSWER + 1200)


@pytest.mark.parametrize("portion_ms", PORTIONS)
def test_the_end_of_its_goodbye_is_never_sent(portion_ms: float | None) -> None:
    heard = call(keys={3000: "9"}, faults="unsaid-goodbye", portion_ms=portion_ms)

    assert heard.spans()[1] == (3500, 4700)
    assert (heard.closed, heard.unheard_ms) == ((1000, 4700), 0)


def test_its_speech_comes_slower_than_it_plays() -> None:
    spans = call(faults="slower-than-speech", portion_ms=200, for_ms=2000).spans(join_ms=20)

    assert spans[:3] == [(300, 500), (540, 740), (840, 1040)]
