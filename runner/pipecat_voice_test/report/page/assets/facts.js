// What the page knows of its calls, and how times are said.
"use strict";

const Facts = (() => {
  // A link's time is in whole milliseconds, a check's need not be.
  const SAME_MS = 1;
  const known = new Map();

  // Ids are digits and a hyphen; anything else in a link selects nothing.
  const isId = (id) => /^\d+-\d+$/.test(id || "");

  /** The data of a call by its id, "2-1", or null. */
  const of = (id) => {
    if (!isId(id)) return null;
    if (!known.has(id)) {
      const holder = document.querySelector(`script.call-data[data-call="${id}"]`);
      known.set(id, holder ? JSON.parse(holder.textContent) : null);
    }
    return known.get(id);
  };

  const article = (id) => (isId(id) ? document.getElementById(`call-${id}`) : null);

  /** What a call is called on the page. */
  const title = (id) =>
    document.getElementById(`call-${id}-title`)?.textContent.trim() ?? `call ${id}`;

  const ids = () =>
    [...document.querySelectorAll("article.call[data-call]")].map((call) => call.dataset.call);

  /** Seconds that were missed, of the whole page: calls in order, each from its beginning. */
  let missed = null;
  const failures = () =>
    (missed ??= ids().flatMap((id) => {
      const times = (of(id)?.misses ?? []).map((miss) => miss.at_ms).filter(Number.isFinite);
      return [...new Set(times.map(Math.round))]
        .sort((one, other) => one - other)
        .map((at) => ({ id, at }));
    }));

  /** Where the page opens: named by the page, else the first call with something missed. */
  const worst = () => {
    const named = document.querySelector("[data-worst-call][data-worst-ms]");
    if (named && article(named.dataset.worstCall)) {
      return { id: named.dataset.worstCall, at: Number(named.dataset.worstMs) };
    }
    const id = ids().find((each) => Number.isFinite(of(each)?.worst_ms));
    return id === undefined ? null : { id, at: Math.round(of(id).worst_ms) };
  };

  const missesAt = (data, at) =>
    data.misses.filter((miss) => Math.abs(miss.at_ms - at) <= SAME_MS && miss.at_ms !== null);

  /** A check's line without the advice that may follow it. */
  const firstLine = (text) => text.split("\n", 1)[0];

  const seconds = (ms, digits = 1) => `${(ms / 1000).toFixed(digits)} s`;

  const milliseconds = (ms) => `${Math.round(ms)} ms`;

  /** Who speaks at a time: "caller and bot speak", "bot speaks", "nobody speaks". */
  const speaking = (data, at) => {
    const lanes = ["caller", "bot"].filter((lane) =>
      data.regions.some(
        (region) =>
          region.kind === "speech" &&
          region.lane === lane &&
          region.from_ms <= at &&
          at < region.to_ms,
      ),
    );
    if (lanes.length === 2) return "caller and bot speak";
    return lanes.length ? `${lanes[0]} speaks` : "nobody speaks";
  };

  /** An id of a metric as people say it: "response_ms" is "response". */
  const metric = (name) => name.replace(/_ms$/, "").replaceAll("_", " ");

  return {
    of,
    article,
    title,
    ids,
    failures,
    worst,
    missesAt,
    firstLine,
    seconds,
    milliseconds,
    speaking,
    metric,
  };
})();
