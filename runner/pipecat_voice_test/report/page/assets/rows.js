// Rows that know a time: events, lines of the log, what was said. They light up as the call is
// played, and take the player to their second.
"use strict";

const Rows = (() => {
  const timeOf = (row) => Number(row.dataset.atMs);

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
      if (box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY !== "visible") {
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

    /** One Tab stop for a list, the arrows inside: a log has thousands of lines. */
    #reachable(rows) {
      const bare = rows.filter((row) => !row.querySelector("a, button"));
      bare.forEach((row, index) => row.setAttribute("tabindex", index ? "-1" : "0"));
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
      for (const line of this.article.querySelectorAll("li.line[data-line]")) {
        const lit = numbers.includes(Number(line.dataset.line));
        line.classList.toggle("lit", lit);
        if (lit) reveal(line);
      }
    }
  }

  /** Move from a row to another of its list. Returns whether the key was one for that. */
  const move = (row, key) => {
    const rows = [...row.parentElement.querySelectorAll(":scope > .at[tabindex]")];
    const from = rows.indexOf(row);
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: rows.length - 1 }[key];
    if (to === undefined) return false;
    const next = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    row.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    return true;
  };

  return { Rows, move, timeOf };
})();
