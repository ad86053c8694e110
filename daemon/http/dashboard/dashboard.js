/* The dashboard: asks /status each second, /recent every few, draws. History comes from the daemon when a span is chosen; the shortest one is
 * then carried on here, at most ROWS rows, so a page that stays open for days stays as it was. Text only ever goes in as text. */
"use strict";

const ROWS = 360, STATUS_MS = 1000, RECENT_MS = 3000, SPAN_MS = { minutes: 1000, hour: 10000, day: 60000 };
const $ = (id) => document.getElementById(id);

/* ---- words ---- */

function number(x, digits = 0) {
  if (x === null || x === undefined || !isFinite(x)) return "–";
  const size = Math.abs(x), steps = [[1e9, "G"], [1e6, "M"], [1e4, "k"]];
  for (const [limit, suffix] of steps) if (size >= limit) return (x / (suffix === "k" ? 1e3 : limit)).toFixed(size / limit < 10 && suffix !== "k" ? 2 : 1) + "\u00a0" + suffix;
  return x.toLocaleString("en", { maximumFractionDigits: digits, useGrouping: true });
}
function percent(x, digits = 1) { return x === null || x === undefined || !isFinite(x) ? "–" : (100 * x).toFixed(digits) + "\u00a0%"; }
function duration(s) {
  if (s === null || !isFinite(s) || s < 0) return "–";
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [unit, word] of steps) if (s >= unit) return (s / unit).toFixed(s / unit < 10 ? 1 : 0) + "\u00a0" + word;
  return s < 1 ? Math.round(1000 * s) + "\u00a0ms" : s.toFixed(s < 10 ? 1 : 0) + "\u00a0s";
}
function clock(ms) { return new Date(ms).toLocaleTimeString("en-GB"); }
function day(ms) { return new Date(ms).toLocaleDateString("en-CA") === new Date().toLocaleDateString("en-CA") ? clock(ms) : new Date(ms).toLocaleDateString("en-CA") + " " + clock(ms).slice(0, 5); }
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
function faint(name, share) { return "color-mix(in srgb, " + colour(name) + " " + 100 * share + "%, transparent)"; }

function put(parent, tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  parent.append(e);
  return e;
}

/* ---- history ---- */

const past = { span: "minutes", columns: [], rows: [], asked_ms: 0 };

function at(row, name) { return row[past.columns.indexOf(name)]; }
function series(name) { const i = past.columns.indexOf(name); return past.rows.map((r) => r[i]); }

/* How fast a counter grew, over `back` rows; a counter that fell belongs to a new process. */
function rates(name, back, per = 1) {
  const i = past.columns.indexOf(name);
  return past.rows.map((r, n) => {
    const before = past.rows[Math.max(0, n - back)], grown = r[i] - before[i], seconds = (r[0] - before[0]) / 1000;
    return seconds > 0 && grown >= 0 ? grown / seconds * per : null;
  });
}

/* A counter's growth as a share of another's, over `back` rows or as many more as the other needs to grow by `least`: a share of a few says nothing. */
function shares(part, whole, back, least) {
  const i = past.columns.indexOf(part), j = past.columns.indexOf(whole);
  return past.rows.map((r, n) => {
    let from = Math.max(0, n - back);
    while (from > 0 && r[j] - past.rows[from][j] < least) from--;
    const before = past.rows[from], of = r[j] - before[j];
    return of > 0 && r[i] >= before[i] ? (r[i] - before[i]) / of : null;
  });
}

/* Its objects inherit nothing: a class may be called "constructor", and what is not told of it must not be found. */
async function fetch_json(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return JSON.parse(await answer.text(), (_, value) => value && typeof value === "object" && !Array.isArray(value) ? Object.setPrototypeOf(value, null) : value);
}

async function load_history() {
  const span = past.span, got = await fetch_json("/history/" + span);
  if (span !== past.span) return; // another was chosen meanwhile
  past.columns = got.columns;
  past.rows = got.rows;
  past.asked_ms = Date.now();
}

function append(now) {
  if (!past.columns.length || past.span !== "minutes") return;
  const last = past.rows[past.rows.length - 1];
  if (last && now.time_ms - last[0] < 500) return;
  past.rows.push(past.columns.map((c) => now[c]));
  if (past.rows.length > ROWS) past.rows.splice(0, past.rows.length - ROWS);
}

/* ---- charts ---- */

const charts = {};

function axis(more) { return Object.assign({ grid: { color: colour("line") }, border: { display: false }, ticks: { color: colour("quiet"), maxTicksLimit: 5, maxRotation: 0, font: { size: 11 } }, beginAtZero: true }, more); }
function ticks(callback, more) { return Object.assign({ color: colour("quiet"), maxTicksLimit: 5, maxRotation: 0, font: { size: 11 }, callback }, more); }
function line(name, more) { return Object.assign({ data: [], borderColor: colour(name), backgroundColor: faint(name, .13), borderWidth: 2, pointRadius: 0, cubicInterpolationMode: "monotone", spanGaps: true }, more); }

