// What fingers, a mouse and the keyboard do to the map. A page must still scroll: one finger drags only a map that is
// magnified, and the wheel magnifies only with Ctrl (as a pinch on a touchpad is reported).

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function placeOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** Calls `choose(cell)` on a click or key, `hover(cell, x, y)` on a move. */
function listenToMap(map, { choose, hover }) {
  const { canvas } = map;
  const down = new Map();
  let moved = 0;

  canvas.addEventListener("pointerdown", (event) => {
    down.set(event.pointerId, [event.clientX, event.clientY]);
    if (down.size === 1) moved = 0;
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
  });

  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = placeOf(event, canvas);
    if (!down.has(event.pointerId)) {
      hover(map.cellAt(x, y, 3), x, y);
      return;
    }
    const before = down.get(event.pointerId);
    const other = [...down.entries()].find(([id]) => id !== event.pointerId);
    down.set(event.pointerId, [event.clientX, event.clientY]);
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (other) pinch(map, before, [event.clientX, event.clientY], other[1]);
    else if (event.pointerType === "mouse" ? moved > 4 : map.drags) map.pan(dx, dy);
  });

  const lift = (event) => {
    const clicked = down.delete(event.pointerId) && down.size === 0 && moved < 6 && event.type === "pointerup";
    if (!clicked) return;
    const cell = map.cellAt(...placeOf(event, canvas));
    if (cell !== null) choose(cell);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => hover(null));

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      map.magnify(Math.exp(-event.deltaY / 200), ...placeOf(event, canvas));
    },
    { passive: false },
  );

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) choose(map.begun ? map.neighbour(map.selected, ARROWS[event.key]) : map.middle);
    else if (event.key === "+" || event.key === "=") map.magnify(1.5);
    else if (event.key === "-") map.magnify(1 / 1.5);
    else if (event.key === "Home") map.fit();
    else return;
    event.preventDefault();
  });
}

function pinch(map, before, now, other) {
  const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
  const box = map.canvas.getBoundingClientRect();
  const middle = [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top];
  map.magnify(apart(now, other) / apart(before, other), ...middle);
}
