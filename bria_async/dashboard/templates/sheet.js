"use strict";
const grid = document.getElementById("tiles");
const tiles = [...grid.children];
const buttons = [...document.querySelectorAll("button[data-code]")];
const [all, ...some] = buttons;
const search = document.getElementById("search");
const order = document.getElementById("order");
const pressed = (button) => button.getAttribute("aria-pressed") === "true";
const press = (button, on) => button.setAttribute("aria-pressed", String(on));

function show() {
  const wanted = some.filter(pressed).map((button) => button.dataset.code);
  const text = search.value.trim().toLowerCase();
  let left = 0;
  for (const tile of tiles) {
    const codes = tile.dataset.codes.split(" ");
    const found = (!wanted.length || wanted.some((code) => codes.includes(code))) && tile.dataset.text.includes(text);
    tile.hidden = !found;
    left += found;
  }
  press(all, !wanted.length);
  document.getElementById("count").textContent = `${left} of ${tiles.length} images are shown.`;
}

function sort() {
  const value = (tile) => (tile.dataset[order.value] === "" ? Infinity : Number(tile.dataset[order.value]));
  const before = (one, other) => (one === other ? 0 : one < other ? -1 : 1);
  tiles.sort((one, other) => before(value(one), value(other)) || one.dataset.number - other.dataset.number);
  grid.append(...tiles);
}

for (const button of some) {
  button.addEventListener("click", () => { press(button, !pressed(button)); show(); });
}
all.addEventListener("click", () => { some.forEach((button) => press(button, false)); show(); });
search.addEventListener("input", show);
order.addEventListener("change", sort);
document.querySelector(".controls").hidden = false;
show();