/* Draws the threshold of the histogram: where it is on the scale of utilities. */
const threshold_line = {
  id: "threshold",
  afterDatasetsDraw(chart) {
    const u = chart.utility_shown, area = chart.chartArea;
    if (!u || !u.threshold || u.threshold < u.low || u.threshold > u.high) return;
    const x = area.left + (u.threshold - u.low) / (u.high - u.low) * (area.right - area.left), c = chart.ctx;
    c.save();
    c.strokeStyle = colour("t");
    c.lineWidth = 2;
    c.setLineDash([5, 4]);
    c.beginPath();
    c.moveTo(x, area.top);
    c.lineTo(x, area.bottom);
    c.stroke();
    c.restore();
  },
};

function time_axis() { return axis({ type: "linear", beginAtZero: false, grid: { display: false }, ticks: ticks((x) => clock(x).slice(0, past.span === "minutes" ? 8 : 5)) }); }

function plot(id, type, datasets, scales, plugins = []) {
  charts[id] = new Chart($(id), {
    type, plugins, data: { labels: [], datasets },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, normalized: true, parsing: true, interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: { title: (items) => items.length && items[0].parsed.x > 1e12 ? clock(items[0].parsed.x) : items.length ? items[0].label : "" } } }, scales,
    },
  });
}

function make_charts() {
  for (const id of Object.keys(charts)) charts[id].destroy();
  plot("speed", "line", [line("a", { label: "samples/s", fill: true }), line("c", { label: "behind", yAxisID: "right", borderWidth: 1.5 })],
    { x: time_axis(), y: axis({ ticks: ticks((v) => number(v, 2)) }), right: axis({ position: "right", grid: { display: false }, suggestedMax: 10, ticks: ticks((v) => number(v, 2)) }) });
  plot("accuracy", "line", [line("b", { label: "high", borderWidth: 0, fill: "+1" }), line("b", { label: "low", borderWidth: 0, fill: false }), line("b", { label: "accuracy" }),
    line("n", { label: "asked only", borderWidth: 1.5, borderDash: [4, 4] })], { x: time_axis(), y: axis({ beginAtZero: false, max: 1, ticks: ticks((v) => percent(v, 0)) }) });
  plot("budget", "line", [line("a", { label: "asked", fill: true }), line("n", { label: "budget", borderWidth: 1.5, borderDash: [4, 4] })], { x: time_axis(), y: axis({ ticks: ticks((v) => percent(v, 1)) }) });
  plot("labels", "line", [line("b", { label: "labels/min", fill: true }), line("c", { label: "open tasks", yAxisID: "right", borderWidth: 1.5 })],
    { x: time_axis(), y: axis({ ticks: ticks((v) => number(v, 2)) }), right: axis({ position: "right", grid: { display: false }, suggestedMax: 10, ticks: ticks((v) => number(v, 2)) }) });
  plot("utility", "bar", [{ label: "samples", data: [], backgroundColor: faint("a", .75), barPercentage: 1, categoryPercentage: .92, borderRadius: 2 }],
    { x: axis({ grid: { display: false }, ticks: ticks(function (v) { return this.getLabelForValue(v); }, { maxTicksLimit: 7 }) }), y: axis({ type: "logarithmic", beginAtZero: false, min: .7, grid: { color: (c) => (c.tick && Math.log10(c.tick.value) % 1 ? "transparent" : colour("line")) }, ticks: ticks((v) => (Math.log10(v) % 1 ? "" : number(v)), { maxTicksLimit: 20 }) }) }, [threshold_line]);
  const share = (title) => axis({ type: "linear", suggestedMax: 1, title: { display: true, text: title, color: colour("quiet"), font: { size: 11 } }, ticks: ticks((v) => percent(v, 0)) });
  plot("curve", "line", [line("b", { label: "right alarms", pointRadius: 2, cubicInterpolationMode: "default", tension: 0 }), line("t", { label: "at one half", pointRadius: 6, showLine: false, backgroundColor: colour("t") })],
    { x: Object.assign(share("found, of the positives"), { max: 1 }), y: Object.assign(share("right, of those looked at"), { max: 1 }) });
  plot("reliability", "line", [line("a", { label: "are positive", pointRadius: 3, cubicInterpolationMode: "default", tension: 0 }), line("n", { label: "as said", borderWidth: 1.5, borderDash: [4, 4] })],
    { x: Object.assign(share("the model says"), { suggestedMax: undefined }), y: Object.assign(share("are positive"), { suggestedMax: undefined }) });
  plot("late", "bar", [{ label: "answers", data: [], backgroundColor: faint("b", .75), categoryPercentage: .86, borderRadius: 3 }],
    { x: axis({ grid: { display: false }, ticks: ticks(function (v) { return this.getLabelForValue(v); }, { maxTicksLimit: 8 }) }), y: axis({ ticks: ticks((v) => number(v, 2)) }) });
}

