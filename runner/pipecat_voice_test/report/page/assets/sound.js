// The recording of a call: carried by the page, or a file beside it; touched when it is played.
"use strict";

const Sound = (() => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  // Recordings stand at the end of the page, and may not have been read yet.
  const wholePage = () =>
    document.readyState === "loading"
      ? new Promise((read) => document.addEventListener("DOMContentLoaded", read, { once: true }))
      : Promise.resolve();

  class Sound {
    /** @param audio `{embedded, file}` of the call's data; `file` is relative to the page. */
    constructor(id, audio) {
      this.id = id;
      this.file = audio.file;
      this.embedded = audio.embedded;
      this.element = document.createElement("audio");
      this.element.preload = "none";
      this.url = null;
      this.loading = null;
      this.released = false;
    }

    get available() {
      return this.embedded || Boolean(this.file);
    }

    /** Make it ready to be heard; the second time it is. */
    load() {
      this.loading ??= this.#load();
      return this.loading;
    }

    async #load() {
      if (!this.available) return;
      if (this.embedded) {
        await wholePage();
        if (this.released) return;
        this.url = URL.createObjectURL(this.#blob());
      }
      this.element.preload = "auto";
      this.element.src = this.url ?? this.file;
    }

    #blob() {
      const holder = document.querySelector(`script.call-audio[data-call="${this.id}"]`);
      const bytes = bytesOf((holder?.textContent ?? "").trim());
      return new Blob([bytes], { type: holder?.dataset.type || "audio/wav" });
    }

    get problem() {
      if (this.embedded) return "This browser cannot play the recording in this page.";
      return (
        `${this.file} is not beside this page, or cannot be played here. ` +
        "It is in the folder of the results: keep the page in that folder."
      );
    }

    release() {
      this.released = true;
      this.element.pause();
      this.element.removeAttribute("src");
      this.element.load();
      if (this.url) URL.revokeObjectURL(this.url);
      this.url = null;
    }
  }

  return { Sound };
})();
