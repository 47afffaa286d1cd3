// SPDX-License-Identifier: Apache-2.0
"use strict";

const LIVE = 1000;
const ORDER = ["SUCCEEDED", "EATEN", "RUNNING", "DEAD", "WAITING", "DEPEND"];
const chosen = { job: "", layer: "", state: "", page: 0, frame: "", frameName: "" };
const token = takeToken();
let now = 0;

const $ = (id) => document.getElementById(id);

function takeToken() {
  const found = /token=([\w-]+)/.exec(location.hash);
  if (found) {
    sessionStorage.setItem("token", found[1]);
    history.replaceState(null, "", "/");
  }
  return sessionStorage.getItem("token") || "";
}

// Everything that comes from the farm is put in as text, never as markup.
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(cells, className) {
  const made = element("tr", null, className);
  for (const cell of cells) {
    const place = element("td");
    if (cell instanceof Node) place.append(cell);
    else place.textContent = cell;
    made.append(place);
  }
  return made;
}

function bar(counts) {
  const made = element("div", null, "bar");
  const shown = ORDER.filter((state) => counts[state]);
  for (const state of shown) {
    const part = element("span", null, state);
    part.style.flexGrow = counts[state];
    made.append(part);
  }
  made.title = shown.map((state) => `${counts[state]} ${state.toLowerCase()}`).join(", ") || "no frames";
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", made.title);
  return made;
}

function gauge(used, all, unit) {
  return bar2(all ? used / all : 0, `${used} of ${all}${unit}`);
}

function bar2(share, title) {
  const made = element("div", null, "bar");
  const part = element("span", null, "used");
  part.style.flexBasis = `${Math.min(100, share * 100)}%`;
  made.append(part);
  made.title = title;
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", title);
  return made;
}

function stateCell(state) {
  const made = element("span");
  made.append(element("span", null, `dot ${state}`), document.createTextNode(state));
  return made;
}

function link(text, act) {
  const made = element("button", text, "link");
  made.addEventListener("click", act);
  return made;
}

function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const gigabytes = (megabytes) => Math.round(megabytes / 102.4) / 10;

async function ask(path, how) {
  const response = await fetch(path, how);
  const data = await response.json();
  if (!response.ok) throw new Error(data.error || response.statusText);
  return data;
}