function show(id, lists, description) {
  const chart = charts[id];
  if (chart.config.type === "line") {
    const times = past.rows.map((r) => r[0]);
    lists.forEach((list, i) => { chart.data.datasets[i].data = list.map((y, n) => ({ x: times[n], y })); });
    if (times.length) Object.assign(chart.options.scales.x, { min: times[0], max: times[times.length - 1] });
  } else lists.forEach((list, i) => { chart.data.datasets[i].data = list; });
  chart.update("none");
  $("d-" + id).textContent = description;
}

/* ---- what /status says ---- */

const tiles = {};

function tile(name, title, value, unit, more, where = "tiles") {
  if (!tiles[name]) {
    const box = put($(where), "div", undefined, "tile");
    const heading = put(box, "dt", title), dd = put(box, "dd"), figure = put(dd, "div", undefined, "value");
    tiles[name] = { box, title: heading, value: put(figure, "span"), unit: put(figure, "span", undefined, "unit"), more: put(dd, "div", undefined, "more") };
  }
  tiles[name].value.textContent = value;
  tiles[name].unit.textContent = unit ? " " + unit : "";
  tiles[name].more.textContent = more;
}

function last(list) { for (let i = list.length - 1; i >= 0; i--) if (list[i] !== null) return list[i]; return null; }
function sum(object) { return Object.values(object).reduce((a, b) => a + b, 0); }

/* The time within which half of what a histogram counted lies: the end of the bucket where half is passed. */
// "; half within 3 h", of the answers or outcomes of a histogram; nothing while there are none.
function half_of(h, what) {
  const half = median(h);
  return half === null ? "" : half === "+Inf" ? "; half" + what + " later than 90 d" : "; half" + what + " within " + duration(Number(half));
}

function median(h) {
  const half = h.count / 2;
  for (const [le, n] of Object.entries(h.buckets).sort((a, b) => Number(a[0]) - Number(b[0]))) if (h.count && n >= half) return le;
  return null;
}

// What a process does that has nothing to complain about.
function at_work(s) {
  if (s.learner.state === "learns") return s.settings.workers ? "scoring, asking and learning" : "learning";
  return (s.settings.workers ? "scoring and asking; " : "") + (s.learner.by ? s.learner.by + " learns" : "no learner was heard of yet");
}

function show_health(s) {
  const words = { ok: "Healthy", attention: "Works, but look", bad: "Not working" };
  $("health").className = "health " + s.health;
  if ($("health-word").textContent !== words[s.health]) $("health-word").textContent = words[s.health];
  const notes = s.notes.length ? s.notes : [at_work(s)];
  if ($("notes").textContent !== notes.join("")) $("notes").replaceChildren(...notes.map((n) => Object.assign(document.createElement("li"), { textContent: n })));
  document.title = (s.health === "ok" ? "" : words[s.health] + " · ") + s.name + " · winnowd";
  $("who").textContent = s.name + " / " + s.instance + " · version " + s.version + " · up " + duration((s.time_ms - s.started_ms) / 1000);
}

/* Only where a bridge was ever heard of. */
function show_bridge(s) {
  if (!(s.bridge_heard_s > 0)) return;
  const b = s.bridge, silent = s.time_ms / 1000 - s.bridge_heard_s, more = [number(b.imported) + " imported", number(b.answered) + " answered"];
  if (b.skipped) more.push(number(b.skipped) + " skipped");
  if (b.refused) more.push(number(b.refused) + " refused");
  if (b.unreadable) more.push(number(b.unreadable) + " unreadable");
  if (s.bridge_lag_s > 0) more.push("behind by " + duration(s.bridge_lag_s));
  if (silent > 60) more.push("not heard of for " + duration(silent));
  else if (s.bridge_away) more.push("the tool does not answer");
  tile("bridge", "Wait for people", s.bridge_open < 0 ? "–" : number(s.bridge_open), s.bridge_open === 1 ? "task" : "tasks", more.join(", "));
}

/* With budget.target: the figure that is not reached yet, or the first, and what is forecast of each. Without: how to be told. */
function show_target(s) {
  const wanted = Object.keys(s.forecast), rests = s.models && s.models.policy.rests;
  if (!wanted.length) {
    tile("target", "", "–", "", "set budget.target, say {recall: 0.8}, to be told");
    tiles.target.title.textContent = "How many more labels?";
    return;
  }
  const name = wanted.find((f) => s.forecast[f].outcome !== "reached") || wanted[0];
  const goal = name === "cost" ? number(s.target[name], 3) : percent(s.target[name], 0);
  tile("target", "Target: " + name.replaceAll("_", " "), goal, "", wanted.map((f) => s.forecast[f].says).join("; ") + (rests ? "; the strategy arm rests" : ""));
  tiles.target.title.textContent = "Target: " + name.replaceAll("_", " ");
}

/* Only while figures of now hold answers of before a turn of the labels. */
function show_turned(s) {
  if (!s.turned) { if (tiles.turned) tiles.turned.box.hidden = true; return; }
  tile("turned", "Labels have turned", duration(s.time_ms / 1000 - s.turn_s), "ago", "as it seems; " + number(s.turn_draws) + " draws of the random arm since");
  tiles.turned.box.hidden = false;
}

