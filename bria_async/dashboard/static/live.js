// Follows a page: parts of it arrive as HTML, and each takes the place of the element with its id.

const said = document.getElementById("said");
const pulse = document.getElementById("pulse");
const wall = document.querySelector(".wall, #cards");

// --- parts that arrive ---------------------------------------------------------------------------

function place(id, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  const old = document.getElementById(id);
  if (!old) {
    wall?.prepend(fresh);
    return fresh;
  }
  if (isBeingEdited(old)) return null;
  carryOver(old, fresh);
  if (old.isEqualNode(fresh)) return null;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && pathTo(old, focused);
  old.replaceWith(fresh);
  if (path) at(fresh, path)?.focus({ preventScroll: true });
  return fresh;
}

// What somebody types stays under his hands; the part comes again with the next change.
function isBeingEdited(part) {
  return [...part.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
}

// What is open, chosen or not found, and pictures that are there, stay as they are.
function carryOver(old, fresh) {
  if (old.hasAttribute("open")) fresh.setAttribute("open", "");
  fresh.classList.toggle("unfound", old.classList.contains("unfound"));
  for (const input of old.querySelectorAll("input[id]")) {
    const again = fresh.querySelector(`#${CSS.escape(input.id)}`);
    if (again) again.checked = input.checked;
  }
  for (const details of fresh.querySelectorAll("details[id]")) {
    details.open = old.querySelector(`#${CSS.escape(details.id)}`)?.open ?? false;
  }
  const shown = new Map([...old.querySelectorAll("img")].map((image) => [image.getAttribute("src"), image]));
  for (const image of fresh.querySelectorAll("img")) {
    const there = shown.get(image.getAttribute("src"));
    if (there && there.alt === image.alt) image.replaceWith(there.cloneNode());
  }
}

function pathTo(root, element) {
  const path = [];
  for (let node = element; node !== root; node = node.parentElement) {
    path.unshift([...node.parentElement.children].indexOf(node));
  }
  return path;
}

function at(root, path) {
  return path.reduce((node, index) => node?.children[index], root);
}

// --- following -----------------------------------------------------------------------------------

const { live, version } = document.body.dataset;
let source = null;
let seen = version;

function follow() {
  source = new EventSource(`${live}?after=${encodeURIComponent(seen)}`);
  source.addEventListener("open", () => tell("live"));
  source.addEventListener("parts", (event) => {
    seen = event.lastEventId;
    for (const [id, html] of Object.entries(JSON.parse(event.data))) dress(place(id, html));
    find();
  });
  source.addEventListener("problem", (event) => {
    source.close();
    tell(JSON.parse(event.data).words);
  });
  source.addEventListener("error", () => {
    tell(source.readyState === EventSource.CLOSED ? "not live: load the page again" : "not live: the dashboard does not answer");
  });
}

function tell(words) {
  pulse.textContent = words;
  pulse.classList.toggle("on", words === "live");
}

// A browser has few connections for all its tabs: those that nobody looks at need none.
document.addEventListener("visibilitychange", () => {
  if (!live) return;
  if (document.hidden) source?.close();
  else if (source?.readyState === EventSource.CLOSED) follow();
});

// --- what parts need of scripts ------------------------------------------------------------------

function dress(part) {
  if (!part) return;
  for (const code of part.querySelectorAll(".next code")) copyable(code);
  const figures = part.matches(".plot") ? [part] : part.querySelectorAll(".plot");
  for (const figure of figures) draw(figure);
}

function copyable(code) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy", className: "small" });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    announce("Copied.");
  });
  code.after(button);
}

function draw(figure) {
  if (!window.uPlot) return;
  const points = JSON.parse(figure.dataset.points);
  const limit = figure.dataset.limit ? Number(figure.dataset.limit) : null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [times, rates] = [points.map(([time]) => time), points.map(([, rate]) => rate)];
  const isShort = times.at(-1) - times[0] < 600;
  const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: isShort ? "2-digit" : undefined, hourCycle: "h23" });
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const series = [
    { label: "at", value: (_, at) => (at === null ? "–" : clock(at)) },
    {
      label: "images a minute",
      stroke: colour("--accent"),
      fill: colour("--accent-soft"),
      width: 1.5,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
      value: (_, rate) => (rate === null ? "–" : rate.toFixed(0)),
    },
  ];
  const data = [times, rates];
  if (limit !== null) {
    series.push({ label: "allowed", stroke: colour("--warn"), dash: [6, 4], width: 1.5, points: { show: false } });
    data.push(times.map(() => limit));
  }
  const box = document.createElement("div");
  const size = () => ({ width: Math.floor(figure.clientWidth), height: 200 });
  figure.querySelector("svg").replaceWith(box);
  figure.querySelector(".ticks")?.remove();
  const plot = new uPlot({ ...size(), series, axes: [{ ...axis, space: 90, values: (_, at) => at.map(clock) }, { ...axis, size: 60 }], scales: { y: { range: (_, __, most) => [0, most * 1.08 || 1] } } }, data, box);
  box.firstElementChild.setAttribute("aria-hidden", "true");
  new ResizeObserver(() => plot.setSize(size())).observe(figure);
}

// --- forms, and finding --------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = form.querySelector("button:not([type])");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    announce((await answer.text()).trim(), !answer.ok);
    if (answer.ok) for (const field of form.querySelectorAll("textarea")) field.defaultValue = field.value;
  } catch {
    announce("The dashboard does not answer: nothing was changed.", true);
  } finally {
    button.disabled = false;
  }
});

let forgetting;
function announce(words, isProblem = false) {
  said.textContent = words;
  said.classList.toggle("problem", isProblem);
  clearTimeout(forgetting);
  if (!isProblem) forgetting = setTimeout(() => (said.textContent = ""), 6000);
}

const search = document.getElementById("find");
function find() {
  if (!search) return;
  const words = search.value.trim().toLowerCase();
  for (const element of document.querySelectorAll(search.dataset.finds)) {
    element.classList.toggle("unfound", words !== "" && !element.textContent.toLowerCase().includes(words));
  }
}

search?.addEventListener("input", find);
dress(document.body);
if (live) follow();
