// SPDX-License-Identifier: Apache-2.0
// Names the attempt under the mouse; draws, sorts and searches the results. Text goes into the page as text only.
"use strict";
(() => {
  const dataOf = (name) => JSON.parse(document.getElementById(name).textContent);
  const make = (tag, text, cls) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (cls) node.className = cls;
    return node;
  };
  const round = (value) => String(Math.abs(value) >= 1000 ? Math.round(value) : +value.toPrecision(3));

  // -- timeline
  const seconds = (s) => (s < 100 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")} min`);
  const memory = (kb) => (kb < 1024 * 1000 ? `${Math.round(kb / 1024)} MB` : `${(kb / 1048576).toFixed(1)} GB`);
  const startTimeline = (plot) => {
    const data = dataOf("timeline-data"), svg = plot.querySelector("svg"), tip = plot.querySelector(".tip");
    const lanes = data.lanes.map(() => []);
    for (const bar of data.bars) lanes[bar[3]].push(bar);
    const width = svg.viewBox.baseVal.width;
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * width, slack = (3 / box.width) * width;
      const lane = Math.min(lanes.length - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * lanes.length)));
      let found = null, least = slack;
      for (const bar of lanes[lane]) {
        const away = Math.max(bar[4] - x, x - bar[4] - bar[5], 0);
        if (away <= least) [found, least] = [bar, away];
      }
      return found;
    };
    plot.addEventListener("mousemove", (event) => {
      const bar = nearest(event);
      tip.hidden = !bar;
      if (!bar) return;
      const words = [`${bar[1]}-${data.layers[bar[0]]}, ${data.states[bar[8]].toLowerCase()}`];
      words.push(`${seconds(bar[6])}${bar[7] ? `, ${memory(bar[7])}` : ""}${bar[2] > 1 ? `, attempt ${bar[2]}` : ""}`);
      words.push(data.lanes[bar[3]]);
      if (data.reasons[bar[9]]) words.push(data.reasons[bar[9]]);
      tip.textContent = words.join("\n");
      const box = plot.getBoundingClientRect(), x = event.clientX - box.left;
      tip.style.left = `${Math.max(0, Math.min(x + 12, box.width - tip.offsetWidth))}px`;
      tip.style.top = `${event.clientY - box.top + 16}px`;
    });
    plot.addEventListener("mouseleave", () => { tip.hidden = true; });
  };

  // -- results
  const STEP = 100;
  const isNumber = (value) => typeof value === "number";
  const order = (a, b) => {
    if (isNumber(a) && isNumber(b)) return a - b;
    if (a === null || b === null) return (a === null) - (b === null);
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  const startResults = (box) => {
    const { columns, rows } = dataOf(box.dataset.from);
    const numeric = columns.map((_, at) => at).filter((at) => at > 0 && rows.filter((row) => isNumber(row[at])).length > 1);
    let shown = rows, limit = STEP, by = -1, sign = 1;
    const controls = make("div", undefined, "controls"), search = make("input");
    search.type = "search"; search.placeholder = "search"; search.setAttribute("aria-label", "search");
    controls.append(search);
    const count = make("span");
    const table = make("table"), head = make("tr"), body = make("tbody"), more = make("button", undefined, "more");
    const draw = () => {
      body.replaceChildren(...shown.slice(0, limit).map((row) => {
        const line = make("tr");
        line.append(...row.map((value) => make("td", value === null ? "" : isNumber(value) && !Number.isInteger(value) ? String(+value.toPrecision(6)) : String(value), isNumber(value) ? "n" : "")));
        return line;
      }));
      more.hidden = shown.length <= limit;
      more.textContent = `show ${Math.min(STEP, shown.length - limit)} more`;
      count.textContent = `${shown.length} of ${rows.length} rows`;
    };
    const choose = () => {
      const words = search.value.toLowerCase();
      shown = words ? rows.filter((row) => row.some((value) => String(value).toLowerCase().includes(words))) : rows.slice();
      if (by >= 0) shown.sort((a, b) => sign * order(a[by], b[by]));
      draw();
      if (scatter) scatter(shown);
    };
    columns.forEach((column, at) => {
      const cell = make("th", undefined, numeric.includes(at) ? "n" : ""), button = make("button", column);
      button.addEventListener("click", () => {
        [by, sign] = [at, by === at ? -sign : 1];
        for (const one of head.children) one.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        choose();
      });
      cell.append(button);
      head.append(cell);
    });
    search.addEventListener("input", () => { limit = STEP; choose(); });
    more.addEventListener("click", () => { limit += STEP; draw(); });
    const scroll = make("div", undefined, "scroll"), top = make("thead");
    top.append(head); table.append(top, body); scroll.append(table);
    let scatter = null;
    if (numeric.length > 1) scatter = startScatter(box, controls, columns, numeric);
    controls.append(count);
    box.append(controls, ...(scatter ? [scatter.svg] : []), scroll, more);
    choose();
  };

  // -- scatter plot
  const SVG = "http://www.w3.org/2000/svg", W = 720, H = 320, LEFT = 64, LOW = 34, PAD = 12;
  const shape = (tag, attributes, text) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const ticksOf = (low, high) => {
    const raw = (high - low || 1) / 5, unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((one) => one * unit).find((one) => one >= raw);
    const found = [];
    for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(at * step);
    return found;
  };
  const startScatter = (box, controls, columns, numeric) => {
    const svg = shape("svg", { class: "scatter", viewBox: `0 0 ${W} ${H}`, role: "img" });
    const selects = ["across", "up"].map((word, place) => {
      const label = make("label", `${word} `), select = make("select");
      for (const at of numeric) { const option = make("option", columns[at]); option.value = at; select.append(option); }
      select.value = numeric[place * (numeric.length - 1)]; // what frames were given comes first, what came of it last
      label.append(select); controls.append(label);
      return select;
    });
    let last = [];
    const draw = (rows) => {
      last = rows;
      const [x, y] = selects.map((select) => Number(select.value));
      const points = rows.filter((row) => isNumber(row[x]) && isNumber(row[y]));
      svg.replaceChildren();
      svg.setAttribute("aria-label", `${columns[y]} by ${columns[x]}, ${points.length} frames`);
      if (!points.length) return;
      const range = (at) => points.reduce(([low, high], row) => [Math.min(low, row[at]), Math.max(high, row[at])], [Infinity, -Infinity]);
      const wider = ([low, high]) => [low - (high - low) / 25, high + (high - low) / 25];
      const [x0, x1] = wider(range(x)), [y0, y1] = wider(range(y));
      const px = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (W - LEFT - PAD);
      const py = (value) => H - LOW - ((value - y0) / (y1 - y0 || 1)) * (H - LOW - PAD);
      for (const tick of ticksOf(x0, x1)) {
        svg.append(shape("line", { x1: px(tick), x2: px(tick), y1: PAD, y2: H - LOW }));
        svg.append(shape("text", { x: px(tick), y: H - LOW + 14, "text-anchor": "middle" }, round(tick)));
      }
      for (const tick of ticksOf(y0, y1)) {
        svg.append(shape("line", { x1: LEFT, x2: W - PAD, y1: py(tick), y2: py(tick) }));
        svg.append(shape("text", { x: LEFT - 6, y: py(tick) + 4, "text-anchor": "end" }, round(tick)));
      }
      svg.append(shape("text", { x: (W + LEFT) / 2, y: H - 4, "text-anchor": "middle" }, columns[x]));
      svg.append(shape("text", { x: 12, y: H / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${H / 2})` }, columns[y]));
      const dots = document.createDocumentFragment();
      for (const row of points) {
        const dot = shape("circle", { cx: px(row[x]).toFixed(1), cy: py(row[y]).toFixed(1), r: points.length > 1000 ? 2 : 3.5 });
        dot.append(shape("title", {}, `${row[0]}: ${columns[x]} ${row[x]}, ${columns[y]} ${row[y]}`));
        dots.append(dot);
      }
      svg.append(dots);
    };
    for (const select of selects) select.addEventListener("change", () => draw(last));
    draw.svg = svg;
    return draw;
  };

  const plot = document.getElementById("plot");
  if (plot) startTimeline(plot);
  for (const box of document.querySelectorAll(".results")) startResults(box);
})();