/* For an hour behind an alarm that samples have shifted. */
function show_shifted(s) {
  const ago = s.time_ms / 1000 - s.shift_s;
  if (!(ago < 3600)) { if (tiles.shifted) tiles.shifted.box.hidden = true; return; }
  tile("shifted", "Samples have shifted", duration(Math.max(ago, 0)), "ago", "they are others than those that the model was fitted on");
  tiles.shifted.box.hidden = false;
}

/* Whether choosing pays although labels come late; only where draws were judged. */
function show_lateness(s) {
  if (!(s.lateness_draws > 0)) { if (tiles.lateness) tiles.lateness.box.hidden = true; return; }
  const drawn = percent(s.explore, 0) + " of the choice is drawn at random", points = (x) => number(100 * x, 1);
  if (s.lateness_evidence >= 20) tile("lateness", "Late labels cost", points(s.lateness_cost), "points of Brier loss", "surely more than " + points(s.lateness_cost_low) + "; " + drawn);
  else if (s.lateness_evidence_against >= 20) tile("lateness", "Late labels cost", "nothing", "", "surely less than " + points(s.lateness_cost_high) + " points of Brier loss; " + drawn);
  else tile("lateness", "Late labels cost", "–", "", "not yet known; " + drawn);
  tiles.lateness.box.hidden = false;
}

function show_tiles(s) {
  const n = s.now, speed = last(rates("samples", 10));
  tile("speed", "Samples per second", number(speed, speed < 10 ? 1 : 0), "", number(n.samples) + " in all" + (n.dead_letters ? ", " + number(n.dead_letters) + " dead letters" : "") + (n.blocked ? "; " + number(n.blocked) + " blocked, outside of every figure" : "") + (s.far_samples ? "; " + number(s.far_samples) + " far outside all that was seen" : ""));
  tile("lag", "Behind", number(n.lag), n.lag === 1 ? "sample" : "samples", n.lag > 0 && n.age_s ? "the oldest waits for " + duration(n.age_s) : "up to date");
  tile("asked", "Asked", percent(n.admitted ? n.asked / n.admitted : null, 2), "", number(n.asked) + " labels; budget " + percent(n.rate, 2));
  tile("labels", "Labels back", number(n.labels), "", number(n.open_tasks) + " open" + half_of(s.latency, "") + half_of(s.outcome_latency, " of " + number(s.outcome_latency.count) + " certain outcomes"));
  const known = s.estimate_now_draws > 0;
  tile("accuracy", "Accuracy now", known ? percent(s.estimate_now.accuracy) : "–", "", known ? percent(s.estimate_now_low.accuracy) + " to " + percent(s.estimate_now_high.accuracy) + ", by " + number(s.estimate_now_draws) + " draws" : "no answers yet");
  const live = s.models && s.models.live;
  const own = s.upstream, verdict = own && { model: "the live model is better", score: "it is better than the live model", unknown: own.learn === "false" ? "it is the model" : "which is better is not known yet" }[own.better];
  if (own) tile("upstream", "Accuracy of your score", own.accuracy.is === null ? "–" : percent(own.accuracy.is), "", (own.accuracy.is === null ? "" : percent(own.accuracy.low) + " to " + percent(own.accuracy.high) + "; ") + verdict);
  tile("model", "Live model", live ? "v" + live : "none", "", live && own && !s.model_rows ? "the score that events bring" : live ? number(s.model_rows) + " labels, " + duration(s.model_age_s) + " old" : "labels are drawn at random");
  show_turned(s);
  show_shifted(s);
  show_lateness(s);
  show_target(s);
  show_bridge(s);
  $("tiles").classList.toggle("many", $("tiles").children.length > 6);
}

/* In the order in which a manager asks. */
const figures = [
  ["prevalence", "samples are positive"], ["recall", "positives get an alarm"], ["precision", "alarms are right"],
  ["recall_at_capacity", "positives are seen at capacity"], ["precision_at_capacity", "are right at capacity"], ["accuracy", "decisions are right"],
];

/* As many digits as the interval allows. */
function of_100(x, width) { return x === null || x === undefined ? "–" : number(100 * x, width > .05 ? 0 : width > .005 ? 1 : 2); }

/* "89 (73 to 97)". */
function ranged(is, low, high) {
  return is === null || is === undefined ? "\u2013" : of_100(is, high - low) + " (" + of_100(low, high - low) + " to " + of_100(high, high - low) + ")";
}

