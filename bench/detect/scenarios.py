"""The scenarios: those a user would write to find the faults, without a name.

All are short and keep the default limits, except where METRICS gives a metric none. What is
played beside the example recordings is made by `sounds`.
"""

GREETED = """
turns:
  - expect: [{event: response, within_ms: 4000}]
"""
_ASKED = """
  - audio: audio/one_moment_please.wav
    expect: [{event: response, within_ms: 2500}]
"""

# The bot greets.
GREETING = GREETED
# … and answers one question.
TURN = GREETED + _ASKED
# A short word wants an answer too.
SHORT_WORD = (
    GREETED
    + """
  - audio: audio/no.wav
    user: "No."
    expect: [{event: response, within_ms: 2500}]
"""
)
# Two questions, one after the other.
TWO_QUESTIONS = (
    TURN
    + """
  - audio: audio/dont_know_who_sent_this.wav
    expect: [{event: response, within_ms: 2500}]
"""
)
# The caller pauses for 900 ms in a number.
PAUSE = (
    GREETED
    + """
  - audio: audio/number_with_pause.wav
    expect: [{event: response, within_ms: 3000}]
"""
)
# Who knows what the bot says also knows how long that takes.
WHOLE_GREETING = """
turns:
  - expect: [{event: response, within_ms: 4000, lasts_at_least_ms: 3300}]
"""
WHOLE_REPLY = (
    GREETED
    + """
  - audio: audio/one_moment_please.wav
    expect: [{event: response, within_ms: 2500, lasts_at_least_ms: 5000}]
"""
)
SHORT_REPLY = (
    GREETED
    + """
  - audio: audio/one_moment_please.wav
    expect: [{event: response, within_ms: 2500, lasts_at_most_ms: 5000}]
"""
)
# The caller does not wait for the end of the answer: he comes in while a word is being said.
BARGE_IN = (
    TURN
    + """
  - audio: audio/dont_know_who_sent_this.wav
    send_after: {event: bot_started_speaking, delay_ms: 2200}
    expect:
      - {event: bot_interrupted, within_ms: 1000}
      - {event: response, within_ms: 2500}
"""
)
# … and knows that the answer to that is short.
BARGE_IN_SHORT_ANSWER = BARGE_IN.replace(
    "{event: response, within_ms: 2500}\n", "{event: response, within_ms: 2500, "
    "lasts_at_most_ms: 5000}\n"
)  # fmt: skip
# The caller coughs, or says "mhm", while the bot speaks.
_OVER_THE_ANSWER = (
    """
limits: {{false_yield: 0}}"""
    + TURN.replace("{", "{{").replace("}", "}}")
    + """
  - audio: audio/{sound}.wav
    kind: distractor
    send_after: {{event: bot_started_speaking, delay_ms: 2200}}
    expect: [{{event: bot_interrupted, absent: true, within_ms: 1500}}]
"""
)
COUGH = _OVER_THE_ANSWER.format(sound="cough")
MHM = _OVER_THE_ANSWER.format(sound="mhm")
HM = _OVER_THE_ANSWER.format(sound="hm")
# … and asks another question afterwards.
COUGH_AND_QUESTION = (
    TURN
    + """
  - audio: audio/cough.wav
    kind: distractor
    send_after: {event: bot_started_speaking, delay_ms: 2200}
  - audio: audio/dont_know_who_sent_this.wav
    expect: [{event: response, within_ms: 2500}]
"""
)
# The caller coughs while nobody speaks.
COUGH_IN_SILENCE = (
    """
limits: {false_response: 0}"""
    + GREETED
    + """
  - audio: audio/cough.wav
    kind: distractor
    send_after: {delay_ms: 1500}
  - wait_ms: 2500
"""
)
# The bot looks something up: it says so, then answers.
TOOL = (
    GREETED
    + """
  - audio: audio/one_moment_please.wav
    expect:
      - {event: response, within_ms: 2500}
      - {event: response, within_ms: 15000}
"""
)
# The bot says goodbye and hangs up.
GOODBYE = (
    GREETED
    + """
  - dtmf: "9"
    expect: [{event: response, within_ms: 2500}, {event: call_ended, within_ms: 6000}]
"""
)
# Everything at once: for bots that should pass.
CONVERSATION = BARGE_IN


def with_line_noise(scenario: str, snr_db: float) -> str:
    """The same with the noise of a room under the caller's voice."""
    return f"\nline: {{noise: {{audio: audio/room.wav, snr_db: {snr_db:g}}}}}{scenario}"
