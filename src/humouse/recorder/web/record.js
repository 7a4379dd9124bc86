// The recorder's page: one task after another, then the report. A reload goes on where it was.

import { start } from "./humouse.js";
import { live } from "./live.js";
import { showReport } from "./report.js";
import { TASKS } from "./tasks.js";

const AGAIN_MS = 1000;
const at = (id) => document.getElementById(id);
const memory = sessionStorage;

let recorder = null;
let events = Number(memory.events ?? 0);

function begin() {
  memory.session ??= sessionName();
  memory.task ??= 0;
  const draw = live(at("live"));
  recorder = start({
    session: memory.session,
    onEvents(seen) {
      events += seen.length;
      draw(seen);
    },
    onSent(all) {
      memory.events = events;
      at("count").textContent = events.toLocaleString("en");
      const said = all ? "All of them are saved." : "The recorder does not answer: they are kept here and sent once it does.";
      if (at("sent").textContent !== said) at("sent").textContent = said;
    },
  });
  at("welcome").hidden = true;
  document.body.className = "busy";
  at("recording").hidden = false;
  show(Number(memory.task));
}

function sessionName() {
  const now = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  return `${now}-${crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, "0")}`;
}

/** Show a task; past the last one, the report. */
function show(number) {
  memory.task = number;
  if (number >= TASKS.length) return void end();
  const task = TASKS[number];
  let done = 0;
  recorder.task = task.name;
  at("place").textContent = `Task ${number + 1} of ${TASKS.length}`;
  at("title").textContent = task.title;
  at("words").textContent = task.words;
  at("progress").max = task.count;
  at("progress").value = 0;
  at("field").replaceChildren();
  at("next").textContent = number + 1 < TASKS.length ? "Next task" : "See how you move";
  at("next").onclick = () => show(number + 1);
  at("title").focus({ preventScroll: true });
  task.begin(at("field"), () => {
    if (Number(memory.task) !== number) return;
    at("progress").value = done += 1;
    if (done === task.count) show(number + 1);
  });
}

async function end() {
  at("recording").hidden = true;
  document.body.className = "";
  at("end").hidden = false;
  at("end-title").focus();
  const wait = at("wait");
  wait.textContent = "Looking at your movements; this takes some seconds …";
  while (!(await recorder.stop())) {
    wait.textContent = "The recorder does not answer. Your movements are kept in this browser: start it again, and they are sent.";
    await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
  try {
    const answer = await fetch(`v1/sessions/${recorder.session}/report`);
    if (!answer.ok) throw new Error(answer.status);
    showReport(at("report"), await answer.json(), at("folder").textContent);
    wait.textContent = "";
  } catch (error) {
    wait.textContent = `Your movements are saved, but the report could not be made (${error.message}). Reload this page to try again.`;
  }
}

at("begin").onclick = begin;
at("again").onclick = () => {
  memory.clear();
  location.reload();
};
at("touch").hidden = !matchMedia("(any-pointer: coarse)").matches || matchMedia("(any-pointer: fine)").matches;
fetch("about.json").then((answer) => answer.json()).then((about) => (at("folder").textContent = about.folder)).catch(() => {});
if (memory.session) begin();