/* The manager's questions in their order, each with one number. */
function show_answers(s) {
  const known = s.estimate_now_draws >= s.draws_least, positive = "\u201c" + (s.settings.positive || s.settings.classes[s.settings.classes.length - 1]) + "\u201d";
  const figure = (name, none, turn = (x) => x) => {
    if (s.estimate_now[name] === null) return ["–", none];
    const told = (key) => {
      const ends = [turn(s[key + "_low"][name]), turn(s[key + "_high"][name])].sort((a, b) => a - b), width = ends[1] - ends[0];
      return [of_100(turn(s[key][name]), width), of_100(ends[0], width) + " to " + of_100(ends[1], width)];
    };
    const [is, range] = told("estimate_now"), freed = Number.isFinite(s.truth[name]) ? told("truth") : null;
    return [is, range + (freed ? "; without the annotators\u2019 errors, since the start, " + freed[0] + " (" + freed[1] + ")" : "")];
  };
  const say = (name, title, unit, [is, range], more = "") => {
    const told = known && is !== "–";
    tile("answer-" + name, title, told ? is : "–", told ? unit : "", !known ? "too few answers yet" : range + (told ? more : ""), "answers");
  };
  const nobody = "no " + positive + " among the answers yet", [seen] = figure("recall_at_capacity", "");
  say("much", "How much " + positive + "?", "of 100 samples", figure("prevalence", ""));
  say("caught", "How much is caught?", "of 100 " + positive, figure("recall", nobody), "; " + (s.settings.capacity_by === "risk" ? "the likeliest " : "the riskiest ") + (s.settings.capacity_per_day ? number(s.settings.capacity_per_day) + " a day" : percent(s.settings.capacity, 0)) + " hold " + seen);
  say("false", "How many false alarms?", "of 100 alarms", figure("precision", "no alarm among the answers yet", (x) => 1 - x));
  say("cost", s.settings.cost ? "What does it cost?" : "What goes wrong?", s.settings.cost ? "per 100 decisions" : "of 100 decisions", figure("cost", ""));
  say("worse", "Is it getting worse?", "", [s.worse.outcome, s.worse.says]);
}

/* Both from the same counts by score: what is above a threshold, and what is within a bin. */
function show_curves(s) {
  const bins = Object.keys(s.score_samples).sort((a, b) => a - b), all = sum(s.score_positives), curve = [], reliability = [];
  let samples = 0, positives = 0;
  for (const bin of [...bins].reverse()) {
    samples += s.score_samples[bin];
    positives += s.score_positives[bin];
    if (all > 0 && s.score_samples[bin] > 0) curve.push({ x: Math.min(1, positives / all), y: Math.min(1, positives / samples), end: Number(bin) }); // a sum may end a hair above 1
    if (s.score_answers[bin] >= 10) reliability.unshift({ x: s.score_mean[bin], y: s.score_positives[bin] / s.score_samples[bin] });
  }
  const most = Math.max(.05, ...reliability.map((p) => Math.max(p.x, p.y)));
  charts.curve.data.datasets[0].data = curve;
  charts.curve.data.datasets[1].data = curve.filter((p) => p.end > .5).slice(-1);
  charts.reliability.data.datasets[0].data = reliability;
  charts.reliability.data.datasets[1].data = [{ x: 0, y: 0 }, { x: most, y: most }];
  for (const id of ["curve", "reliability"]) charts[id].update("none");
  const half = curve.find((p) => p.x >= .5);
  $("d-curve").textContent = half ? "Who wants half of the positives finds " + percent(half.y, 0) + " of what is looked at to be one." : "No positives were found among " + number(sum(s.score_answers)) + " answers yet.";
  $("d-reliability").textContent = reliability.length ? "Of samples with a probability of about " + percent(reliability[reliability.length - 1].x, 0) + ", " + percent(reliability[reliability.length - 1].y, 0) + " are positive." : "No bin has 10 answers yet.";
}

function show_figures(s) {
  const of = (key, name) => ranged(s[key][name], s[key + "_low"][name], s[key + "_high"][name]), freed = s.truth.accuracy !== null;
  $("figures-truth").hidden = !freed;
  rows("figures", s.estimate_now_draws > 0 ? figures : [], ([name, words]) => {
    const width = s.estimate_now_high[name] - s.estimate_now_low[name], wide = s.estimate_high[name] - s.estimate_low[name];
    return [[words, "text"], [of("estimate_now", name), "number"], [of_100(s.estimate_now_always_low[name], width) + " to " + of_100(s.estimate_now_always_high[name], width), "number"],
      [s.estimate_live_draws < 10 ? "\u2013" : of("estimate_live", name), "number"], [of_100(s.estimate[name], wide), "number"],
      ...(freed ? [[of("truth", name), "number"]] : [])];
  }, "no answer of the random arm yet", 5);
  const live = s.models && s.models.live;
  $("figures-more").textContent = "from the random arm\u2019s answers: now the last " + number(s.estimate_now_draws) + "; since the start " + number(s.estimate_draws) + "; " + (live ? number(s.estimate_live_draws) + " of them to what the live version, v" + live + ", decided" : "no version is live") + "; watched: holds whenever you look" + (freed ? "; truth: since the start, without the annotators\u2019 errors" : "");
}

