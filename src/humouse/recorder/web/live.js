// The live picture: the window, small, with the last movements that were recorded in it.

const MOST = 3000;

/** Draw into a canvas what is given to the function that is returned: lists of events. */
export function live(canvas) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const pen = canvas.getContext("2d");
  let events = [], waiting = false, last = 0;

  function draw(now) {
    if (calm.matches && now - last < 1000) return void requestAnimationFrame(draw);
    last = now;
    waiting = false;
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name);
    const scale = Math.min(canvas.width / innerWidth, canvas.height / innerHeight);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.translate((canvas.width - innerWidth * scale) / 2, (canvas.height - innerHeight * scale) / 2);
    pen.strokeStyle = colour("--rule");
    pen.strokeRect(0, 0, innerWidth * scale, innerHeight * scale);
    pen.lineWidth = 2;
    for (let at = 1; at < events.length; at++) {
      const [before, one] = [events[at - 1], events[at]];
      const [x, y] = [one.x_px * scale, one.y_px * scale];
      if (one.kind === "wheel" || one.kind === "down") {
        pen.fillStyle = colour(one.kind === "wheel" ? "--wheel" : "--fake");
        pen.fillRect(x - 3, y - 3, 6, 6);
      }
      if (one.t_ms - before.t_ms > 200 || one.pointer !== before.pointer) continue;
      pen.strokeStyle = colour(one.buttons ? "--fake" : "--real");
      pen.beginPath();
      pen.moveTo(before.x_px * scale, before.y_px * scale);
      pen.lineTo(x, y);
      pen.stroke();
    }
  }

  return (seen) => {
    events = [...events, ...seen].slice(-MOST);
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  };
}
