/* The status page in motion: it asks for status.json each second and puts what it gets into the page, as text. */
"use strict";

const EVERY = 1000;      // from an answer to the next question (ms)
const PATIENCE = 5000;   // for an answer (ms)
const SURE = 15000;      // how long "Really cancel?" stands (ms)
const DOUBLE = 500;      // a second click so soon is not an answer to that (ms)
const RATE_OVER = 5;     // answers that a rate is taken over
const POINTS = [30, 300]; // of the sparkline, at least and at most
const NOTHING = "–";

const page = (id) => document.getElementById(id);
const part = (node, name) => node.querySelector(`[data-is="${name}"]`);

/* Only what has changed: a screen reader or a selection is not disturbed each second. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/* Told to who does not see the page. */
const say = (text) => put(page("said"), text);

function notice(id, text) {
  put(page(id), text);
  page(id).hidden = text === "";
}

// ---- as src/base/human.c

const number = (n) => Math.floor(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.length; unit++) bytes /= 1024;
  return `${bytes.toFixed(unit > 0 && bytes < 100 ? 1 : 0)} ${units[unit]}`;
}

function time(ms) {
  const s = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const held = (ms) => (ms === null ? NOTHING : time(ms));
const day = (rfc3339) => (rfc3339 ?? "").slice(0, 10);
const clock = (rfc3339) => (rfc3339 ?? "").slice(11, 19);
const moment = (rfc3339) => `${day(rfc3339)} ${clock(rfc3339)}`;

// ---- asking the service

const TOKEN = "pgsluice admin token";

/* A header field holds bytes; fetch() refuses other characters. */
const utf8 = (text) => String.fromCharCode(...new TextEncoder().encode(text));

function headers(more) {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? more : { ...more, Authorization: `Bearer ${utf8(token)}` };
}

/* The answer, also one that refuses; an exception when there is none. */
function ask(path, method, more) {
  return fetch(path, { method, headers: headers(more), cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
}

// ---- runs under way

/* Rows and bytes a second, over the last answers: {id: [[ms, rows, bytes], ...]}. */
const seen = new Map();

function rate(run) {
  const points = seen.get(run.id) ?? [];
  points.push([run.elapsed_ms, run.rows, run.bytes]);
  if (points.length > RATE_OVER + 1) points.shift();
  seen.set(run.id, points);
  const [ms, rows, bytes] = points.length > 1 ? points[0] : [0, 0, 0];
  const seconds = (run.elapsed_ms - ms) / 1000;
  if (run.state === "queued" || seconds <= 0) return NOTHING;
  return `${number((run.rows - rows) / seconds)} rows/s, ${size((run.bytes - bytes) / seconds)}/s`;
}

function showProgress(node, run) {
  const known = run.estimated_rows > 0 && run.rows <= run.estimated_rows;
  const bar = part(node, "bar");
  bar.max = known ? run.estimated_rows : 1;
  bar.value = known ? run.rows : 0;
  put(part(node, "progress"), run.state === "queued" ? "Waits for a slot" : known
    ? `${number(run.rows)} of about ${number(run.estimated_rows)} rows, ${Math.floor(run.rows * 100 / run.estimated_rows)} %`
    : `${number(run.rows)} rows`);
}

function showState(node, state) {
  const badge = part(node, "state");
  badge.className = `badge ${state}`;
  put(badge, state);
}

function showRun(node, run) {
  showState(node, run.state);
  showProgress(node, run);
  put(part(node, "export"), run.export);
  put(part(node, "id"), run.id);
  put(part(node, "rate"), rate(run));
  put(part(node, "elapsed"), time(run.elapsed_ms));
  put(part(node, "held"), held(run.snapshot_held_ms));
  put(part(node, "bytes"), size(run.bytes));
  put(part(node, "sent"), size(run.bytes_sent));
  put(part(node, "memory"), size(run.peak_memory));
  put(part(node, "who"), run.who);
  put(part(node, "peer"), run.peer);
  const button = part(node, "cancel");
  button.hidden = !["queued", "running"].includes(run.state) && button.dataset.step !== "sent";
  button.dataset.id = run.id;
  button.dataset.export = run.export;
  if (!button.dataset.step) calm(button);
}

/* Nodes of runs that stay, stay: so does the focus on a button of theirs. */
function showRuns(runs) {
  const list = page("running");
  const nodes = new Map([...list.children].map((node) => [node.dataset.id, node]));
  const ids = new Set(runs.map((run) => run.id));
  for (const [id, node] of nodes) if (!ids.has(id)) leave(node);
  for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
  runs.forEach((run, i) => {
    let node = nodes.get(run.id);
    if (node === undefined) {
      node = page("run").content.firstElementChild.cloneNode(true);
      node.dataset.id = run.id;
    }
    showRun(node, run);
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
  });
}

/* Who was at its button goes on from the heading. */
function leave(node) {
  if (node.contains(document.activeElement)) page("running-title").focus();
  node.remove();
}

/* Those that run, then those that wait; of each the oldest first. */
function inOrder(runs) {
  const oldestFirst = [...runs].reverse();
  const waits = (run) => run.state === "queued";
  return [...oldestFirst.filter((run) => !waits(run)), ...oldestFirst.filter(waits)];
}

// ---- cancelling: a first click asks, a second one does it

function label(button, text, name) {
  put(button, text);
  button.setAttribute("aria-label", `${name} ${button.dataset.export}, run ${button.dataset.id.slice(0, 8)}`);
}

function calm(button) {
  delete button.dataset.step;
  button.classList.remove("sure");
  label(button, "Cancel", "Cancel");
}

/* What was said goes with the question: the same words are told again only after others. */
function relent(button) {
  calm(button);
  say("");
}

function question(button) {
  const asked = String(performance.now());
  refused = "";
  button.dataset.step = "asked";
  button.dataset.asked = asked;
  button.classList.add("sure");
  label(button, "Really cancel?", "Really cancel?");
  say(`Press again to cancel ${button.dataset.export}; Escape leaves it.`);
  setTimeout(() => {
    if (button.dataset.step === "asked" && button.dataset.asked === asked) relent(button);
  }, SURE);
}

async function cancel(button) {
  button.dataset.step = "sent";
  button.classList.remove("sure");
  button.setAttribute("aria-disabled", "true");
  label(button, "Cancelling …", "Cancelling");
  let why = "";
  try {
    const answer = await ask(`runs/${button.dataset.id}`, "DELETE", { "X-Pgsluice": "1" });
    if (answer.ok) say(`${button.dataset.export} is cancelled.`);
    else why = (await answer.json()).detail;
  } catch {
    why = "no answer";
  }
  refused = why === "" ? "" : `${button.dataset.export} was not cancelled: ${why}.`;
  if (why === "") return;
  say(refused);
  button.removeAttribute("aria-disabled");
  calm(button);
}

page("running").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button === null || button.dataset.step === "sent") return;
  if (button.dataset.step !== "asked") question(button);
  else if (performance.now() - Number(button.dataset.asked) >= DOUBLE) cancel(button);
});
/* A key that is held down would answer its own question. */
page("running").addEventListener("keydown", (event) => {
  if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault();
  if (event.key === "Escape" && event.target.dataset.step === "asked") relent(event.target);
});
page("running").addEventListener("focusout", (event) => {
  if (event.target.dataset.step === "asked") relent(event.target);
});