/* What is certified, and what a first certificate wants; only the process that learns knows the latter. */
function show_auto(s) {
  const auto = s.settings.auto, why = (name) => {
    if (s.auto_threshold[name] !== undefined) return "";
    const needed = s.auto_needed[name];
    if (needed === undefined) return "not certified; the process that learns knows more";
    if (!needed) return "certified, and not used here";
    return "not certified: at least " + number(needed) + " right answers more";
  };
  $("auto-card").hidden = !auto;
  if (!auto) return;
  rows("auto", s.settings.classes.slice(0, 64), (name) => {
    const from = s.auto_threshold[name], own = s.auto_labels[name];
    return [[name, ""], [from === undefined ? "–" : from.toFixed(4), "number"], [number(own || 0), "number"], [why(name), ""]];
  }, "", 4);
  $("auto-loose").textContent = (s.models && s.models.auto_loose || []).join(". ");
  $("auto-more").textContent = "at most " + percent(auto.error, 1) + " of a class's own answers wrong, certified by the random arm's answers; counted since the start of this process" +
    (s.auto_stopped.operator ? "; stopped by the operator" : s.auto_stopped.silent ? "; stopped: no learner watches" : "");
}

/* Only where there are more than two: of two the other one is what the positive is not. */
function show_classes(s) {
  const names = Object.keys(s.class_now), all = s.settings.classes.length;
  $("classes-card").hidden = names.length <= 2;
  const cell = (name, figure) => [ranged(s.class_now[name][figure], s.class_now_low[name][figure], s.class_now_high[name][figure]), "number"];
  rows("classes", names, (name) => [[name, ""], ...["prevalence", "recall", "precision"].map((f) => cell(name, f))], "", 4);
  $("classes-more").textContent = "with the 95 % range of one look; of many classes some look bad by chance" + (all > names.length ? "; " + (all - names.length) + " more classes are not told" : "");
}

/* Who answered, and how often each is right, as far as it was checked; and what that makes of the accuracy. */
function show_people(s) {
  const names = Object.keys(s.annotator_answers).filter((name) => s.annotator_checked[name] > 0);
  names.sort((a, b) => s.annotator_high[a] - s.annotator_high[b]);
  $("people-card").hidden = !names.length;
  $("people-gold").hidden = !s.gold_questions;
  const gold = (name) => s.gold_questions ? [[ranged(s.annotator_gold_accuracy[name], s.annotator_gold_low[name], s.annotator_gold_high[name]), "number"]] : [];
  rows("people", names, (name) => [[name, ""], [ranged(s.annotator_accuracy[name], s.annotator_low[name], s.annotator_high[name]), "number"],
    [number(s.annotator_checked[name]), "number"], [number(s.annotator_answers[name]), "number"], ...gold(name)], "", 5);
  const seen = s.estimate_high.accuracy - s.estimate_low.accuracy, wide = s.truth_high.accuracy - s.truth_low.accuracy;
  $("people-more").textContent = number(s.double_answers) + " samples were answered by two" + (s.truth.accuracy === null ? "" :
    "; accuracy by the annotators " + of_100(s.estimate.accuracy, seen) + " of 100, by the truth " + of_100(s.truth.accuracy, wide) +
    " (" + of_100(s.truth_low.accuracy, wide) + " to " + of_100(s.truth_high.accuracy, wide) + ")") +
    (s.gold_questions > 0 ? "; gold questions: " + number(s.gold_questions) : "") +
    (s.decided_by_third > 0 ? "; a third reader decided " + number(s.decided_by_third) : "") +
    (s.undecided > 0 ? "; " + number(s.undecided) + " stay undecided, for their readers disagree" : "");
}

/* Of each segment the three figures that a manager compares; one that the random arm hardly saw says so. */
function show_segments(s) {
  const names = Object.keys(s.segment_draws), least = 10; // below them nothing is claimed
  $("segments-card").hidden = !names.length;
  const cell = (name, figure) => [ranged(s.segment_now[name][figure], s.segment_now_low[name][figure], s.segment_now_high[name][figure]), "number"];
  rows("segments", names, (name) => {
    const draws = s.segment_draws[name], figures = ["prevalence", "recall", "precision"];
    return [[name, ""], ...(draws < least ? [["too few answers", ""], ["", ""], ["", ""]] : figures.map((f) => cell(name, f))), [number(draws), "number"]];
  }, "", 5);
  $("segments-more").textContent = "with the 95 % range of one look; of many segments some look bad by chance";
}

/* What was asked on one day: figures once it has matured, until then how far it is. */
function show_cohorts(s) {
  const names = Object.keys(s.cohort_tasks).reverse();
  $("cohorts-card").hidden = !names.length;
  const cell = (name, figure) => {
    const low = s.cohort_low[name][figure], high = s.cohort_high[name][figure], worst = [s.cohort_worst_low[name][figure], s.cohort_worst_high[name][figure]].map((x) => of_100(x, high - low));
    return [ranged(s.cohort[name][figure], low, high) + (worst[0] === worst[1] ? "" : "; open: " + worst[0] + " to " + worst[1]), "number"];
  };
  rows("cohorts", names, (name) => {
    const closed = s.cohort_closed[name], told = s.cohort[name].accuracy !== undefined;
    const waits = "not yet: " + (closed < s.cohort_mature ? percent(closed, 0) + " of its tasks are closed" : "its time is not over");
    return [[name, ""], ...(told ? ["prevalence", "recall", "precision"].map((f) => cell(name, f)) : [[waits, "waits", undefined, 3]]),
      [number(s.cohort_tasks[name]), "number"], [percent(s.cohort_answered[name], 0), "number"]];
  }, "", 6);
}

