// The look of the picture of a call. It lives inside wavesurfer's shadow root, where the page's
// own sheet does not reach; custom properties do, so the theme comes through.
"use strict";

const PICTURE_STYLE = `
.canvases { box-sizing: border-box; padding-top: var(--above); padding-bottom: var(--scale); }
.progress { box-sizing: border-box; padding-top: var(--above); }
.canvases > div + div, .progress > div + div { margin-top: var(--between); }
.scroll { scrollbar-width: thin; }
.back, .front {
  position: absolute; inset: 0; pointer-events: none; overflow: hidden;
  font: 11px/14px system-ui, sans-serif; color: var(--ink);
}
/* Over the playhead, so that it crosses no figure. */
.front { z-index: 6; }

.region { position: absolute; pointer-events: auto; border-radius: 2px; box-sizing: border-box; }
.region.caller { top: var(--above); height: var(--lane); }
.region.bot { top: calc(var(--above) + var(--lane) + var(--between)); height: var(--lane); }
.region.speech.caller { background: var(--voice-caller-soft); }
.region.speech.bot { background: var(--voice-bot-soft); }
.region.cut_in, .region.talk_over {
  border: 1px solid var(--fault);
  background: repeating-linear-gradient(45deg, var(--fault-soft) 0 5px, transparent 5px 9px);
}
.region.gap {
  border: 1px dashed var(--doubt); border-width: 1px 1px;
  background: repeating-linear-gradient(-45deg, var(--doubt-soft) 0 3px, transparent 3px 7px);
}

.moment { position: absolute; top: 0; bottom: var(--scale); width: 9px; margin-left: -4px;
  pointer-events: auto; }
.moment::before { content: ""; position: absolute; left: 4px; top: 0; bottom: 0;
  border-left: 1px dotted var(--faint); }
.moment.clear::before, .moment.finding::before { border-left: 1px dashed var(--doubt); }
.moment.ended::before { border-left: 1px solid var(--ink); }
.moment .label { left: 7px; top: 1px; color: var(--ink); }
.moment.mark .label, .moment.mark_returned .label { color: var(--faint-text); }

.label { position: absolute; white-space: nowrap; background: var(--paper); border-radius: 2px;
  padding: 0 2px; z-index: 3; }
.label.left { right: 7px; left: auto !important; }

.distance { position: absolute; height: 22px; pointer-events: auto; }
.distance .line { position: absolute; left: 0; right: 0; bottom: 0; height: 6px;
  border: solid var(--measure); border-width: 0 1.5px 1.5px; box-sizing: border-box; }
.distance .label { left: 0; bottom: 7px; padding: 0 1px; }
.distance .label.left { right: 0; }
.distance.failed .line { border-color: var(--fault); border-width: 0 2px 3px; height: 8px; }
.distance.failed .label { color: var(--on-fault); background: var(--fault); font-weight: 600;
  padding: 0 4px; }
.distance.inconclusive .line { border-style: dashed; border-color: var(--doubt); }
.distance .limit { position: absolute; bottom: -4px; height: 14px; width: 0;
  border-left: 2px solid var(--ink); }

.pin { position: absolute; top: 0; bottom: var(--scale); width: 18px; margin-left: -9px;
  pointer-events: auto; cursor: pointer; }
.pin::before { content: ""; position: absolute; left: 8px; top: 15px; bottom: 0;
  border-left: 2px solid var(--fault); opacity: .55; }
.pin::after { content: "\\2717"; position: absolute; left: 0; top: 0; width: 18px; height: 16px;
  border-radius: 3px; text-align: center; line-height: 16px; font-weight: 700;
  color: var(--on-fault); background: var(--fault); }
.pin.inconclusive::before { border-left: 2px dashed var(--doubt); }
.pin.inconclusive::after { content: "?"; color: var(--paper); background: var(--doubt); }
.pin.sought { z-index: 2; }
.pin.sought::before { opacity: 1; border-left-width: 3px;
  box-shadow: 0 0 0 4px var(--fault-soft); }
.pin.sought::after { outline: 2px solid var(--ink); outline-offset: 1px; }

.tick { position: absolute; bottom: 0; height: var(--scale); border-left: 1px solid var(--faint);
  padding-left: 3px; line-height: calc(var(--scale) + 2px); color: var(--faint-text);
  white-space: nowrap; }
`;