// ---- runs that have ended

function showEnded(runs, remembered) {
  put(page("told"), runs.length === 0 ? "None yet."
    : `The last ${runs.length} of ${remembered} remembered. Times are UTC.`);
  const body = page("recent");
  if (body.firstElementChild?.dataset.id === runs[0]?.id && body.children.length === runs.length) return;
  body.replaceChildren(...runs.map((run) => {
    const node = page("ended").content.firstElementChild.cloneNode(true);
    node.dataset.id = run.id;
    showState(node, run.state);
    part(node, "export").textContent = run.export;
    part(node, "who").textContent = run.who;
    part(node, "peer").textContent = run.peer;
    part(node, "error").textContent = run.error === null ? "" : `${run.error.kind}: ${run.error.detail}`;
    part(node, "rows").textContent = `${number(run.rows)} rows`;
    part(node, "bytes").textContent = size(run.bytes);
    part(node, "clock").textContent = clock(run.finished_at);
    part(node, "day").textContent = day(run.finished_at);
    part(node, "took").textContent = time(run.elapsed_ms);
    return node;
  }));
}

// ---- figures, and the memory of the last minutes

function figure(name, value, more) {
  put(part(page("figures"), name), value);
  if (more !== undefined) put(part(page("figures"), `${name}-more`), more);
}

const memory = [];