function bars(id, counts, words) {
  const list = Object.entries(counts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]).slice(0, 7), all = sum(counts);
  const box = $(id);
  while (box.children.length > Math.max(list.length, 1)) box.lastChild.remove();
  if (!list.length) { box.replaceChildren(); put(box, "p", "none yet", "quiet"); return; }
  list.forEach(([name, n], i) => {
    let bar = box.children[i];
    if (!bar || bar.className !== "bar") {
      if (bar) bar.remove();
      bar = put(box, "div", undefined, "bar");
      const text = put(bar, "div", undefined, "words");
      put(text, "span"); put(text, "span");
      put(bar, "progress").max = 1;
    }
    const label = words(name);
    bar.children[0].children[0].textContent = label;
    bar.children[0].children[1].textContent = number(n) + " · " + percent(n / all, 0);
    bar.children[1].value = n / all;
    bar.children[1].setAttribute("aria-label", label);
  });
}

function show_lines(s) {
  const back = past.span === "minutes" ? 5 : 1, n = s.now;
  const speed = rates("samples", back), asked = shares("asked", "admitted", past.span === "minutes" ? 30 : 6, 5 / (n.rate || 1)), labels = rates("labels", past.span === "minutes" ? 15 : 2, 60);
  const measured = past.rows.map((r) => at(r, "answers") > 0), only = (name) => series(name).map((y, i) => (measured[i] ? y : null));
  show("speed", [speed, series("lag")], "Now " + number(last(speed), 1) + " samples per second, " + number(n.lag) + " behind.");
  show("accuracy", [only("high"), only("low"), only("accuracy"), only("naive")], n.answers ? "Since the start " + percent(n.accuracy) + ", between " + percent(n.low) + " and " + percent(n.high) + "." : "No answers yet.");
  show("budget", [asked, series("rate").map((r) => r || null)], "Of the last samples " + percent(last(asked), 2) + " were asked; the budget is " + percent(n.rate, 2) + ".");
  const caps = Object.entries(s.cap_left).filter(([, left]) => left !== null).map(([cap, left]) => (cap === "open_tasks" ? number(left) + " more may be open" : number(left) + " left this " + cap));
  $("budget-more").textContent = ["the token bucket holds " + number(n.tokens, 1), s.propensity ? "the random arm draws 1 in " + number(1 / s.propensity) + (s.models && s.models.policy.weighted ? ", more where the figures are in doubt" : "") : "the random arm rests", ...caps].join(" · ");
  show("labels", [labels, series("open_tasks")], number(last(labels), 1) + " labels per minute; " + number(n.open_tasks) + " tasks are open.");
}

/* A mix has several measures, each with a scale of its own: one is shown, buttons choose. */
let measure = "";

function choose_measure(list) {
  const box = $("measures"), names = list.length > 1 ? list.map((u) => u.measure) : [];
  if (box.dataset.names !== names.join()) {
    box.dataset.names = names.join();
    box.replaceChildren();
    for (const name of names) put(box, "button", name.replaceAll("_", " ")).addEventListener("click", () => { measure = name; tick(); });
  }
  const shown = list.find((u) => u.measure === measure) || [...list].sort((a, b) => b.n - a.n)[0] || { measure: "", n: 0, low: 0, high: 1, threshold: 0, counts: [] };
  [...box.children].forEach((b, i) => { b.type = "button"; b.setAttribute("aria-pressed", String(names[i] === shown.measure)); });
  return shown;
}

function show_bars(s) {
  const u = choose_measure(s.utility), width = (u.high - u.low) / u.counts.length, h = Object.entries(s.latency.buckets).sort((a, b) => Number(a[0]) - Number(b[0]));
  charts.utility.utility_shown = u;
  charts.utility.data.labels = u.counts.map((_, i) => (u.low + (i + .5) * width).toPrecision(2));
  show("utility", [u.counts], u.n ? number(u.n) + " samples by " + u.measure + ", utilities from " + u.low.toPrecision(3) + " to " + u.high.toPrecision(3) + ", threshold " + (u.threshold || 0).toPrecision(3) + "." : "No utilities yet.");
  let before = 0;
  const counts = h.map(([le, n]) => { const own = n - before; before = n; return [le, own]; });
  const from = Math.max(0, counts.findIndex(([, n]) => n > 0) - 1), to = counts.length - [...counts].reverse().findIndex(([, n]) => n > 0);
  const shown = s.latency.count ? counts.slice(from, Math.max(to + 1, from + 6)) : [];
  charts.late.data.labels = shown.map(([le]) => (le === "+Inf" ? "later" : "≤ " + duration(Number(le))));
  show("late", [shown.map(([, n]) => n)], s.latency.count ? number(s.latency.count) + " answers, half within " + duration(Number(median(s.latency))) + "." : "No answers yet.");
  bars("by-reason", s.asked, (w) => w);
  bars("by-class", s.asked_by_class, (w) => w || "(no model yet)");
  const { early, ...fates } = s.labels; // an early one is counted again when its task is there
  bars("by-fate", fates, (w) => w.replaceAll("_", " "));
}

