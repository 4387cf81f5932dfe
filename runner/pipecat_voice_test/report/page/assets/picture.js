// What lies over and under the two voices: stretches, moments, measured distances, failures.
//
// Everything is placed in percent of the call, so zooming moves it for nothing. Only what has
// to be told apart in pixels, labels and the scale, is laid out again.
"use strict";

const Picture = (() => {
  const ROW_PX = 24;
  const MOST_ROWS = 6;
  const LABEL_GAP_PX = 6;
  const PIN_PX = 18;
  const TICK_PX = 70;
  const TICKS_MS = [100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000];
  // Who gets the room when labels meet.
  const TELLING = ["ended", "clear", "finding", "key", "mark", "mark_returned"];
  const SIGNS = { failed: "✗ ", inconclusive: "? " };
  const RANK = { failed: 0, inconclusive: 1 };

  const rank = (verdict) => RANK[verdict] ?? 2;

  const element = (classes, parent, text = "") => {
    const made = document.createElement("div");
    made.className = classes;
    made.textContent = text;
    parent.append(made);
    return made;
  };

  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text) => {
    pen.font = "600 11px system-ui, sans-serif";
    return pen.measureText(text).width + 10;
  };

  /** "✗ response 2210 ms, limit 1500 ms" */
  const distanceLabel = (distance) => {
    const value = Facts.milliseconds(distance.to_ms - distance.from_ms);
    const limit =
      distance.limit_ms === null ? "" : `, limit ${Facts.milliseconds(distance.limit_ms)}`;
    return `${SIGNS[distance.verdict] ?? ""}${Facts.metric(distance.metric)} ${value}${limit}`;
  };

  /** The first row in which a stretch of pixels is free, and now taken; -1 if there is none. */
  const placed = (rows, from, to) => {
    const free = (row) => row.every((taken) => to <= taken.from || taken.to <= from);
    let index = rows.findIndex(free);
    if (index < 0) {
      if (rows.length >= MOST_ROWS) return -1;
      index = rows.push([]) - 1;
    }
    rows[index].push({ from, to });
    return index;
  };

  /** Step of the scale, so that its figures do not touch. */
  const tickStep = (pxPerMs) =>
    TICKS_MS.find((step) => step * pxPerMs >= TICK_PX) ?? TICKS_MS[TICKS_MS.length - 1];

  class Picture {
    /**
     * @param wrapper wavesurfer's: as wide as the whole call, and scrolled.
     * @param data what the page knows of the call.
     * @param seek called with a time in ms when a failure's pin is clicked.
     */
    constructor(wrapper, data, seek) {
      this.wrapper = wrapper;
      this.data = data;
      this.back = document.createElement("div");
      this.back.className = "back";
      this.front = document.createElement("div");
      this.front.className = "front";
      wrapper.prepend(this.back);
      wrapper.append(this.front);
      this.#style();
      data.regions.forEach((region) => this.#region(region));
      this.moments = data.moments.map((moment) => this.#moment(moment));
      this.distances = data.distances.map((distance) => this.#distance(distance));
      this.pins = this.#pins(seek);
    }

    #style() {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(PICTURE_STYLE);
      const root = this.wrapper.getRootNode();
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    }

    #percent(ms) {
      return `${(100 * Math.min(Math.max(ms, 0), this.data.duration_ms)) / this.data.duration_ms}%`;
    }

    #span(made, from, to) {
      made.style.left = this.#percent(from);
      made.style.right = this.#percent(this.data.duration_ms - to);
      return made;
    }

    #region(region) {
      const made = element(`region ${region.kind} ${region.lane}`, this.back);
      const from = Facts.seconds(region.from_ms, 2);
      const to = Facts.seconds(region.to_ms, 2);
      made.title = `${region.text || Facts.metric(region.kind)} (${from} to ${to})`;
      this.#span(made, region.from_ms, region.to_ms);
    }

    #moment(moment) {
      const made = element(`moment ${moment.kind}`, this.front);
      made.title = `${moment.text} at ${Facts.seconds(moment.at_ms, 2)}`;
      made.style.left = this.#percent(moment.at_ms);
      return { ...moment, element: made, label: element("label", made, moment.text) };
    }

    #distance(distance) {
      const made = element(`distance ${distance.verdict}`, this.front);
      const text = distanceLabel(distance);
      made.title = distance.text || text;
      this.#span(made, distance.from_ms, distance.to_ms);
      element("line", made);
      const length = distance.to_ms - distance.from_ms;
      if (distance.limit_ms !== null && distance.limit_ms < length) {
        const limit = element("limit", made);
        limit.style.left = `${(100 * distance.limit_ms) / length}%`;
        limit.title = `limit ${Facts.milliseconds(distance.limit_ms)}`;
      }
      return { ...distance, element: made, text, label: element("label", made, text) };
    }

    /** One for each second in which something was missed; the failed ones lie on top. */
    #pins(seek) {
      const seconds = new Map();
      for (const miss of this.data.misses.filter((each) => each.at_ms !== null)) {
        const at = Math.round(miss.at_ms);
        seconds.set(at, [...(seconds.get(at) ?? []), miss]);
      }
      const worst = (misses) => Math.min(...misses.map((miss) => rank(miss.verdict)));
      return [...seconds]
        .sort(([, one], [, other]) => worst(other) - worst(one))
        .map(([at, misses]) => this.#pin(at, misses, seek));
    }

    #pin(at, misses, seek) {
      const failed = misses.some((miss) => miss.verdict === "failed");
      const pin = element(`pin ${failed ? "failed" : "inconclusive"}`, this.front);
      const lines = misses.map((miss) => Facts.firstLine(miss.text));
      pin.title = `${Facts.seconds(at, 2)}: ${lines.join("\n")}`;
      pin.style.left = this.#percent(at);
      pin.addEventListener("click", (event) => {
        event.stopPropagation();
        seek(at);
      });
      return { at, element: pin };
    }

    /** Make the failure at `at` stand out. */
    point(at) {
      this.pins.forEach((pin) =>
        pin.element.classList.toggle("sought", at !== null && Math.abs(pin.at - at) <= 1),
      );
    }

    /** Lay out what depends on pixels. Returns the height that the distances need, in pixels. */
    layOut() {
      const width = this.wrapper.clientWidth;
      const pxPerMs = width / this.data.duration_ms;
      this.#layOutMoments(pxPerMs, width);
      return this.#layOutDistances(pxPerMs, width) * ROW_PX;
    }

    #layOutDistances(pxPerMs, width) {
      const rows = [];
      const order = [...this.distances].sort(
        (one, other) => rank(one.verdict) - rank(other.verdict) || one.from_ms - other.from_ms,
      );
      for (const distance of order) {
        const from = distance.from_ms * pxPerMs;
        const to = Math.max(distance.to_ms * pxPerMs, from + 2);
        const label = widthOf(distance.text);
        const leftward = from + label > width;
        const starts = leftward ? Math.min(from, Math.max(0, to - label)) : from;
        const ends = leftward ? to : Math.max(to, from + label);
        const row = placed(rows, starts - LABEL_GAP_PX, ends + LABEL_GAP_PX);
        distance.label.classList.toggle("left", leftward);
        distance.label.hidden = row < 0;
        this.#toRow(distance.element, Math.max(row, 0));
      }
      return Math.max(rows.length, 1);
    }

    #toRow(made, row) {
      made.style.top = `calc(var(--above) + var(--lane) + ${row * ROW_PX - 2}px)`;
    }

    #layOutMoments(pxPerMs, width) {
      const pins = this.pins.map((pin) => pin.at * pxPerMs);
      const taken = pins.map((x) => ({ from: x - PIN_PX / 2, to: x + PIN_PX / 2 }));
      const order = [...this.moments].sort(
        (one, other) => TELLING.indexOf(one.kind) - TELLING.indexOf(other.kind),
      );
      for (const moment of order) {
        const at = moment.at_ms * pxPerMs;
        const length = widthOf(moment.text) + LABEL_GAP_PX;
        const leftward = at + length > width;
        const from = leftward ? at - length : at;
        const free = taken.every((other) => from + length <= other.from || other.to <= from);
        if (free) taken.push({ from, to: from + length });
        moment.label.hidden = !free;
        moment.label.classList.toggle("left", leftward);
      }
    }

    /** Draw the scale where it can be seen; a long call has too many seconds for all of it. */
    drawScale(fromMs, toMs) {
      const width = this.wrapper.clientWidth;
      const step = tickStep(width / this.data.duration_ms);
      const digits = step < 1000 ? 1 : 0;
      this.front.querySelectorAll(".tick").forEach((tick) => tick.remove());
      const last = Math.min(toMs, this.data.duration_ms);
      for (let at = Math.max(0, Math.floor(fromMs / step) * step); at <= last; at += step) {
        element("tick", this.front, Facts.seconds(at, digits)).style.left = this.#percent(at);
      }
    }
  }

  /** What the picture of a call shows, for its legend: pairs of a class and what it means. */
  const legend = (data) => {
    const kinds = new Set(data.regions.map((region) => region.kind));
    const shown = [
      ["cut_in", "bot cuts in"],
      ["talk_over", "bot talks over the caller"],
      ["gap", "hole in the bot's voice"],
    ].filter(([kind]) => kinds.has(kind));
    if (data.misses.some((miss) => miss.at_ms !== null)) shown.unshift(["pin", "failed check"]);
    if (data.distances.length) shown.push(["measured", "measured time, with its limit"]);
    return shown;
  };

  return { Picture, legend };
})();
