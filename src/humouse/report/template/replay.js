(() => {
  const SHOWN = 6, REST_MS = 700;
  const find = (name) => document.getElementById("replay-" + name);
  const [play, speed, seed, next, clock, status] =
    ["play", "speed", "seed", "next", "clock", "status"].map(find);
  const data = JSON.parse(find("data").textContent);
  const style = getComputedStyle(document.documentElement);
  const sides = [...document.querySelectorAll("canvas[data-side]")].map((canvas) => ({
    canvas,
    all: data[canvas.dataset.side],
    colour: style.getPropertyValue(canvas.dataset.side === "people" ? "--real" : "--fake"),
    words: canvas.dataset.words,
  }));
  let playing = false, now = 0, last = null, longest = 0, frame = 0;

  // mulberry32: the same seed chooses the same gestures in every browser.
  const random = (state) => () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };

  const chosen = (all, draw) => {
    const order = all.map((_, k) => k);
    for (let k = order.length - 1; k > 0; k--) {
      const other = Math.floor(draw() * (k + 1));
      [order[k], order[other]] = [order[other], order[k]];
    }
    return order.slice(0, SHOWN);
  };

  const points = (flat) => {
    const path = [];
    for (let k = 0; k < flat.length; k += 3)
      path.push([flat[k] * data.unit_px, flat[k + 1] * data.unit_px, flat[k + 2]]);
    return path;
  };

  const choose = () => {
    const value = Math.min(9999, Math.max(0, Math.floor(Number(seed.value)) || 0));
    seed.value = value;
    for (const side of sides) {
      side.rows = chosen(side.all, random(value));
      side.paths = side.rows.map((row) => points(side.all[row]));
      side.canvas.dataset.rows = side.rows.join(" ");
    }
    longest = Math.max(0, ...sides.flatMap((s) => s.paths.map((p) => p[p.length - 1][2])));
    now = 0;
    draw();
  };

  const stroke = (pen, place, path, count, tip) => {
    pen.beginPath();
    for (let k = 0; k < count; k++) pen.lineTo(...place(path[k]));
    if (tip) pen.lineTo(...place(tip));
    pen.stroke();
  };

  const cell = (pen, path, colour, left, top, width, height) => {
    const xs = path.map((p) => p[0]), ys = path.map((p) => p[1]);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const pad = 22; // room for the pointer
    const scale = Math.min((width - 2 * pad) / Math.max(x1 - x0, 1), (height - 2 * pad) / Math.max(y1 - y0, 1));
    pen.lineWidth = 2;
    pen.strokeStyle = style.getPropertyValue("--page");
    pen.strokeRect(left, top, width, height);
    const place = ([x, y]) => [
      left + width / 2 + (x - (x0 + x1) / 2) * scale,
      top + height / 2 + (y - (y0 + y1) / 2) * scale,
    ];
    let count = 1;
    while (count < path.length && path[count][2] <= now) count++;
    let tip = path[count - 1];
    if (count < path.length) {
      const to = path[count], share = (now - tip[2]) / Math.max(to[2] - tip[2], 1);
      tip = [tip[0] + (to[0] - tip[0]) * share, tip[1] + (to[1] - tip[1]) * share];
    }
    pen.lineJoin = pen.lineCap = "round";
    pen.lineWidth = 1;
    pen.strokeStyle = style.getPropertyValue("--faint");
    stroke(pen, place, path, path.length);
    pen.lineWidth = 2.2;
    pen.strokeStyle = colour;
    stroke(pen, place, path, count, tip);
    const [x, y] = place(tip);
    pen.beginPath();
    for (const [dx, dy] of [[0, 0], [0, 15], [3.6, 11.8], [6.2, 17.4], [8.6, 16.3], [6, 10.8], [10.8, 10.4]])
      pen.lineTo(x + dx, y + dy);
    pen.closePath();
    pen.lineWidth = 1.2;
    pen.fillStyle = "#1b1f24";
    pen.strokeStyle = "#ffffff";
    pen.fill();
    pen.stroke();
  };

  const draw = () => {
    for (const { canvas, paths, colour } of sides) {
      const width = canvas.clientWidth, height = canvas.clientHeight, dense = devicePixelRatio || 1;
      const [across, down] = [Math.round(width * dense), Math.round(height * dense)];
      if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
      const pen = canvas.getContext("2d");
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      pen.clearRect(0, 0, width, height);
      const columns = width < 330 ? 2 : 3, rows = SHOWN / columns;
      paths.forEach((path, k) => {
        const [w, h] = [width / columns, height / rows];
        cell(pen, path, colour, (k % columns) * w, Math.floor(k / columns) * h, w, h);
      });
    }
    clock.textContent = (Math.min(now, longest) / 1000).toFixed(2);
  };

  const step = (at) => {
    if (!playing) return;
    // A tab that was hidden goes on where it stopped.
    now += Math.min(at - (last ?? at), 250) * Number(speed.value);
    last = at;
    if (now > longest + REST_MS * Number(speed.value)) now = 0;
    draw();
    frame = requestAnimationFrame(step);
  };

  const say = () => {
    const words = speed.options[speed.selectedIndex].text;
    status.textContent = `${playing ? "Playing" : "Paused"} at ${words}, seed ${seed.value}: ` +
      sides.map((s) => `${s.paths.length} ${s.words}`).join(sides.length > 2 ? ", " : " and ") + ".";
  };

  const set = (on) => {
    playing = on;
    last = null;
    play.textContent = on ? "Pause" : "Play";
    cancelAnimationFrame(frame);
    if (on) frame = requestAnimationFrame(step);
    say();
  };

  play.addEventListener("click", () => set(!playing));
  speed.addEventListener("change", say);
  seed.addEventListener("change", () => { choose(); say(); });
  next.addEventListener("click", () => { seed.value = (Number(seed.value) + 1) % 10000; choose(); say(); });
  new ResizeObserver(draw).observe(sides[0].canvas);
  choose();
  say();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      if (!playing) set(true);
    });
    seen.observe(sides[0].canvas);
  }
})();