/* ---- tables ---- */

function rows(id, list, cells, none, columns) {
  const body = $(id), made = list.map((item) => {
    const tr = document.createElement("tr");
    for (const [text, className, tag, span] of cells(item)) {
      const td = put(tr, "td", tag === undefined ? text : undefined, className);
      if (span) td.colSpan = span;
      if (tag !== undefined && text) put(td, "span", text, "tag " + tag);
      if (className === "id") td.title = text;
    }
    return tr;
  });
  if (!made.length) {
    const tr = Object.assign(document.createElement("tr"), { className: "none" });
    put(tr, "td", none).colSpan = columns;
    made.push(tr);
  }
  body.replaceChildren(...made);
}

function show_models(m) {
  rows("models", m ? m.versions : [], (v) => [["v" + v.version, ""], [v.pinned ? "pinned" : v.live ? "live" : "", "", "live"], [number(v.labelled_rows), "n"], [day(v.created_ms), ""]], "none yet: the first is fitted when labels are back", 4);
}

function show_recent(r) {
  rows("tasks", r.tasks.slice(0, 12), (t) => [[day(t.time_ms), ""], [t.sample, "id"], [t.predicted === null ? "–" : t.predicted + " " + percent(t.probability, 0), ""], [t.reason, "", ""], [t.why, "text"]], "nobody has been asked yet", 5);
  const failed = r.dead_letters.map((d) => ({ time_ms: d.time_ms, what: d.reason, kind: "", text: d.why + (d.found ? ": " + d.found : "") + " (partition " + d.partition + ", offset " + d.offset + ")" }))
    .concat(r.troubles.map((t) => ({ time_ms: t.time_ms, what: t.event, kind: t.level, text: t.msg })));
  failed.sort((a, b) => b.time_ms - a.time_ms);
  rows("failed", failed.slice(0, 12), (f) => [[day(f.time_ms), ""], [f.what.replaceAll("_", " "), "", f.kind], [f.text, "text"]], "nothing", 3);
}

/* ---- the clock ---- */

let models_shown = "", recent_ms = 0, failures = 0;

function show_status(s) {
  failures = 0;
  append(s.now);
  show_health(s);
  show_tiles(s);
  show_answers(s);
  show_figures(s);
  show_curves(s);
  show_auto(s);
  show_classes(s);
  show_segments(s);
  show_people(s);
  show_cohorts(s);
  if (past.rows.length) show_lines(s);
  show_bars(s);
  const models = JSON.stringify(s.models);
  if (models !== models_shown) show_models(s.models);
  models_shown = models;
  $("age").textContent = "as of " + clock(s.time_ms);
}

function show_silence() {
  if (++failures < 2) return;
  $("health").className = "health bad";
  $("health-word").textContent = "No answer";
  $("notes").replaceChildren(Object.assign(document.createElement("li"), { textContent: "the daemon does not answer; the figures are the last ones it gave" }));
}

/* What could not be drawn is a fault of this page, and no silence of the daemon. */
function show_fault(error) {
  const says = "this page could not draw all of it: " + error, newest = $("notes").lastElementChild;
  console.error(error);
  if (!newest || newest.textContent !== says) put($("notes"), "li", says);
}

async function tick() {
  if (document.hidden) return;
  let status, recent;
  try {
    if (!past.asked_ms || Date.now() - past.asked_ms >= (past.span === "minutes" ? 300000 : SPAN_MS[past.span])) await load_history();
    status = await fetch_json("/status");
    if (Date.now() - recent_ms >= RECENT_MS) recent = await fetch_json("/recent");
  } catch (error) {
    show_silence();
    return;
  }
  try {
    show_status(status);
    if (recent) {
      recent_ms = Date.now();
      show_recent(recent);
    }
  } catch (error) {
    show_fault(error);
  }
  document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn || 0) + 1); // for who waits for it
}

async function run() {
  for (;;) {
    const started = Date.now();
    await tick();
    await new Promise((done) => setTimeout(done, Math.max(100, STATUS_MS - (Date.now() - started))));
  }
}

/* ---- what a person presses ---- */

function choose_span(span) {
  past.span = span;
  past.asked_ms = 0;
  for (const button of document.querySelectorAll("[data-span]")) button.setAttribute("aria-pressed", String(button.dataset.span === span));
  tick();
}

function switch_theme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  make_charts();
  tick();
}

for (const button of document.querySelectorAll("[data-span]")) button.addEventListener("click", () => choose_span(button.dataset.span));
$("theme").addEventListener("click", switch_theme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { make_charts(); tick(); });
document.addEventListener("visibilitychange", () => { past.asked_ms = 0; tick(); });
make_charts();
run();
