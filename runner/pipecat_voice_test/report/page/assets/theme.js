// The theme: what the machine prefers, unless the reader chose another.
//
// Runs in the head, so that a page which was made dark is not white for a moment.
"use strict";

const Theme = (() => {
  const NAMES = ["auto", "light", "dark"];
  const KEY = "pipecat-voice-test-theme";
  const listeners = [];

  // Pages from disk may have no storage, and say so by throwing.
  const remembered = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const remember = (name) => {
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // Chosen for this page only.
    }
  };

  const chosen = () => document.documentElement.dataset.theme || "auto";

  const choose = (name) => {
    if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    listeners.forEach((changed) => changed());
  };

  const next = () => NAMES[(NAMES.indexOf(chosen()) + 1) % NAMES.length];

  const wire = (button) => {
    const show = () => {
      button.textContent = `Theme: ${chosen()}`;
      button.title = `Switch to ${next()}`;
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      choose(next());
      remember(chosen());
      show();
    });
    show();
  };

  document.documentElement.classList.add("js");
  choose(remembered());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (button) wire(button);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    listeners.forEach((changed) => changed()),
  );

  return { onChange: (changed) => listeners.push(changed) };
})();
