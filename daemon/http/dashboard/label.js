// One task on the screen, one button and one key an answer. The server hands out the task and keeps it ours for two minutes at a time; an answer goes
// out at once, and undo shows the task again, so that the next answer replaces it by a later revision. Text of events is only ever set as text.
"use strict";

const POLL_MS = 3000, UNDO_MOST = 50;
const $ = id => document.getElementById(id);
const store = sessionStorage;
const session = store.getItem("winnowd-session") || Array.from(crypto.getRandomValues(new Uint32Array(4)), n => n.toString(16)).join("");
store.setItem("winnowd-session", session); // a page loaded again has the same task again

const state = {token: store.getItem("winnowd-token"), annotator: store.getItem("winnowd-annotator"), classes: [], keys: {}, now: null, again: null, past: [], answered: 0, busy: false, last: null, turn: 0}; // turn: what the server said before it is stale

function note(text) { $("note").textContent = text; }

function element(name, text, className) {
  const e = document.createElement(name);
  e.textContent = text;
  if (className) e.className = className;
  return e;
}

// ---- requests ----

// {status, data}; status 0: nobody answers.
async function post(path, body) {
  try {
    const answer = await fetch(path, {method: "POST", headers: {Authorization: "Bearer " + state.token, "Content-Type": "application/json"}, body: JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(10000)});
    const data = (answer.headers.get("Content-Type") || "").startsWith("application/json") ? await answer.json() : {};
    if (answer.status === 401) enter("This is not the token that winnowd has.");
    return {status: answer.status, data};
  } catch {
    return {status: 0, data: {}};
  }
}

// ---- the screen ----

function enter(why) {
  state.token = null;
  store.removeItem("winnowd-token");
  $("enter").hidden = false;
  $("work").hidden = $("leave").hidden = true;
  $("progress").textContent = "";
  $("annotator").value = state.annotator || "";
  $("token").value = "";
  note(why || "");
  $(state.annotator ? "token" : "annotator").focus();
}

function drawProgress() {
  const s = state.last;
  if (!s || !state.token) return;
  const late = s.unconfirmed > 0 && s.trouble ? `; ${s.unconfirmed} on the way to Kafka: ${s.trouble}` : "";
  $("progress").textContent = `${state.answered} answered, ${s.waiting}${s.more ? "+" : ""} wait${late}`;
}

// The key stands on its button; without one the button alone answers.
function showKey(button, key) {
  let k = button.querySelector("kbd");
  if (k) k.remove();
  button.removeAttribute("aria-keyshortcuts");
  if (!key) return;
  button.setAttribute("aria-keyshortcuts", key);
  k = element("kbd", key);
  k.setAttribute("aria-hidden", "true");
  button.append(k);
}

function drawClasses() {
  $("classes").replaceChildren(...state.classes.map(({name, key}) => {
    const b = element("button", "");
    b.type = "button";
    b.disabled = !state.now;
    if (state.again && state.again.outcome === "labelled" && state.again.label === name) b.classList.add("given");
    b.setAttribute("aria-label", name);
    b.append(element("span", name));
    showKey(b, key);
    b.addEventListener("click", () => give("labelled", name));
    return b;
  }));
  for (const [outcome, id] of [["skipped", "skip"], ["cannot_tell", "cannot"], ["undo", "undo"]]) showKey($(id), state.keys[outcome]);
}

