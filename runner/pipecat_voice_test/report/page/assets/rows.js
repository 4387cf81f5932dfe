// Rows that know a time: events, lines of the log, what was said. They light up as the call is
// played, and take the player to their second.
"use strict";

const Rows = (() => {
  const MOST_TAB_STOPS = 20;

  const timeOf = (row) => Number(row.dataset.atMs);

  /** What takes the focus for a row: the link to its second, or itself. */
  const stopOf = (row) => row.querySelector("a.seek") ?? row;

  /** The last row that has happened by `ms`, or null; `rows` are oldest first. */
  const latest = (rows, ms) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeOf(rows[middle]) <= ms) low = middle + 1;
      else high = middle;
    }
    return low ? rows[low - 1] : null;
  };

  /** Scroll its list, and never the page, so that a row is in sight. */
  const reveal = (row) => {
    let box = row.parentElement;
    while (box && !box.matches("article, body")) {
      const isCut = box.scrollHeight > box.clientHeight + 1;
      if (isCut && getComputedStyle(box).overflowY !== "visible") {
        const inside = row.getBoundingClientRect();
        const around = box.getBoundingClientRect();
        if (inside.top < around.top || inside.bottom > around.bottom) {
          box.scrollTop += inside.top - around.top - box.clientHeight / 2;
        }
        return;
      }
      box = box.parentElement;
    }
  };

  class Rows {
    constructor(article) {
      this.article = article;
      const lists = new Map();
      for (const row of article.querySelectorAll(".at[data-at-ms]")) {
        lists.set(row.parentElement, [...(lists.get(row.parentElement) ?? []), row]);
      }
      this.lists = [...lists.values()].map((rows) => ({
        rows: rows.sort((one, other) => timeOf(one) - timeOf(other)),
        lit: null,
      }));
      this.lists.forEach(({ rows }) => this.#reachable(rows));
    }

    /** A long list is one Tab stop, with arrows inside: a log has hundreds of lines. */
    #reachable(rows) {
      const single = rows.length > MOST_TAB_STOPS;
      rows.forEach((row, index) => {
        const stop = stopOf(row);
        if (single && index) stop.setAttribute("tabindex", "-1");
        else if (stop === row) stop.setAttribute("tabindex", "0");
      });
    }

    light(ms) {
      for (const list of this.lists) {
        const row = latest(list.rows, ms);
        if (row === list.lit) continue;
        this.#swap(list.lit, row);
        list.lit = row;
      }
    }

    #swap(before, now) {
      before?.classList.remove("lit");
      before?.removeAttribute("aria-current");
      now?.classList.add("lit");
      now?.setAttribute("aria-current", "time");
      if (now) reveal(now);
    }

    /** Light the lines of the scenario file that were missed. */
    lines(numbers) {
      const scenario = this.article.closest("section") ?? this.article;
      for (const line of scenario.querySelectorAll("li.line[data-line]")) {
        const lit = numbers.includes(Number(line.dataset.line));
        line.classList.toggle("lit", lit);
        if (lit) reveal(line);
      }
    }
  }

  /** Move from a row to another of its list. Returns whether the key was one for that. */
  const move = (row, key) => {
    const rows = [...row.parentElement.querySelectorAll(":scope > .at[data-at-ms]")];
    const from = rows.indexOf(row);
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: rows.length - 1 }[key];
    const next = rows[to];
    if (!next) return to !== undefined;
    if (rows.length > MOST_TAB_STOPS) {
      stopOf(row).setAttribute("tabindex", "-1");
      stopOf(next).setAttribute("tabindex", "0");
    }
    stopOf(next).focus();
    return true;
  };

  return { Rows, move, stopOf, timeOf };
})();
