// humouse.js: records how a visitor's mouse moves and posts it to a humouse server. Payload version 1.
// Times, positions, buttons and kinds of pointer; no cookies, no keys, no text. Needs no other script.

const VERSION = 1;
const PERIOD_MS = 1000, MOST_EVENTS = 500; // a batch ends at either
const FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 60_000; // after a failed try, doubled each time
const TIMEOUT_MS = 20_000;
const MOST_KEPT = 1000; // batches that wait for a server that is away; the oldest give way
const KINDS = { pointermove: "move", pointerdown: "down", pointerup: "up", wheel: "wheel" };
const COLUMNS = ["t_ms", "kind", "x_px", "y_px", "buttons", "pointer"];
const REFUSED = [400, 409, 410, 413, 415, 422]; // the server will never take this batch

/**
 * Begin to record.
 *
 * url      The server, as in "https://score.example.org"; this page's own without it.
 * session  Its name: letters, digits, - and _; without one, this tab gets a name of its own.
 * token    What the server asks for, if it does.
 * task     What the person was asked to do, as in "targets": small letters and _.
 * sample   Share of sessions to record; the same session is always recorded or never.
 * onEvents Called with the events as they come.
 * onSent   Called after each try to send: whether nothing is left to be sent.
 *
 * Returns { session, recording, task, flush(), stop() }; the last two promise whether all is sent.
 */
export function start({ url = "", session = ownName(), token, task = null, sample = 1, onEvents, onSent } = {}) {
  if (share(session) >= sample) {
    const nothing = async () => true;
    return { session, recording: false, task, flush: nothing, stop: nothing };
  }
  const page = randomName();
  let opened = openQueue(`humouse ${url}`).catch(memoryQueue);
  let number = 0, events = empty(), sending = null, failures = 0, notBefore = 0, stopped = false;

  function note(event) {
    const kind = KINDS[event.type];
    const parts = (kind === "move" && event.getCoalescedEvents?.()) || [];
    const seen = (parts.length ? parts : [event]).map((one) => ({
      t_ms: rounded(one.timeStamp, 1000),
      kind,
      x_px: rounded(one.clientX, 100),
      y_px: rounded(one.clientY, 100),
      buttons: one.buttons & 255,
      pointer: ["touch", "pen"].includes(one.pointerType) ? one.pointerType : "mouse",
    }));
    for (const one of seen) for (const name of COLUMNS) events[name].push(one[name]);
    onEvents?.(seen);
    if (events.t_ms.length >= MOST_EVENTS) flush();
  }

  /** Return what was noted since the last batch as one, or null. */
  function taken() {
    if (!events.t_ms.length) return null;
    const batch = {
      version: VERSION,
      batch: `${page}-${number}`,
      number,
      page: {
        time_origin_ms: performance.timeOrigin,
        device_pixel_ratio: devicePixelRatio,
        width_px: Math.round(innerWidth),
        height_px: Math.round(innerHeight),
      },
      task,
      events,
    };
    number += 1;
    events = empty();
    return { session, batch };
  }

  const post = ({ session, batch }, keepalive) =>
    fetch(`${url}/v1/sessions/${session}/events`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(batch),
      credentials: "omit",
      keepalive,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });

  async function keep(item) {
    const queue = await opened;
    await queue.add(item).catch(() => (opened = memoryQueue()).add(item)); // the disk is full
    if ((await queue.count()) > MOST_KEPT) await queue.remove((await queue.first()).key);
  }

  /** Send what waits, the oldest first; a batch is forgotten once the server has answered for it. */
  async function send() {
    const queue = await opened;
    try {
      for (let item; (item = await queue.first()); ) {
        const { ok, status } = await post(item, false);
        if (!ok && !REFUSED.includes(status)) throw new Error(status);
        if (!ok) console.warn(`humouse: the server refused a batch (${status}); it is left out`);
        await queue.remove(item.key);
      }
      failures = notBefore = 0;
    } catch {
      notBefore = Date.now() + Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS);
    }
    onSent?.(!failures);
    return !failures;
  }

  async function flush() {
    const item = taken();
    if (item) await keep(item);
    if (Date.now() < notBefore) return false;
    await sending;
    return (sending ??= send().finally(() => (sending = null)));
  }

  async function tick() {
    if ((await flush()) && stopped) clearInterval(timer);
  }

  function leave() { // the page may end before IndexedDB answers: this batch is sent at once as well
    const item = taken();
    if (item) keep(item), post(item, true).catch(() => {});
  }

  const now = () => ((notBefore = 0), flush());
  const hidden = () => document.visibilityState === "hidden" && flush();
  const heard = [
    ...Object.keys(KINDS).map((type) => [window, type, note]),
    [window, "pagehide", leave], [window, "online", now], [document, "visibilitychange", hidden],
  ];
  for (const [target, type, call] of heard) target.addEventListener(type, call, { capture: true, passive: true });
  const timer = setInterval(tick, PERIOD_MS);

  return {
    session,
    recording: true,
    get task() { return task; },
    set task(name) {
      flush();
      task = name;
    },
    flush: now,
    stop() {
      for (const [target, type, call] of heard) target.removeEventListener(type, call, { capture: true });
      stopped = true;
      return now();
    },
  };
}

const empty = () => Object.fromEntries(COLUMNS.map((name) => [name, []]));
const rounded = (value, parts) => Math.round(value * parts) / parts;
const randomName = () =>
  [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return the name of this tab's session: a reload goes on with it. */
function ownName() {
  try {
    return (sessionStorage.humouse ??= randomName());
  } catch {
    return randomName();
  }
}

/** Return a number in [0, 1) that a session's name alone decides (FNV-1a, its bits mixed). */
function share(name) {
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

const answer = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** Open what holds batches until the server has them, across reloads. */
async function openQueue(name) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () =>
    opening.result.createObjectStore("batches", { keyPath: "key", autoIncrement: true });
  const database = await answer(opening);
  const ask = (mode, asked) => {
    const transaction = database.transaction("batches", mode);
    const request = asked(transaction.objectStore("batches"));
    transaction.commit(); // at once: the page may be on its way out
    return answer(request);
  };
  return {
    add: (item) => ask("readwrite", (batches) => batches.add(item)),
    first: async () => (await ask("readonly", (batches) => batches.getAll(null, 1)))[0],
    count: () => ask("readonly", (batches) => batches.count()),
    remove: (key) => ask("readwrite", (batches) => batches.delete(key)),
  };
}

/** The same in memory, where the browser keeps nothing. */
function memoryQueue() {
  const items = new Map();
  let last = 0;
  return {
    add: async (item) => items.set(++last, { ...item, key: last }),
    first: async () => items.values().next().value,
    count: async () => items.size,
    remove: async (key) => items.delete(key),
  };
}
