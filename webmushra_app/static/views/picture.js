/** A moving picture of what to do on a trial; listen.css moves it, or shows its end at rest. */

import { t } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const LINES_Y = [18, 54, 90];
const TRIANGLE = "M12 -7 L24 0 L12 7 Z";

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Three sounds in lines; a hand plays one, plays the reference, and drags the slider. */
export function picture() {
  const lines = LINES_Y.map((y, index) =>
    svg(
      "g",
      { transform: `translate(0 ${y})` },
      svg("rect", { class: `box box${index}`, x: 2, y: -14, width: 32, height: 28, rx: 6 }),
      svg("path", { class: `sign sign${index}`, d: TRIANGLE }),
      ...(index ? [svg("path", { class: "line", d: "M50 0 H216" })] : []),
    ),
  );
  const grip = svg("rect", { class: "grip", x: 120, y: 79, width: 10, height: 22, rx: 4 });
  const hand = svg("circle", { class: "hand", cx: 125, cy: 90, r: 9 });
  const label = {
    class: "picture",
    viewBox: "0 0 220 108",
    role: "img",
    "aria-label": t("picture"),
  };
  return svg("svg", label, ...lines, grip, hand);
}
