// Keys, and the note that says which there are.
"use strict";

const Keys = (() => {
  const SHOWN = [
    ["Space", "play, pause"],
    ["← →", "1 second back, on; with Shift 5 seconds"],
    [", .", "a tenth of a second back, on"],
    ["n p", "next, previous failure"],
    ["+ −", "zoom in, out"],
    ["0", "show the whole call"],
    ["?", "these keys"],
  ];
  // They have their own use for the keys.
  const TYPING = "input, textarea, select, [contenteditable]";
  const PRESSED_BY_SPACE = "button, summary, audio, [role=button]";

  /** Whether what has the focus is scrolled by arrows and Space itself, as a long log is. */
  const scrolls = (element) =>
    element.matches("[tabindex]:not([role=slider], article, section, a)") &&
    (element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight);

  const cell = (tag, text) => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };

  const note = () => {
    const dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-label", "Keys");
    const list = document.createElement("dl");
    for (const [keys, does] of SHOWN) list.append(cell("dt", keys), cell("dd", does));
    const close = cell("button", "Close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    dialog.append(cell("h2", "Keys"), list, close);
    document.body.append(dialog);
    return dialog;
  };

  let dialog = null;
  const help = () => {
    dialog ??= note();
    if (!dialog.open) dialog.showModal();
  };

  /** What a key does, given what can be done with the call at hand; null for nothing. */
  const action = (event, on) => {
    const step = event.shiftKey ? 5000 : 1000;
    if (/^(Arrow.*| )$/.test(event.key) && scrolls(event.target)) return null;
    switch (event.key) {
      case " ":
        return event.target.closest(PRESSED_BY_SPACE) ? null : on.toggle;
      case "ArrowLeft":
        return () => on.skip(-step);
      case "ArrowRight":
        return () => on.skip(step);
      case ",":
        return () => on.skip(-100);
      case ".":
        return () => on.skip(100);
      case "n":
        return () => on.step(1);
      case "p":
        return () => on.step(-1);
      case "+":
      case "=":
        return () => on.zoom(1.5);
      case "-":
        return () => on.zoom(1 / 1.5);
      case "0":
        return on.fit;
      case "?":
        return help;
      default:
        return null;
    }
  };

  /** Listen for the page; each of `on` returns false if there is no call to do it to. */
  const listen = (on) =>
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (dialog?.open || event.target.closest(TYPING)) return;
      const act = action(event, on);
      if (act && act() !== false) event.preventDefault();
    });

  return { listen, help };
})();
