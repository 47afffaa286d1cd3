// SPDX-License-Identifier: Apache-2.0
"use strict";

const LIVE = 1000;
const ORDER = ["SUCCEEDED", "EATEN", "RUNNING", "DEAD", "WAITING", "DEPEND"];
const chosen = { job: "", frame: "", layer: "", state: "", page: 0 };
const token = takeToken();
let now = 0;

const $ = (id) => document.getElementById(id);

// -- the address: #job=ID&frame=ID, so that whatever is shown has a link --------------------------------------

// The token stays out of the address, but in the browser: links to jobs work in a new tab, too.
function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    localStorage.setItem("token", found);
    history.replaceState(null, "", "/");
  }
  return localStorage.getItem("token") || "";
}

const addressOf = (job, frame) => `#job=${job}${frame ? `&frame=${frame}` : ""}`;

function followAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const job = wanted.get("job") || "";
  const isOther = job !== chosen.job;
  if (isOther) {
    Object.assign(chosen, { layer: "", state: "", page: 0 });
    $("state").value = "";
    $("layer").replaceChildren();
    $("frames").tBodies[0].replaceChildren();
  }
  Object.assign(chosen, { job, frame: wanted.get("frame") || "" });
  log.show(chosen.frame);
  refresh().then(() => {
    if (isOther && job) $("job").scrollIntoView({ block: "start" });
  });
}

// -- elements --------------------------------------------------------------------------------------------------

// Everything that comes from the farm is put in as text, never as markup.
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function link(text, address) {
  const made = element("a", text);
  made.href = address;
  return made;
}

function bar(parts, title) {
  const made = element("div", null, "bar");
  for (const [className, share] of parts) {
    const part = element("span", null, className);
    part.style.flexGrow = share;
    made.append(part);
  }
  made.title = title;
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", title);
  return made;
}

function progress(counts) {
  const shown = ORDER.filter((state) => counts[state]);
  const title = shown.map((state) => `${counts[state]} ${state.toLowerCase()}`).join(", ") || "no frames";
  return bar(shown.map((state) => [state, counts[state]]), title);
}

function gauge(used, all, text) {
  const made = element("div", null, "gauge");
  const share = all ? Math.min(1, used / all) : 0;
  made.append(bar([["used", share], ["free", 1 - share]], text), element("span", text));
  return made;
}

function frameState(state) {
  const made = element("span");
  made.append(element("span", null, `key ${state}`), document.createTextNode(state));
  return made;
}

const otherState = (state) => element("span", state, `state-${state}`);
const dead = (counts) => (counts.DEAD ? element("strong", counts.DEAD, "dead") : "");
const done = (counts, all) => `${(counts.SUCCEEDED || 0) + (counts.EATEN || 0)} / ${all}`;

function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

// An estimate: no seconds where there are minutes.
function timeLeft(seconds) {
  if (seconds === null) return "";
  return `~ ${seconds < 60 ? duration(seconds) : duration(Math.ceil(seconds / 60) * 60).replace(" 0 s", "")}`;
}

