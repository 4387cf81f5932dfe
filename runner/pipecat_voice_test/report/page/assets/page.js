// Brings the page to life: players where they are looked at, links that go to a second, and the
// worst failure first.
"use strict";

(() => {
  const MOST_PLAYERS = 12; // Far more than are in view; beyond it memory grows for nothing.
  const LIGHT_EVERY_MS = 100;
  const HASH = /^#call-(\d+-\d+)(?:@(\d+))?$/;

  const players = new Map(); // By id; the one that was used last is the last.
  const rows = new Map();
  let active = null; // Id of the call that keys are for.
  let place = null; // Id and time of where the page was taken to last.
  let litAt = 0;

  const live = document.createElement("p");
  live.className = "said-aloud";
  live.setAttribute("role", "status");

  const rowsOf = (id) => {
    if (!rows.has(id)) rows.set(id, new Rows.Rows(Facts.article(id)));
    return rows.get(id);
  };

  const boxOf = (id) => Facts.article(id)?.querySelector(".player[data-call]");

  const thin = () => {
    for (const [id, player] of players) {
      if (players.size <= MOST_PLAYERS) return;
      if (id === active || player.playing) continue;
      player.destroy();
      players.delete(id);
    }
  };

  /** The player of a call, made if need be; null if there is nothing to draw. */
  const playerOf = (id) => {
    const box = boxOf(id);
    const data = Facts.of(id);
    if (!box || !data || !(data.duration_ms > 0)) {
      box?.classList.add("plain");
      return null;
    }
    const player = players.get(id) ?? new Player.Player(id, box, data, hooks(id));
    players.delete(id);
    players.set(id, player);
    rowsOf(id);
    thin();
    return player;
  };

  const hooks = (id) => ({
    time: (ms) => onTime(id, ms),
    play: () => onPlay(id),
    touched: () => (active = id),
    step: (by) => step(by),
    jump: (at) => jump(id, at),
    help: Keys.help,
  });

  const onTime = (id, ms) => {
    const now = performance.now();
    if (players.get(id)?.playing && now - litAt < LIGHT_EVERY_MS) return;
    litAt = now;
    rowsOf(id).light(isAimedAt(id, ms) ? place.at : ms);
  };

  /** Whether a call rests a little before the second that was asked for. */
  const isAimedAt = (id, ms) =>
    place?.id === id &&
    !players.get(id)?.playing &&
    Math.abs(ms - Math.max(0, place.at - Player.LEAD_MS)) < 50;

  const onPlay = (id) => {
    active = id;
    players.forEach((player, other) => other !== id && player.pause());
  };

  const openAround = (element) => {
    for (let at = element.closest("details"); at; at = at.parentElement.closest("details")) {
      at.open = true;
    }
  };

  /** Have the whole call from its heading in view if it fits, else the player. */
  const bringIntoView = (id, box) => {
    const article = Facts.article(id);
    const needed = box.getBoundingClientRect().bottom - article.getBoundingClientRect().top;
    if (needed <= innerHeight) article.scrollIntoView({ block: "start" });
    else box.scrollIntoView({ block: box.offsetHeight < innerHeight ? "center" : "start" });
  };

  const sayWhere = (data, at) => {
    const missed = Facts.missesAt(data, at).map((miss) => Facts.firstLine(miss.text));
    live.textContent = `at ${Facts.seconds(at)}: ${
      missed.join("; ") || Facts.speaking(data, at)
    }`;
  };

  const remember = (id, at) => {
    const hash = `#call-${id}@${at}`;
    if (location.hash === hash) return;
    // Setting location.hash would do, but makes some browsers scroll to the top.
    try {
      history.pushState(null, "", hash);
    } catch {
      location.hash = hash;
    }
  };

  /** Go to a second of a call. Nothing plays by itself: browsers forbid it, and so do readers. */
  const goTo = (id, at) => {
    const box = boxOf(id);
    if (!box) return false;
    openAround(box);
    const player = playerOf(id);
    bringIntoView(id, box);
    active = id;
    place = { id, at };
    if (!player) return true;
    player.show(at);
    const data = Facts.of(id);
    rowsOf(id).lines(Facts.missesAt(data, at).map((miss) => miss.line));
    sayWhere(data, at);
    return true;
  };

  const jump = (id, at) => {
    if (!goTo(id, at)) return;
    remember(id, at);
    players.get(id)?.slider.focus({ preventScroll: true });
  };

  /** The failure `by` places after (or before) where the page was taken to last. */
  const neighbour = (failures, by) => {
    const order = Facts.ids();
    const before = (one, other) =>
      order.indexOf(one.id) - order.indexOf(other.id) || one.at - other.at;
    const found =
      by > 0
        ? failures.find((failure) => !place || before(failure, place) > 0)
        : failures.findLast((failure) => place && before(failure, place) < 0);
    return found ?? (by > 0 ? failures[0] : failures[failures.length - 1]);
  };

  const step = (by) => {
    const failures = Facts.failures();
    if (!failures.length) return false;
    const { id, at } = neighbour(failures, by);
    jump(id, at);
    return true;
  };

  const followHash = () => {
    const found = HASH.exec(location.hash);
    if (!found) return false;
    const [, id, at] = found;
    if (at !== undefined) return goTo(id, Number(at));
    const box = boxOf(id);
    if (box) openAround(box);
    if (box) bringIntoView(id, box);
    active = id;
    return true;
  };

  const openAtWorst = () => {
    const worst = Facts.worst();
    if (!worst) return;
    goTo(worst.id, worst.at);
  };

  const onClick = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a.seek[data-call][data-at-ms]");
    if (link) {
      event.preventDefault();
      jump(link.dataset.call, Math.round(Number(link.dataset.atMs)));
      return;
    }
    const row = event.target.closest(".at[data-at-ms]");
    // Selecting text of a log is not asking to hear it.
    if (!row || event.target.closest("a, button") || !getSelection().isCollapsed) return;
    followRow(row);
  };

  const followRow = (row) => {
    const id = row.dataset.call ?? row.closest("article.call")?.dataset.call;
    const player = id && playerOf(id);
    if (!player) return;
    active = id;
    player.sound.load();
    player.seek(Rows.timeOf(row));
    sayWhere(Facts.of(id), Rows.timeOf(row));
  };

  const onRowKey = (event) => {
    const row = event.target.closest?.(".at[data-at-ms]");
    if (!row || event.target !== Rows.stopOf(row) || event.ctrlKey || event.metaKey) return;
    // A link follows Enter by itself.
    if (event.key === "Enter" && event.target === row) followRow(row);
    else if (!Rows.move(row, event.key)) return;
    event.preventDefault();
  };

  const withActive = (does) => {
    const player = active === null ? null : playerOf(active);
    if (!player) return false;
    does(player);
    return true;
  };

  const watch = () => {
    const seen = new IntersectionObserver(
      (entries) =>
        entries
          .filter((entry) => entry.isIntersecting)
          .forEach((entry) => playerOf(entry.target.dataset.call)),
      { rootMargin: "50% 0px" },
    );
    document.querySelectorAll(".player[data-call]").forEach((box) => seen.observe(box));
  };

  const start = () => {
    document.body.append(live);
    // The page knows where it was left; the browser, scrolling back there, would only disturb.
    history.scrollRestoration = "manual";
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onRowKey);
    document.addEventListener("focusin", (event) => {
      active = event.target.closest?.("article.call")?.dataset.call ?? active;
    });
    Keys.listen({
      toggle: () => withActive((player) => player.toggle()),
      skip: (by) => withActive((player) => player.seek(player.at + by)),
      zoom: (factor) => withActive((player) => player.zoom(factor)),
      fit: () => withActive((player) => player.fit()),
      step,
    });
    Theme.onChange(() => players.forEach((player) => player.recolour()));
    addEventListener("hashchange", followHash);
    if (!followHash() && !location.hash) openAtWorst();
    watch();
  };

  start();
})();