function drawTask() {
  const t = state.now;
  $("task").hidden = !t;
  $("skip").disabled = $("cannot").disabled = !t;
  $("undo").disabled = !state.past.length;
  drawClasses();
  document.documentElement.dataset.task = t ? t.id : "";
  if (!t) return;
  $("sample").textContent = t.sample_id;
  $("why").textContent = "asked for: " + t.reason;
  $("fields").replaceChildren(...t.fields.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  $("fields").scrollTop = 0;
  $("left").textContent = t.left ? `and ${t.left} more fields` : "";
}

function show(task, again) {
  state.now = task;
  state.again = again;
  drawTask();
}

// ---- the work ----

function take(data) {
  const fresh = JSON.stringify([data.classes, data.keys]) !== JSON.stringify([state.classes, state.keys]), task = data.task;
  state.last = data;
  state.classes = data.classes;
  state.keys = data.keys;
  drawProgress();
  if (state.again) return fresh && drawClasses(); // a task that came back stays until it is answered
  if (state.now && (!task || task.id !== state.now.id)) note("The last task was closed: someone else answered it, or its time was over.");
  if (!state.now !== !task || (task && task.id !== state.now.id) || fresh) show(task, null);
  if (!data.ready) note("winnowd is reading the tasks; they appear here by themselves.");
  else if (!task && !state.past.length) note("No task waits; new ones appear here by themselves.");
  else if (!task) note("All is answered; new tasks appear here by themselves.");
}

// Whether the server gave its word.
async function next() {
  const turn = state.turn, {status, data} = await post("/label/next", {session});
  if (!state.token || turn !== state.turn) return false;
  if (status === 200) take(data);
  else note(status ? `winnowd refuses (${status}).` : "winnowd does not answer.");
  return status === 200;
}

async function give(outcome, label) {
  if (state.busy || !state.now || !state.token) return;
  state.busy = true;
  state.turn++;
  const answer = {id: state.now.id, outcome, annotator: state.annotator};
  if (outcome === "labelled") answer.label = label;
  const {status, data} = await post("/label/answer", answer);
  if (status === 202 || status === 409) {
    if (status === 202) {
      state.past = state.past.concat({task: state.now, outcome, label}).slice(-UNDO_MOST);
      state.answered++;
    }
    state.now = state.again = null;
    state.turn++;
    note(status === 409 ? "Not taken: " + data.error + "." : "");
    if (!await next()) show(null, null);
    if (status === 409 && state.token) note("Not taken: " + data.error + ".");
    if (document.activeElement === document.body && state.token) $("main").focus();
  } else if (state.token) note(status ? (data.error || `winnowd refuses (${status})`) + ". The answer was not taken." : "winnowd does not answer. The answer was not taken.");
  state.busy = false;
}

function undo() {
  if (state.busy || !state.token) return;
  const last = state.past.pop();
  if (!last) return note("There is nothing to take back.");
  state.answered--;
  state.turn++;
  show(last.task, last);
  drawProgress();
  note(`You said ${last.outcome === "labelled" ? last.label : last.outcome === "skipped" ? "skip" : "cannot tell"}; the next answer replaces it.`);
}

// {name} of a class or {word}, whose key passes; which key means what says the server (include/terminal/answer_keys.h).
function meaning(passes) {
  const word = Object.keys(state.keys).find((w) => passes(state.keys[w]));
  return state.classes.find(({key}) => key && passes(key)) || (word && {word});
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !state.token || event.target.tagName === "INPUT") return;
  const meant = meaning((key) => key === event.key) || meaning((key) => key.toLowerCase() === event.key.toLowerCase());
  if (!meant) return;
  event.preventDefault(); // as a quick find in the page
  if (meant.name !== undefined) give("labelled", meant.name);
  else if (meant.word === "undo") undo();
  else give(meant.word);
}

function work() {
  $("enter").hidden = true;
  $("work").hidden = $("leave").hidden = false;
  note("");
  show(null, null);
  next();
}

$("enter").addEventListener("submit", event => {
  event.preventDefault();
  state.token = $("token").value.trim();
  state.annotator = $("annotator").value.trim();
  if (!state.token || !state.annotator) return;
  store.setItem("winnowd-token", state.token);
  store.setItem("winnowd-annotator", state.annotator);
  work();
});
$("leave").addEventListener("click", () => {
  Object.assign(state, {now: null, again: null, past: [], answered: 0, last: null});
  enter();
});
$("skip").addEventListener("click", () => give("skipped"));
$("cannot").addEventListener("click", () => give("cannot_tell"));
$("undo").addEventListener("click", undo);
$("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
document.addEventListener("keydown", press);
setInterval(() => { if (state.token && !state.busy && !document.hidden) next(); }, POLL_MS);
if (state.token && state.annotator) work();
else enter();
