// The page of the service: the visitor's own movements and played ones, each with its verdict.

import { start } from "/humouse.js";

const byId = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const SHOWN = 400; // points of the visitor's trail
const BEFORE_MS = 400; // between two movements that are played
const RAREST = 10_000; // of so many sessions of people nobody knows how strange the strangest is

/** Return a name that no other session has. */
const named = (kind) =>
  `${kind}-${[...crypto.getRandomValues(new Uint8Array(6))].map((b) => b.toString(16).padStart(2, "0")).join("")}`;

const make = (tag, words = "", kind = "") => Object.assign(document.createElement(tag), { textContent: words, className: kind });

function fail(error) {
  byId("failed").textContent = `The service does not answer as it should: ${error.message}`;
  byId("failed").hidden = false;
}

/** Ask the service; an answer of 401 brings out the field for a token. */
async function ask(path, body) {
  const token = byId("token").value.trim();
  const answer = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  const said = await answer.json();
  if (answer.ok) return said;
  if (answer.status === 401) byId("asks").hidden = false;
  throw Object.assign(new Error(said.error), { status: answer.status });
}

/** A card for one source; `show` takes its session and the decisions on its movements. */
function card(title, about, kind) {
  const box = make("section", "", `card ${kind}`);
  const verdict = make("p", "no movement yet", "verdict");
  verdict.setAttribute("role", "status");
  const odds = make("p", "", "odds"), curve = chart("curve"), bars = chart("bars");
  const list = make("ol");
  list.tabIndex = 0;
  list.setAttribute("aria-label", `Movements of ${title}, the last one first`);
  box.append(make("h2", title), make("p", about, "note"), verdict, odds, curve, bars, list);
  let history = [];

  function show({ verdict: said, movements, p_value: share }, decisions) {
    verdict.textContent = `${said}, after ${movements} movement${movements === 1 ? "" : "s"}`;
    verdict.className = `verdict ${said}`;
    const width = 100 / Math.max(decisions.length, 12), before = movements - decisions.length;
    if (share !== null) {
      odds.textContent = `${among(share)} as strange`;
      history = [...history.filter((one) => one.movements !== movements && one.movements > before), { movements, share }];
      curve.replaceChildren(...curveOf(history, (number) => (number - before - 0.6) * width));
      const told = history.map((one) => `after ${one.movements}, ${among(one.share)}`);
      curve.setAttribute("aria-label", `How many sessions of people are as strange: ${told.join("; ")}`);
    }
    list.replaceChildren(...[...decisions].reverse().map(line));
    bars.replaceChildren(...decisions.map((one, at) => bar(one, at * width, width)));
    bars.setAttribute("aria-label", `Probability of a bot, movement by movement: ${decisions.map(percent).join(", ")}`);
  }
  return { box, show };
}

