// A call to be seen and heard: two voices, the picture over them, and what plays them.
"use strict";

const Player = (() => {
  const LANE_PX = 60;
  const LEAD_MS = 500; // Heard before a failure, so that the ear is there when it comes.
  const ZOOM_STEP = 1.5;
  const MOST_PX_PER_S = 400;
  const READABLE_PX_PER_S = 40; // Below it, a second is too narrow to see what is late in it.
  const CHEAPEST_PEAK = 0.02; // Silence is not blown up to full height.
  const SIGNS = { failed: "✗", inconclusive: "?" };

  const { make, button } = Controls;

  const tenths = (ms) => Math.round(ms / 100) / 10;

  const nonce = () => document.querySelector("style[nonce]")?.nonce;

  const peaksOf = (data) => {
    const lanes = [data.said_peaks, data.heard_peaks];
    return lanes.map((lane) => Float32Array.from(lane.length ? lane : [0], (peak) => peak / 100));
  };

  const loudest = (lanes) =>
    lanes.reduce((most, lane) => lane.reduce((a, b) => Math.max(a, b), most), CHEAPEST_PEAK);

  /** What was missed at a second, in a line; the page has the rest. */
  const captionOf = (missed, at) => {
    if (!missed.length) return "";
    const [first, ...more] = missed;
    const others = more.length ? ` (and ${more.length} more)` : "";
    const text = Facts.firstLine(first.text);
    return `${SIGNS[first.verdict] ?? ""} at ${Facts.seconds(at, 2)}: ${text}${others}`;
  };

  class Player {
    /**
     * @param box the call's `.player`; what it held comes back with `destroy`.
     * @param on what the page wants to know or can do: `time(ms)`, `play()`, `step(by)`,
     *   `jump(ms)`, `help()`.
     */
    constructor(id, box, data, on) {
      this.id = id;
      this.box = box;
      this.data = data;
      this.on = on;
      this.pxPerSecond = 0; // 0: the whole call fits.
      this.sound = new Sound.Sound(id, data.audio);
      this.before = [...box.childNodes];
      this.#build();
      this.#makeWave();
    }

    #build() {
      this.time = make("span", { class: "time" });
      this.caption = make("p", { class: "caption" });
      this.problem = make("p", { class: "problem", role: "alert", hidden: "" });
      this.wave = make("div", { class: "wave" });
      this.wave.style.setProperty("--lane", `${LANE_PX}px`);
      const label = `Position in ${Facts.title(this.id)}`;
      this.slider = Controls.slider(label, tenths(this.data.duration_ms), [this.wave]);
      const stage = make("div", { class: "stage" }, [Controls.names(), this.slider]);
      const legend = Controls.legend(this.data);
      this.box.replaceChildren(this.#tools(), this.caption, this.problem, stage, legend);
      this.box.classList.add("ready");
      this.#tell(0);
    }

    #tools() {
      this.play = Controls.playButton(() => this.toggle());
      const shown = [this.play.element, this.time];
      if (Facts.failures().length) {
        shown.push(
          button("step", "‹ failure", "Previous failure", "p", () => this.on.step(-1)),
          button("step", "failure ›", "Next failure", "n", () => this.on.step(1)),
        );
      }
      shown.push(
        button("zoom", "−", "Zoom out", "-", () => this.zoom(1 / ZOOM_STEP)),
        button("zoom", "+", "Zoom in", "+", () => this.zoom(ZOOM_STEP)),
        button("zoom", "fit", "Fit the whole call", "0", () => this.fit()),
        Controls.speed((rate) => this.#setSpeed(rate)),
        button("help", "? keys", "Keys", "?", () => this.on.help()),
      );
      // Why there is none, the page itself says.
      if (!this.sound.available) this.play.element.setAttribute("aria-disabled", "true");
      const label = `Player of ${Facts.title(this.id)}`;
      return make("div", { class: "tools", role: "group", "aria-label": label }, shown);
    }

    #setSpeed(rate) {
      // Loading a recording brings the default back.
      this.sound.element.defaultPlaybackRate = rate;
      this.ws.setPlaybackRate(rate, true);
    }

    #makeWave() {
      const peaks = peaksOf(this.data);
      this.ws = WaveSurfer.create({
        container: this.wave,
        media: this.sound.element,
        peaks,
        duration: this.data.duration_ms / 1000,
        normalize: true,
        maxPeak: loudest(peaks),
        height: LANE_PX,
        cursorWidth: 2,
        dragToSeek: true,
        autoCenter: !matchMedia("(prefers-reduced-motion: reduce)").matches,
        cspNonce: nonce(),
        ...this.#colours(),
      });
      this.picture = new Picture.Picture(this.ws.getWrapper(), this.data, (at) => this.on.jump(at));
      // It scrolls by itself, and the slider around it is what keys reach.
      this.ws.getWrapper().parentElement.tabIndex = -1;
      this.ready = new Promise((resolve) => this.ws.once("ready", resolve));
      this.#listen();
    }

    #listen() {
      this.ws.on("redraw", () => this.#layOut());
      this.ws.on("scroll", () => this.#drawScale());
      this.ws.on("timeupdate", (seconds) => this.#onTime(seconds * 1000));
      this.ws.on("play", () => this.#onPlay());
      this.ws.on("pause", () => this.#onRest());
      this.ws.on("finish", () => this.#onRest());
      this.ws.on("interaction", () => this.on.touched());
      this.ws.on("error", () => this.#cannotPlay(this.sound.problem));
      this.wave.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
      this.slider.addEventListener("keydown", (event) => this.#onKey(event));
    }

    #colours() {
      const style = getComputedStyle(this.wave);
      const colour = (name) => style.getPropertyValue(name).trim();
      return {
        cursorColor: colour("--ink"),
        splitChannels: ["caller", "bot"].map((lane) => ({
          waveColor: colour(`--voice-${lane}`),
          progressColor: colour(`--voice-${lane}-played`),
        })),
      };
    }

    recolour() {
      this.ready.then(() => this.ws.setOptions(this.#colours()));
    }

    #layOut() {
      this.wave.style.setProperty("--between", `${this.picture.layOut() + 6}px`);
      this.#drawScale();
    }

    #drawScale() {
      const pxPerMs = this.ws.getWrapper().clientWidth / this.data.duration_ms;
      if (!pxPerMs) return;
      const from = this.ws.getScroll() / pxPerMs;
      this.picture.drawScale(from, from + this.ws.getWidth() / pxPerMs);
    }

    #onWheel(event) {
      // Pinching comes as a wheel with Ctrl; the bare wheel scrolls the page.
      if (!event.ctrlKey) return;
      event.preventDefault();
      const x = event.clientX - this.wave.getBoundingClientRect().left;
      this.zoom(Math.exp(-event.deltaY / 200), x);
    }

    #onKey(event) {
      const end = this.data.duration_ms;
      const to = { Home: 0, End: end, PageUp: this.at + 5000, PageDown: this.at - 5000 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.seek(to);
    }

    #onTime(ms) {
      const text = `${Facts.seconds(ms)} of ${Facts.seconds(this.data.duration_ms)}`;
      if (this.time.textContent !== text) this.time.textContent = text;
      // A screen reader would read every change aloud over the call.
      if (!this.ws.isPlaying()) this.#tell(ms);
      this.on.time(ms);
    }

    #tell(ms) {
      const total = Facts.seconds(this.data.duration_ms);
      this.time.textContent = `${Facts.seconds(ms)} of ${total}`;
      this.slider.setAttribute("aria-valuenow", String(tenths(ms)));
      this.slider.setAttribute(
        "aria-valuetext",
        `${Facts.seconds(ms)} of ${total}, ${Facts.speaking(this.data, ms)}`,
      );
    }

    #onPlay() {
      this.box.classList.add("playing");
      this.play.show(true);
      this.on.play();
    }

    #onRest() {
      this.box.classList.remove("playing");
      this.play.show(false);
      this.#tell(this.at);
    }

    #cannotPlay(text) {
      this.problem.textContent = text;
      this.problem.hidden = false;
      this.play.element.setAttribute("aria-disabled", "true");
    }

    get at() {
      return this.ws.getCurrentTime() * 1000;
    }

    get playing() {
      return this.ws.isPlaying();
    }

    async toggle() {
      if (this.play.element.getAttribute("aria-disabled") === "true") return;
      await this.sound.load();
      // What goes wrong is an error event of the media element, too.
      this.ws.playPause().catch(() => {});
    }

    pause() {
      this.ws.pause();
    }

    seek(ms) {
      const to = Math.min(Math.max(ms, 0), this.data.duration_ms);
      return this.ready.then(() => this.ws.setTime(to / 1000));
    }

    /** Go to a little before `at`, mark that second, and have it in view. */
    async show(at) {
      await this.ready;
      const missed = Facts.missesAt(this.data, at);
      this.caption.textContent = captionOf(missed, at);
      this.picture.point(at);
      this.sound.load();
      this.ws.setTime(Math.max(0, at - LEAD_MS) / 1000);
      if (this.#shownPxPerSecond() < READABLE_PX_PER_S) this.#scaleTo(READABLE_PX_PER_S);
      this.#centre(at);
    }

    #centre(at) {
      const x = (at / this.data.duration_ms) * this.ws.getWrapper().clientWidth;
      this.ws.setScroll(x - this.ws.getWidth() / 2);
    }

    #shownPxPerSecond() {
      return (1000 * this.ws.getWrapper().clientWidth) / this.data.duration_ms;
    }

    #scaleTo(pxPerSecond) {
      const fitting = (1000 * this.ws.getWidth()) / this.data.duration_ms;
      const wanted = Math.min(pxPerSecond, MOST_PX_PER_S);
      this.pxPerSecond = wanted <= fitting ? 0 : wanted;
      this.ws.zoom(this.pxPerSecond);
    }

    /** Zoom, leaving what is `x` pixels from the left edge where it is; by default the playhead. */
    async zoom(factor, x) {
      await this.ready;
      const before = this.#shownPxPerSecond();
      const head = (this.at / 1000) * before - this.ws.getScroll();
      const inView = head >= 0 && head <= this.ws.getWidth();
      const held = x ?? (inView ? head : this.ws.getWidth() / 2);
      const second = (this.ws.getScroll() + held) / before;
      this.#scaleTo(before * factor);
      this.ws.setScroll(second * this.#shownPxPerSecond() - held);
    }

    async fit() {
      await this.ready;
      this.#scaleTo(0);
    }

    /** Take the player down; what the page held without it is there again. */
    destroy() {
      this.ws.destroy();
      this.sound.release();
      this.box.classList.remove("playing", "ready");
      this.box.replaceChildren(...this.before);
    }
  }

  return { Player, LEAD_MS };
})();