function memory(megabytes) {
  if (!megabytes) return "";
  return megabytes < 1024 ? `${megabytes} MB` : `${Math.round(megabytes / 102.4) / 10} GB`;
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

// -- tables ----------------------------------------------------------------------------------------------------

// Only cells that have changed are replaced, so that what is marked, focused or scrolled stays as it is.
function draw(id, items, cellsOf, classOf) {
  const table = $(id);
  const labels = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const old = new Map([...table.tBodies[0].children].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => {
    const row = old.get(item.id) || element("tr");
    row.dataset.key = item.id;
    row.className = classOf ? classOf(item) : "";
    cellsOf(item).forEach((content, number) => patch(row, number, labels[number], content));
    return row;
  });
  place(table.tBodies[0], id === "frames" ? log.among(rows) : rows);
}

function patch(row, number, label, content) {
  const cell = element("td");
  if (label) cell.dataset.label = label;
  if (content === "") cell.className = "empty";
  cell.append(content);
  const known = row.cells[number];
  if (!known) row.append(cell);
  else if (!known.isEqualNode(cell)) known.replaceWith(cell);
}

function place(body, rows) {
  const wanted = new Set(rows);
  for (const row of [...body.children]) if (!wanted.has(row)) row.remove();
  rows.forEach((row, number) => {
    if (body.children[number] !== row) body.insertBefore(row, body.children[number] || null);
  });
}

// -- the log, in a row below its frame -------------------------------------------------------------------------

const log = {
  row: $("log-row").content.firstElementChild,
  frame: "",

  show(frame) {
    if (frame !== this.frame) this.row.querySelector("pre").textContent = "";
    this.frame = frame;
    if (!frame) this.row.remove();
    else this.row.querySelector("a").href = addressOf(chosen.job);
  },

  among(rows) {
    if (!this.frame) return rows;
    const number = rows.findIndex((row) => row.dataset.key === this.frame);
    return [...rows.slice(0, number + 1), this.row, ...rows.slice(number + 1)];
  },

  draw({ path, text }) {
    this.row.querySelector("code").textContent = path;
    const box = this.row.querySelector("pre");
    if (box.textContent === text) return;
    const isNew = !box.textContent;
    const isAtEnd = isNew || box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    box.textContent = text;
    if (isAtEnd) box.scrollTop = box.scrollHeight;
    if (isNew) this.row.scrollIntoView({ block: "nearest" });
  },
};

// -- what is shown ---------------------------------------------------------------------------------------------

function drawFarm(farm) {
  now = farm.now;
  const up = farm.hosts.filter((host) => host.state === "UP");
  const sum = (things, of) => things.reduce((all, thing) => all + of(thing), 0);
  const pending = farm.jobs.filter((job) => job.pending);
  const stuck = pending.filter((job) => job.state === "STUCK").length;
  const deadFrames = sum(pending, (job) => job.counts.DEAD || 0);
  const parts = [
    `${count(pending.length, "pending job")}${stuck ? `, ${stuck} stuck` : ""}`,
    deadFrames ? element("strong", count(deadFrames, "dead frame"), "dead") : "",
    `${sum(up, (host) => host.used_cores)} of ${sum(up, (host) => host.cores)} cores busy`,
    `${up.length} of ${count(farm.hosts.length, "host")} up`,
  ].filter(Boolean);
  $("summary").replaceChildren(...parts.flatMap((part, number) => (number ? [" · ", part] : [part])));
  document.title = deadFrames ? `${deadFrames} dead · cuebot-stub` : "cuebot-stub";
  drawJobs(farm.jobs);
  draw("hosts", farm.hosts.map((host) => ({ ...host, id: host.name })), (host) => [
    host.name, otherState(host.state), gauge(host.used_cores, host.cores, `${host.used_cores} of ${host.cores}`),
    gauge(host.used_memory_mb, host.memory_mb, `${memory(host.used_memory_mb) || 0} of ${memory(host.memory_mb)}`),
    host.load, `${duration(Math.max(0, now - host.seen))} ago`, links(host.frames),
  ]);
}

function links(frames) {
  if (!frames.length) return "";
  const made = element("span", null, "links");
  made.append(...frames.flatMap((frame) => [link(frame.name, addressOf(frame.job, frame.id)), " "]));
  return made;
}

function drawJobs(jobs) {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (job) => `${job.name} ${job.user} ${job.state}`.toLowerCase();
  const shown = jobs.filter((job) => words.every((word) => text(job).includes(word)));
  $("no-jobs").hidden = jobs.length > 0;
  $("none-match").hidden = shown.length > 0 || !jobs.length;
  draw("jobs", shown, (job) => [
    link(job.name, addressOf(job.id)), otherState(job.state), progress(job.counts), done(job.counts, job.frames),
    dead(job.counts), job.counts.RUNNING || "", timeLeft(job.seconds_left), job.user, job.priority,
    duration((job.stopped || now) - job.launched),
  ], (job) => (job.id === chosen.job ? "chosen" : ""));
}

function drawJob(job) {
  $("job-title").textContent = job.name;
  $("job-why").textContent = job.why;
  $("job-why").hidden = !job.why;
  const may = {
    pause: job.pending && !job.paused, resume: job.pending && job.paused, kill: job.pending,
    retry: job.counts.DEAD > 0, eat: job.counts.DEAD > 0,
  };
  for (const button of $("job-actions").querySelectorAll("button")) button.disabled = !may[button.dataset.do];
  draw("layers", job.layers.map((layer) => ({ ...layer, id: layer.name })), (layer) => [
    layer.name, progress(layer.counts), done(layer.counts, layer.frames), dead(layer.counts),
    layer.seconds === null ? "" : duration(layer.seconds),
    layer.max_rss_mb ? `${memory(layer.max_rss_mb)} of ${memory(layer.memory_mb)}` : memory(layer.memory_mb),
    layer.chunk > 1 ? `${layer.range} in chunks of ${layer.chunk}` : layer.range,
  ]);
  const names = ["", ...job.layers.map((layer) => layer.name)];
  if (names.join() !== [...$("layer").options].map((option) => option.value).join()) {
    $("layer").replaceChildren(...names.map((name) => new Option(name || "all", name)));
    $("layer").value = chosen.layer;
  }
}

function drawFrames(found) {
  $("page").textContent = `${found.page + 1} of ${found.pages} (${count(found.total, "frame")})`;
  $("before").disabled = found.page <= 0;
  $("after").disabled = found.page >= found.pages - 1;
  draw("frames", found.frames, (frame) => [
    frame.started ? link(frame.name, addressOf(chosen.job, frame.id)) : frame.name, frameState(frame.state),
    frame.started ? duration(Math.max(0, (frame.stopped || now) - frame.started)) : "", memory(frame.max_rss_mb),
    frame.attempts || "", frame.host, frame.why, frameActions(frame),
  ], (frame) => (frame.id === chosen.frame ? "chosen" : ""));
}

function frameActions(frame) {
  const actions = element("span", null, "in-row");
  const offer = (what, label) => {
    const button = element("button", label);
    button.addEventListener("click", () => tell(`/api/frames/${frame.id}/${what}`));
    actions.append(button, " ");
  };
  if (frame.state === "RUNNING") offer("kill", "Kill");
  if (["DEAD", "EATEN", "SUCCEEDED", "RUNNING"].includes(frame.state)) offer("retry", "Retry");
  if (frame.state !== "SUCCEEDED" && frame.state !== "EATEN") offer("eat", "Eat");
  return actions;
}

// -- the server ------------------------------------------------------------------------------------------------

async function ask(path, how) {
  const response = await fetch(path, { headers: { "X-Token": token }, ...how });
  const data = await response.json();
  if (!response.ok) throw new Error(data.error || response.statusText);
  return data;
}

async function tell(path) {
  try {
    await ask(path, { method: "POST" });
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

async function refresh() {
  try {
    drawFarm(await ask("/api/farm"));
    await refreshJob(chosen.job);
    if (chosen.frame && token) log.draw(await ask(`/api/frames/${chosen.frame}/log`));
    if ($("problem").dataset.lost) {
      delete $("problem").dataset.lost;
      problem("");
    }
  } catch (error) {
    $("problem").dataset.lost = "yes";
    problem(error instanceof TypeError ? "The server does not answer." : error.message);
  }
}

async function refreshJob(id) {
  $("job").hidden = !id;
  if (!id) return;
  const query = new URLSearchParams({ layer: chosen.layer, state: chosen.state, page: chosen.page });
  const job = await ask(`/api/jobs/${id}`);
  const frames = await ask(`/api/jobs/${id}/frames?${query}`);
  if (id !== chosen.job) return; // somebody has chosen another one meanwhile
  drawJob(job);
  drawFrames(frames);
}

async function live() {
  if (!document.hidden) await refresh();
  setTimeout(live, LIVE);
}

$("job-actions").addEventListener("click", (event) => {
  const what = event.target.dataset.do;
  if (!what) return;
  if (what === "kill" && !confirm("Kill this job and all its running frames?")) return;
  tell(`/api/jobs/${chosen.job}/${what}`);
});
for (const name of ["layer", "state"]) {
  $(name).addEventListener("change", (event) => {
    Object.assign(chosen, { [name]: event.target.value, page: 0 });
    refresh();
  });
}
for (const [id, step] of [["before", -1], ["after", 1]]) {
  $(id).addEventListener("click", () => {
    chosen.page += step;
    refresh();
  });
}
$("filter").addEventListener("input", refresh);
window.addEventListener("hashchange", followAddress);
$("read-only").hidden = token !== "";
followAddress();
setTimeout(live, LIVE);