/** Return an element of SVG. */
function shape(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const chart = (kind) => shape("svg", { class: kind, viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img" });

/** Return a share of people's sessions in words. */
function among(share) {
  const scale = [100, 1000, RAREST].find((one) => one * share >= 1);
  if (!scale) return `fewer than 1 of ${RAREST.toLocaleString("en")} sessions of people is`;
  const count = Math.round(scale * share);
  return `${count} of ${scale.toLocaleString("en")} sessions of people ${count === 1 ? "is" : "are"}`;
}

/** Draw how strange a session is, the stranger the higher, a point for each movement; 1 of 100 is dashed. */
function curveOf(history, x) {
  const y = (share) => 19 - 18 * Math.min(1, -Math.log(share) / Math.log(RAREST));
  const points = history.map(({ movements, share }) => `${x(movements).toFixed(2)} ${y(share).toFixed(2)}`);
  const path = shape("path", { d: `M${points.join("L")}` });
  const dots = shape("path", { class: "dots", d: points.map((at) => `M${at}h0`).join("") });
  return [shape("path", { class: "mark", d: `M0 ${y(0.01)}H100` }), path, dots];
}

const percent = ({ probability }) => (probability === null ? "unusable" : `${Math.round(100 * probability)}%`);

function line(one) {
  const item = make("li");
  const chance = one.probability === null ? "" : `, ${percent(one)} a bot`;
  item.append(make("b", one.verdict, one.verdict), chance, make("small", one.reasons.join("; ")));
  return item;
}

function bar({ verdict, probability }, x, width) {
  const height = 20 * Math.max(probability ?? 0, 0.03);
  return shape("rect", { x, y: 20 - height, width: 0.8 * width, height, class: verdict });
}

const canvas = byId("canvas"), pen = canvas.getContext("2d");
let own = [], played = [];

function draw() {
  const colour = (name) => getComputedStyle(canvas).getPropertyValue(name);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = 3;
  stroke(own, colour("--real"), []);
  stroke(played, colour("--fake"), [8, 5]);
}

function stroke(points, colour, dashes) {
  pen.strokeStyle = colour;
  pen.setLineDash(dashes);
  pen.beginPath();
  for (const [x, y, begins] of points) begins ? pen.moveTo(x, y) : pen.lineTo(x, y);
  pen.stroke();
}

function trail(events) {
  const place = canvas.getBoundingClientRect(), scale = canvas.width / place.width;
  for (const { kind, t_ms, x_px, y_px, pointer } of events) {
    if (kind !== "move" || pointer !== "mouse") continue;
    const last = own.at(-1);
    own.push([(x_px - place.left) * scale, (y_px - place.top) * scale, !last || t_ms - last[3] > 200, t_ms]);
  }
  own = own.slice(-SHOWN);
  requestAnimationFrame(draw);
}

/** Draw a movement in the middle of the field, as fast as it is; at once where motion is unwelcome. */
async function animate({ t_ms, x_px, y_px }) {
  const spans = [x_px, y_px].map((values) => [Math.min(...values), Math.max(...values)]);
  const scale = Math.min(1.5, ...spans.map(([low, high], k) => ([canvas.width, canvas.height][k] - 40) / Math.max(high - low, 1)));
  const at = (k) => [
    canvas.width / 2 + (x_px[k] - (spans[0][0] + spans[0][1]) / 2) * scale,
    canvas.height / 2 + (y_px[k] - (spans[1][0] + spans[1][1]) / 2) * scale,
    k === 0,
  ];
  const all = t_ms.map((_, k) => at(k));
  const began = performance.now(), end = t_ms.at(-1);
  for (let now = 0; !calm.matches && now < end; now = performance.now() - began) {
    played = all.slice(0, t_ms.findLastIndex((t) => t <= now) + 1);
    draw();
    await new Promise(requestAnimationFrame);
  }
  played = all;
  draw();
}

async function play(source) {
  const session = named("played"), shown = card(source.name, source.about, "");
  byId("cards").append(shown.box);
  const decisions = [];
  for (const [number, movement] of source.movements.entries()) {
    await animate(movement);
    const body = { movements: [{ id: `${session}-${number}`, session, ...movement }] };
    const [said] = (await ask("/v1/movements", body)).movements;
    decisions.push(said);
    shown.show(said.session, decisions);
    if (!calm.matches) await new Promise((done) => setTimeout(done, BEFORE_MS));
  }
}

async function begin() {
  byId("failed").hidden = true;
  const session = named("visitor");
  await ask("/v1/movements", { movements: [] }); // the service is there, and takes the token
  const { sources } = await (await fetch("/demo/movements.json")).json();
  const you = card("You", "what your mouse does in this page", "you");
  byId("cards").append(you.box);
  let asking = false;
  const news = async (allSent) => {
    if (!allSent || asking || !own.length) return;
    asking = true;
    try {
      const said = await ask(`/v1/sessions/${session}`);
      if (said.movements) you.show(said, said.decisions);
    } catch (error) {
      if (error.status !== 404) fail(error); // nothing was sent yet
    }
    asking = false;
  };
  start({ session, token: byId("token").value.trim() || undefined, onEvents: trail, onSent: news });
  for (const source of sources) {
    const button = make("button", `Play ${source.name}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      await play(source).catch(fail);
      button.disabled = false;
    });
    byId("play").append(button);
  }
  byId("enter").hidden = true;
  byId("field").hidden = false;
}

byId("touch").hidden = !matchMedia("(pointer: coarse)").matches;
byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  begin().catch(fail);
});
