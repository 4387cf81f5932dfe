// The buttons of a player, and the words beside its picture.
"use strict";

const Controls = (() => {
  const SPEEDS = [0.5, 0.75, 1, 1.5, 2];

  const make = (tag, attributes = {}, children = []) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const button = (name, text, label, key, pressed) => {
    const made = make("button", { type: "button", class: name, "aria-label": label }, [text]);
    made.title = `${label} (${key})`;
    // A plus sign joins keys there.
    made.setAttribute("aria-keyshortcuts", key === "+" ? "Plus" : key);
    made.addEventListener("click", pressed);
    return made;
  };

  const speed = (chosen) => {
    const made = make(
      "select",
      { "aria-label": "Speed", title: "Speed" },
      SPEEDS.map((rate) => new Option(`${rate}×`, String(rate), rate === 1, rate === 1)),
    );
    made.addEventListener("change", () => chosen(Number(made.value)));
    return made;
  };

  /** The button that plays, and pauses what plays. */
  const playButton = (pressed) => {
    const made = button("play", "", "Play", "Space", pressed);
    const show = (plays) => {
      made.textContent = plays ? "❚❚ Pause" : "▶ Play";
      made.setAttribute("aria-label", plays ? "Pause" : "Play");
      made.title = plays ? "Pause (Space)" : "Play (Space)";
    };
    show(false);
    return { element: made, show };
  };

  const legend = (data) => {
    const shown = Picture.legend(data).map(([kind, text]) =>
      make("li", {}, [make("span", { class: `sign ${kind}` }), text]),
    );
    return make("ul", { class: "legend", "aria-label": "In this picture" }, shown);
  };

  /** The names of the lanes, at their height; the slider says who speaks. */
  const names = () => {
    const spans = ["caller", "bot"].map((lane) => make("span", { class: lane }, [lane]));
    return make("div", { class: "names", "aria-hidden": "true" }, spans);
  };

  const slider = (label, seconds, children) =>
    make(
      "div",
      {
        class: "lanes",
        role: "slider",
        tabindex: "0",
        "aria-label": label,
        "aria-valuemin": "0",
        "aria-valuemax": String(seconds),
      },
      children,
    );

  return { make, button, speed, playButton, legend, names, slider };
})();