function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/* As high as the memory: the limit may be far above it. */
function showSpark(resident, limit) {
  memory.push(resident);
  if (memory.length > POINTS[1]) memory.shift();
  const most = Math.max(...memory);
  const top = most * 1.25;
  const y = (bytes) => (100 - bytes * 100 / top).toFixed(2);
  /* The first point is drawn twice: one alone would not be seen. */
  const drawn = [memory[0], ...memory];
  const last = Math.max(memory.length, POINTS[0]);
  const first = last - memory.length;
  const caption = `Memory while this page is open: at most ${size(most)}, ${Math.floor(most * 100 / limit)} % of the limit.` +
    (limit <= top ? " That is the dashed line." : "");
  const picture = svg("svg", { viewBox: `0 0 ${last} 100`, preserveAspectRatio: "none", role: "img", "aria-label": caption });
  picture.append(svg("polyline", { class: "resident", points: drawn.map((bytes, i) => `${first + i},${y(bytes)}`).join(" ") }));
  if (limit <= top) picture.append(svg("line", { class: "limit", x1: 0, x2: last, y1: y(limit), y2: y(limit) }));
  page("spark").firstElementChild.replaceChildren(picture);
  put(page("spark").lastElementChild, caption);
  page("spark").hidden = false;
}

function showFigures(status) {
  const { slots, queue, memory: now } = status;
  const oldest = status.running.map((run) => run.snapshot_held_ms).filter((ms) => ms !== null);
  figure("slots", `${slots.used} of ${slots.limit}`);
  figure("waiting", String(queue.waiting), `of at most ${queue.limit}`);
  figure("oldest", oldest.length === 0 ? NOTHING : time(Math.max(...oldest)));
  figure("memory", size(now.resident), `${Math.floor(now.resident * 100 / now.limit)} % of the limit, ${size(now.limit)}`);
  showSpark(now.resident, now.limit);
}

// ---- the whole

let startedAt = null;
let answeredAt = null;   // by the clock of the service, as all that is shown
let restarted = "";
let told = "";           // the news that were announced
let refused = "";        // why the last run that was to be cancelled was not

/* Returns what is new in it, to be said. */
function showNews(status) {
  if (startedAt !== null && startedAt !== status.started_at)
    restarted = `The service was started anew at ${moment(status.started_at)} UTC and has forgotten all runs before.`;
  startedAt = status.started_at;
  const news = [
    status.draining ? "The service is shutting down: it waits for what is under way and takes no new exports." : "",
    status.reload_ok ? "" : "The last reload failed: the configuration of before goes on.",
    restarted,
  ].filter((text) => text !== "").join(" ");
  notice("news", `${refused} ${news}`.trim());
  const fresh = news === told ? "" : news;
  told = news;
  return fresh;
}

function show(status) {
  const again = page("trouble").textContent !== "" ? "The service answers again." : "";
  notice("trouble", "");
  document.body.classList.remove("stale");
  answeredAt = status.now;
  put(page("summary"), `Version ${status.version}, started ${moment(status.started_at)}, as of ${moment(status.now)} UTC`);
  const news = `${again} ${showNews(status)}`.trim();
  if (news !== "") say(news);
  showFigures(status);
  showRuns(inOrder(status.running));
  showEnded(status.recent, status.remembered);
  page("live").hidden = false;
}

function showTrouble(text) {
  const since = answeredAt === null ? "" : ` since ${moment(answeredAt)} UTC`;
  if (page("trouble").textContent === "") say(text + since);
  notice("trouble", `${text}${since}. Asking again each second.`);
  document.body.classList.add("stale");
}

function wantToken(wrong) {
  const why = wrong ? "That is not the token." : "";
  sessionStorage.removeItem(TOKEN);
  notice("trouble", why);
  say(why);
  page("live").hidden = true;
  page("ask").hidden = false;
  page("token").value = "";
  page("token").focus();
}

/* One question after another, never two at once; none while nobody looks. */
async function poll() {
  let status = null;
  if (!document.hidden) {
    try {
      const answer = await ask("status.json", "GET", {});
      if (answer.status === 401) {
        wantToken(sessionStorage.getItem(TOKEN) !== null);
        return;
      }
      if (answer.ok) status = await answer.json();
      else showTrouble(`The service answers ${answer.status}`);
    } catch {
      showTrouble("No answer");
    }
  }
  setTimeout(poll, EVERY);
  if (status !== null) show(status);
}

page("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, page("token").value);
  notice("trouble", "");
  say("");
  page("main").focus();
  page("ask").hidden = true;
  poll();
});

if (page("live").hidden && sessionStorage.getItem(TOKEN) === null) wantToken(false);
else poll();
