// The tasks. Each has a name for the recording, a title, words, how many parts it has, and begin(field, step),
// which fills the field and calls step after each part.

import { made } from "./made.js";
import { TEXT } from "./text.js";

const WIDTHS_PX = [56, 28, 14, 40, 20];
const REACHES = [0.25, 0.6, 0.9, 0.4]; // of the field's longest way
const PIECE_STEP_PX = 12;
const LEAST_STROKE_PX = 150;

function place(element, [x, y]) {
  element.style.left = `${x}px`;
  element.style.top = `${y}px`;
}

/** Return a point of the field about so far from another, at least `edge` px inside. */
function pointAway(field, [x, y], reach, edge) {
  const [width, height] = [field.clientWidth, field.clientHeight];
  const wanted = reach * Math.hypot(width, height);
  const tries = Array.from({ length: 40 }, () => [
    edge + Math.random() * (width - 2 * edge),
    edge + Math.random() * (height - 2 * edge),
  ]);
  const miss = (point) => Math.abs(Math.hypot(point[0] - x, point[1] - y) - wanted);
  return tries.reduce((best, point) => (miss(point) < miss(best) ? point : best));
}

const middle = (field) => [field.clientWidth / 2, field.clientHeight / 2];

function targets(field, step) {
  let point = middle(field), number = 0;
  const next = (byKeyboard) => {
    const width = WIDTHS_PX[number % WIDTHS_PX.length];
    point = pointAway(field, point, REACHES[number % REACHES.length], width);
    number += 1;
    const target = made("button", { className: "target", ariaLabel: `Target ${number}` });
    target.style.width = target.style.height = `${width}px`;
    place(target, point);
    target.onclick = (event) => {
      next(event.detail === 0);
      step();
    };
    field.replaceChildren(target);
    if (byKeyboard) target.focus({ preventScroll: true });
  };
  next(false);
}

function drag(field, step) {
  let number = 0;
  const next = (from, byKeyboard) => {
    const goal = pointAway(field, from, REACHES[number++ % REACHES.length], 40);
    const slot = made("div", { className: "slot" });
    const piece = made("button", { className: "piece", ariaLabel: `Piece ${number}: arrow keys move it to its place` });
    let at = from, held = null;
    const moved = (to) => {
      at = [0, 1].map((axis) => Math.min(Math.max(to[axis], 0), [field.clientWidth, field.clientHeight][axis]));
      place(piece, at);
    };
    const dropped = (keyboard) => {
      if (Math.hypot(at[0] - goal[0], at[1] - goal[1]) > 14) return;
      next(goal, keyboard);
      step();
    };
    piece.onpointerdown = (event) => {
      piece.setPointerCapture(event.pointerId);
      held = [at[0] - event.clientX, at[1] - event.clientY];
    };
    piece.onpointermove = (event) => held && moved([event.clientX + held[0], event.clientY + held[1]]);
    piece.onpointercancel = () => (held = null);
    piece.onpointerup = () => {
      held = null;
      dropped(false);
    };
    piece.onkeydown = (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way) return;
      event.preventDefault();
      moved(at.map((value, axis) => value + way[axis] * PIECE_STEP_PX));
      dropped(true);
    };
    place(slot, goal);
    place(piece, from);
    field.replaceChildren(slot, piece);
    if (byKeyboard) piece.focus({ preventScroll: true });
  };
  next(middle(field), false);
}

function slider(field, step) {
  let value = 50, number = 0;
  const wanted = made("b"), shown = made("output", { textContent: value });
  const input = made("input", { type: "range", min: 0, max: 100, value, id: "slide" });
  const label = made("label", { htmlFor: "slide" }, "Move the slider to ", wanted, " and let go. It is at ", shown, ".");
  const next = () => (wanted.textContent = [83, 20, 64, 7, 95, 48][number++ % 6]);
  input.oninput = () => (shown.textContent = input.value);
  input.onchange = () => {
    if (Math.abs(input.value - wanted.textContent) > 1) return;
    next();
    step();
  };
  next();
  field.replaceChildren(made("div", { className: "slide" }, label, input));
}

function reading(field, step) {
  const parts = TEXT.flatMap(([title, words, aside]) => [
    made("h3", { textContent: title }),
    made("p", { textContent: words }),
    made("details", {}, made("summary", { textContent: aside[0] }), made("p", { textContent: aside[1] })),
  ]);
  const end = made("p", {}, made("button", { textContent: "I have read enough", onclick: step }));
  const text = made("div", { className: "text", tabIndex: 0, role: "region", ariaLabel: "The text" }, ...parts, end);
  field.replaceChildren(text);
}

/** Guides to draw along: shares of the canvas's height, from its middle. */
const GUIDES = [
  (share) => [0.35 * Math.cos(2 * Math.PI * share), 0.35 * Math.sin(2 * Math.PI * share)],
  (share) => [0.9 * (share - 0.5), 0.25 * Math.sin(6 * Math.PI * share)],
  (share) => [0.4 * share * Math.cos(6 * Math.PI * share), 0.4 * share * Math.sin(6 * Math.PI * share)],
];

function drawing(field, step) {
  const canvas = made("canvas", { className: "draw", width: field.clientWidth, height: field.clientHeight });
  canvas.role = "img";
  canvas.ariaLabel = "A line to draw along with the mouse";
  field.replaceChildren(canvas);
  const pen = canvas.getContext("2d"), colour = getComputedStyle(field);
  let number = 0, last = null, length = 0;
  const guide = () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = colour.getPropertyValue("--edge");
    pen.setLineDash([6, 6]);
    pen.lineWidth = 2;
    pen.beginPath();
    for (let part = 0; part <= 200; part++) {
      const [x, y] = GUIDES[number % GUIDES.length](part / 200);
      const size = Math.min(canvas.height, canvas.width);
      pen.lineTo(canvas.width / 2 + x * size, canvas.height / 2 + y * size);
    }
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = colour.getPropertyValue("--fake");
    pen.lineWidth = 3;
    number += 1;
  };
  const here = (event) => [event.offsetX, event.offsetY];
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    [last, length] = [here(event), 0];
  };
  canvas.onpointermove = (event) => {
    if (!last) return;
    const to = here(event);
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...to);
    pen.stroke();
    length += Math.hypot(to[0] - last[0], to[1] - last[1]);
    last = to;
  };
  canvas.onpointercancel = () => (last = null);
  canvas.onpointerup = () => {
    last = null;
    if (length < LEAST_STROKE_PX) return;
    guide();
    step();
  };
  guide();
}

export const TASKS = [
  { name: "targets", title: "Click the dots", count: 30, begin: targets,
    words: "Click each dot as it comes, at your own pace. A miss costs nothing." },
  { name: "drag", title: "Put the piece in its place", count: 8, begin: drag,
    words: "Drag the square into the dashed frame and let go." },
  { name: "slider", title: "Set the slider", count: 6, begin: slider,
    words: "Set it to the number that is asked for." },
  { name: "reading", title: "Look through a text", count: 1, begin: reading,
    words: "Scroll, point at what you read, open what you like. The end of the text has a button." },
  { name: "drawing", title: "Draw along the lines", count: 3, begin: drawing,
    words: "Hold the button down and draw along the dashed line. It need not be exact." },
];