async function tell(path) {
  try {
    await ask(path, { method: "POST", headers: { "X-Token": token } });
    problem("");
  } catch (error) {
    problem(error.message);
  }
  await refresh();
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

// A table is only drawn anew when it has changed, so that what is clicked or marked stays.
const drawn = new Map();
function draw(id, data, rows) {
  const text = JSON.stringify(data);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  $(id).tBodies[0].replaceChildren(...rows());
}

function drawFarm(farm) {
  now = farm.now;
  const up = farm.hosts.filter((host) => host.state === "UP");
  const cores = up.reduce((sum, host) => sum + host.cores, 0);
  const used = up.reduce((sum, host) => sum + host.used_cores, 0);
  const pending = farm.jobs.filter((job) => job.state === "PENDING" || job.state === "PAUSED").length;
  $("summary").textContent = `${pending} pending jobs, ${used} of ${cores} cores busy, ${up.length} of ${farm.hosts.length} hosts up`;
  $("no-jobs").hidden = farm.jobs.length > 0;
  draw("jobs", [farm.jobs, chosen.job, Math.floor(now / 10)], () => farm.jobs.map((job) => row([
    link(job.name, () => choose(job.id)), job.user, job.state, `${job.counts.SUCCEEDED || 0} / ${job.frames}`,
    bar(job.counts), job.cores, duration((job.stopped || now) - job.launched),
  ], job.id === chosen.job ? "chosen" : "")));
  draw("hosts", [farm.hosts.map((host) => ({ ...host, seen: Math.floor((now - host.seen) / 10) }))], () => farm.hosts.map((host) => row([
    host.name, host.state, gauge(host.used_cores, host.cores, " cores"),
    `${gigabytes(host.used_memory_mb)} of ${gigabytes(host.memory_mb)} GB`, host.load,
    `${duration(Math.max(0, now - host.seen))} ago`, host.frames.join(", "),
  ])));
}

function drawJob(job) {
  $("job-title").textContent = job.name;
  const over = job.state === "FINISHED";
  for (const button of $("job-actions").querySelectorAll("button")) {
    const what = button.dataset.do;
    button.disabled = (what === "pause" && job.state !== "PENDING") || (what === "resume" && job.state !== "PAUSED")
      || ((what === "retry" || what === "eat") && !job.counts.DEAD) || (what === "kill" && over);
  }
  draw("layers", job.layers, () => job.layers.map((layer) => row([
    layer.name, layer.chunk > 1 ? `${layer.range} by ${layer.chunk}` : layer.range,
    `${layer.counts.SUCCEEDED || 0} / ${layer.frames}`, bar(layer.counts),
  ])));
  const names = ["", ...job.layers.map((layer) => layer.name)];
  if (names.join() !== [...$("layer").options].map((option) => option.value).join()) {
    $("layer").replaceChildren(...names.map((name) => {
      const option = element("option", name || "all");
      option.value = name;
      return option;
    }));
    $("layer").value = chosen.layer;
  }
  $("job").hidden = false;
}

function drawFrames(found) {
  $("page").textContent = `${found.page + 1} of ${found.pages} (${found.total} frames)`;
  $("before").disabled = found.page <= 0;
  $("after").disabled = found.page >= found.pages - 1;
  const tick = found.frames.some((frame) => frame.state === "RUNNING") ? now : 0;
  draw("frames", [found, tick], () => found.frames.map((frame) => {
    const actions = element("span", null, "actions-in-row");
    const offer = (what, label) => {
      const button = element("button", label);
      button.addEventListener("click", () => tell(`/api/frames/${frame.id}/${what}`));
      actions.append(button, " ");
    };
    if (frame.state === "RUNNING") offer("kill", "Kill");
    if (["DEAD", "EATEN", "SUCCEEDED", "RUNNING"].includes(frame.state)) offer("retry", "Retry");
    if (frame.state !== "SUCCEEDED" && frame.state !== "EATEN") offer("eat", "Eat");
    const time = frame.started ? duration((frame.stopped || now) - frame.started) : "";
    return row([
      frame.started ? link(frame.name, () => openLog(frame)) : frame.name, stateCell(frame.state), frame.host,
      frame.exit_status >= 0 ? frame.exit_status : "", frame.attempts || "", time,
      frame.max_rss_mb ? `${gigabytes(frame.max_rss_mb)} GB` : "", actions,
    ]);
  }));
}

function choose(id) {
  Object.assign(chosen, { job: id, layer: "", state: "", page: 0, frame: "" });
  $("state").value = "";
  $("layer").replaceChildren();
  $("log").hidden = true;
  refresh();
}

function openLog(frame) {
  chosen.frame = frame.id;
  $("log-title").textContent = `Log of ${frame.name}`;
  $("log-text").textContent = "";
  $("log").hidden = false;
  refresh().then(() => $("log").scrollIntoView({ block: "nearest" }));
}

function drawLog(log) {
  $("log-path").textContent = log.path;
  const box = $("log-text");
  if (box.textContent === log.text) return;
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
  box.textContent = log.text;
  if (atEnd) box.scrollTop = box.scrollHeight;
}

async function refresh() {
  try {
    drawFarm(await ask("/api/farm"));
    if (chosen.job) {
      const query = new URLSearchParams({ layer: chosen.layer, state: chosen.state, page: chosen.page });
      const job = await ask(`/api/jobs/${chosen.job}`);
      const frames = await ask(`/api/jobs/${chosen.job}/frames?${query}`);
      if (job.id === chosen.job) {
        drawJob(job);
        drawFrames(frames);
      }
    }
    if (chosen.frame) drawLog(await ask(`/api/frames/${chosen.frame}/log`, { headers: { "X-Token": token } }));
    if ($("problem").dataset.lost) {
      delete $("problem").dataset.lost;
      problem("");
    }
  } catch (error) {
    $("problem").dataset.lost = "yes";
    problem(error instanceof TypeError ? "The server does not answer." : error.message);
  }
}

async function live() {
  if (!document.hidden) await refresh();
  setTimeout(live, LIVE);
}

$("job-actions").addEventListener("click", (event) => {
  const what = event.target.dataset.do;
  if (!what) return;
  if (what === "kill" && !confirm("Kill this job and all that runs of it?")) return;
  tell(`/api/jobs/${chosen.job}/${what}`);
});
$("layer").addEventListener("change", (event) => { chosen.layer = event.target.value; chosen.page = 0; refresh(); });
$("state").addEventListener("change", (event) => { chosen.state = event.target.value; chosen.page = 0; refresh(); });
$("before").addEventListener("click", () => { chosen.page -= 1; refresh(); });
$("after").addEventListener("click", () => { chosen.page += 1; refresh(); });
$("close-log").addEventListener("click", () => { chosen.frame = ""; $("log").hidden = true; });
live();
