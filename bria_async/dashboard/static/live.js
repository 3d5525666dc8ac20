// Follows a page: parts of it arrive as HTML, and each takes the place of the element with its id.

const said = document.getElementById("said");
const pulse = document.getElementById("pulse");
const cards = document.getElementById("cards");

// --- parts that arrive ---------------------------------------------------------------------------

function arrive(parts) {
  const moving = [];
  for (const [id, html] of Object.entries(parts)) {
    const old = document.getElementById(id);
    const rank = old?.dataset.rank;
    const fresh = html ? place(old, html) : old?.remove();
    if (!fresh) continue;
    dress(fresh);
    if (fresh.dataset.rank !== rank) moving.push(fresh);
  }
  if (moving.length) arrange(moving);
  find();
}

function place(old, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (!old) return fresh;
  if (isBeingEdited(old)) {
    held[old.id] = html;
    return null;
  }
  carryOver(old, fresh);
  if (old.isEqualNode(fresh)) return null;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && pathTo(old, focused);
  const offsets = boxes(old).map(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop]);
  old.replaceWith(fresh);
  boxes(fresh).forEach((box, number) => box.scrollTo(...(offsets[number] ?? [0, 0])));
  if (path) at(fresh, path)?.focus({ preventScroll: true });
  return fresh;
}

// Cards with another rank take their places among the others, which stay where they are.
function arrange(moving) {
  const focused = document.activeElement;
  for (const card of moving) card.remove();
  for (const card of moving) {
    let [first, last] = [0, cards.children.length];
    while (first < last) {
      const middle = (first + last) >> 1;
      if (isBefore(card, cards.children[middle])) last = middle;
      else first = middle + 1;
    }
    cards.insertBefore(card, cards.children[first] ?? null);
  }
  focused.focus({ preventScroll: true });
}

function isBefore(one, other) {
  const [ours, theirs] = [one, other].map((card) => JSON.parse(card.dataset.rank));
  const number = ours.findIndex((value, number) => value !== theirs[number]);
  return ours[number] < theirs[number];
}

// What somebody types stays under his hands; the part comes again with the next change, or when what he typed is taken.
let held = {};

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

function boxes(part) {
  return [part, ...part.querySelectorAll(".scroll")];
}

// Among elements of its kind: of others there may be more or fewer than before.
function pathTo(root, element) {
  const path = [];
  for (let node = element; node !== root; node = node.parentElement) {
    path.unshift([node.localName, ofKind(node.parentElement, node.localName).indexOf(node)]);
  }
  return path;
}

function at(root, path) {
  return path.reduce((node, [kind, index]) => node && ofKind(node, kind)[index], root);
}

function ofKind(parent, kind) {
  return [...parent.children].filter((child) => child.localName === kind);
}

// --- following -----------------------------------------------------------------------------------

const { live, version } = document.body.dataset;
let source = null;
let seen = version;

function follow() {
  const address = new URL(live, location);
  address.search = location.search;
  address.searchParams.set("after", seen);
  source = new EventSource(address);
  source.addEventListener("open", () => tell("live"));
  source.addEventListener("parts", (event) => {
    seen = event.lastEventId;
    tell("live");
    arrive(JSON.parse(event.data));
  });
  source.addEventListener("problem", (event) => tell(JSON.parse(event.data).words));
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
  for (const code of part.querySelectorAll(".next code")) copyable(code);
  const figures = part.matches(".plot") ? [part] : part.querySelectorAll(".plot");
  for (const figure of figures) draw(figure);
}

// Over http only pages of this machine have a clipboard.
function copyable(code) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy", className: "small" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      announce("Copied.");
    } catch {
      getSelection().selectAllChildren(code);
      announce("The browser lets this page copy nothing: the command is selected for you to copy.", true);
    }
  });
  code.after(button);
}

const plots = new WeakMap();

function draw(figure) {
  if (!window.uPlot) return;
  plots.get(figure)?.destroy();
  const points = JSON.parse(figure.dataset.points);
  const limit = figure.dataset.limit ? Number(figure.dataset.limit) : null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [times, rates] = [points.map(([time]) => time), points.map(([, rate]) => rate)];
  const isShort = times.at(-1) - times[0] < 600;
  const clock = (at, step = 1) =>
    new Date(at * 1000).toLocaleTimeString([], {
      hour: "2-digit",
      minute: "2-digit",
      second: isShort ? "2-digit" : undefined,
      fractionalSecondDigits: step < 1 ? Math.min(3, Math.ceil(-Math.log10(step))) : undefined,
      hourCycle: "h23",
    });
  const short = new Intl.NumberFormat([], { notation: "compact" }).format;
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const series = [
    {},
    {
      stroke: colour("--accent"),
      fill: colour("--accent-soft"),
      width: 1.5,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    },
  ];
  const data = [times, rates];
  if (limit !== null) {
    series.push({ stroke: colour("--warn"), dash: [6, 4], width: 1.5, points: { show: false } });
    data.push(times.map(() => limit));
  }
  const size = () => ({ width: Math.floor(figure.clientWidth), height: 200 });
  const box = figure.querySelector(".drawn") ?? makeRoom(figure, () => plots.get(figure).setSize(size()));
  const axes = [
    { ...axis, space: 90, size: 36, splits: roundTimes, values: (_, at, __, ___, step) => at.map((each) => clock(each, step)) },
    { ...axis, size: 48, values: (_, rates) => rates.map(short) },
  ];
  const reading = figure.querySelector(".reading");
  const read = (plot) => {
    const under = plot.posToVal(plot.cursor.left, "x");
    const at = times.findLastIndex((time) => time <= under);
    reading.textContent = at < 0 ? "" : `: ${rates[at].toFixed(0)} at ${clock(times[at])}`;
  };
  const options = {
    ...size(),
    padding: [null, 40, null, null],
    series,
    axes,
    scales: { y: { range: (_, __, most) => [0, most * 1.08 || 1] } },
    legend: { show: false },
    cursor: { points: { show: false } },
    hooks: { setCursor: [read] },
  };
  const plot = new uPlot(options, data, box);
  box.firstElementChild.setAttribute("aria-hidden", "true");
  plots.set(figure, plot);
}

// Of a few seconds uPlot's own are outside, or none.
function roundTimes(_, __, first, last, step) {
  const zone = new Date(first * 1000).getTimezoneOffset() * 60;
  const begin = Math.ceil((first - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.floor((last - begin) / step) + 1) }, (_, number) => begin + number * step);
}

function makeRoom(figure, onResize) {
  const box = Object.assign(document.createElement("div"), { className: "drawn" });
  figure.querySelector("svg").replaceWith(box);
  figure.querySelector(".ticks")?.remove();
  new ResizeObserver(onResize).observe(figure);
  return box;
}

// A canvas keeps the colours that it was drawn with.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const figure of document.querySelectorAll(".plot")) draw(figure);
});

// --- forms, and finding --------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = form.querySelector("button:not([type])");
  const isFocused = document.activeElement === button;
  button.disabled = true;
  held = {};
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    announce((await answer.text()).trim(), !answer.ok);
    if (answer.ok) for (const field of form.querySelectorAll("textarea")) field.defaultValue = field.value;
  } catch {
    announce("The dashboard does not answer: nothing was changed.", true);
  } finally {
    button.disabled = false;
    if (isFocused && document.activeElement === document.body) button.focus({ preventScroll: true });
  }
  arrive(held);
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
