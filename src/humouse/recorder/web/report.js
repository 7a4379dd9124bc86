// The end of a session: one's own movements beside the packaged model's.

import { made } from "./made.js";

const SIDES = { own: "You", model: "The packaged model" };
const VERDICTS = ["human", "bot", "unfamiliar", "unusable"];

/** Fill an element with what the server found in a session. */
export function showReport(place, found, folder) {
  if (!found.movements) {
    place.replaceChildren(
      made("p", { textContent: "No movement of a mouse was long enough to be looked at. Touch and pens are left out; pointing at things makes movements." }),
    );
    return;
  }
  const said = found.verdicts.own;
  const counts = VERDICTS.filter((name) => said[name]).map((name) => `${said[name]} ${name}`).join(", ");
  const session = found.session ? ` All together: ${found.session}.` : "";
  place.replaceChildren(
    made("p", { textContent: `${found.movements} movements were cut from your session. The packaged detector calls them: ${counts}.${session}` }),
    made("p", { className: "note", textContent: "Human: it moves as people do. Bot: at most one in a hundred of people's movements is called so. Unfamiliar: your mouse or screen behaves unlike those the detector knows, so it does not judge." }),
    made("div", { className: "two" }, ...Object.keys(SIDES).map((side) => pictures(side, found.paths[side]))),
    numbers(found.rows),
    verdicts(found.verdicts),
    made("p", { textContent: "What to do with it: " }),
    made("pre", { textContent: `humouse data inspect ${folder}\nhumouse data prepare source=humouse root=${folder} split.by=time out_dir=data/mine` }),
  );
}

function pictures(side, paths) {
  const cells = made("div", { className: "cells", role: "img", ariaLabel: `${paths.length} movements, drawn from their start` }, ...paths.map(drawn));
  return made("figure", { className: side }, made("figcaption", { textContent: SIDES[side] }), cells);
}

function drawn(path) {
  const [low, high] = [Math.min, Math.max].map((end) => [0, 1].map((axis) => end(...path.map((point) => point[axis]))));
  const size = Math.max(high[0] - low[0], high[1] - low[1], 1) * 1.2;
  const corner = [0, 1].map((axis) => (low[axis] + high[axis] - size) / 2);
  const svg = shape("svg", { viewBox: `${corner.join(" ")} ${size} ${size}` });
  svg.append(
    shape("path", { d: `M${path.map((point) => point.join(",")).join("L")}` }),
    shape("circle", { cx: path[0][0], cy: path[0][1], r: size / 30 }),
  );
  return svg;
}

function shape(kind, values) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  return element;
}

function table(caption, rows) {
  const head = made("tr", {}, ...["", ...Object.values(SIDES)].map((name) => made("th", { scope: "col", textContent: name })));
  return made("table", {}, made("caption", { textContent: caption }), made("thead", {}, head), made("tbody", {}, ...rows));
}

function row(name, cells) {
  return made("tr", {}, made("th", { scope: "row", textContent: name }), ...cells.map((inside) => made("td", {}, ...inside)));
}

function numbers(rows) {
  const shown = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3 });
  const cell = ([low, median, high], unit) => [`${shown(median)} ${unit}`, made("small", { textContent: `half of them ${shown(low)} to ${shown(high)}` })];
  return table("A movement, at the median", rows.map((one) => row(one.name, Object.keys(SIDES).map((side) => cell(one[side], one.unit)))));
}

function verdicts(counts) {
  const sums = Object.fromEntries(Object.keys(SIDES).map((side) => [side, Object.values(counts[side]).reduce((sum, one) => sum + one, 0)]));
  const cell = (side, name) => [`${counts[side][name] ?? 0} of ${sums[side]}`];
  return table("What the packaged detector says", VERDICTS.filter((name) => counts.own[name] || counts.model[name])
    .map((name) => row(name, Object.keys(SIDES).map((side) => cell(side, name)))));
}
