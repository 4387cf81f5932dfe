// The recording of a call: carried by the page, or a file beside it; touched when it is played.
"use strict";

const Sound = (() => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  class Sound {
    /** @param audio `{embedded, file}` of the call's data; `file` is relative to the page. */
    constructor(id, audio) {
      this.file = audio.file;
      this.holder = audio.embedded
        ? document.querySelector(`script.call-audio[data-call="${id}"]`)
        : null;
      this.element = document.createElement("audio");
      this.element.preload = "none";
      this.url = null;
    }

    get available() {
      return this.holder !== null || Boolean(this.file);
    }

    /** Make it ready to be heard at once; does nothing the second time. */
    load() {
      if (this.element.src || !this.available) return;
      if (this.holder) {
        const type = this.holder.dataset.type || "audio/wav";
        const blob = new Blob([bytesOf(this.holder.textContent.trim())], { type });
        this.url = URL.createObjectURL(blob);
      }
      this.element.preload = "auto";
      this.element.src = this.url ?? this.file;
    }

    get problem() {
      if (this.holder) return "This browser cannot play the recording in this page.";
      return (
        `${this.file} is not beside this page, or cannot be played here. ` +
        "It is in the folder of the results: keep the page in that folder."
      );
    }

    release() {
      this.element.pause();
      this.element.removeAttribute("src");
      this.element.load();
      if (this.url) URL.revokeObjectURL(this.url);
      this.url = null;
    }
  }

  return { Sound };
})();
