// Pointing at a row shows where it stands on the page, and pointing at the page shows which row was read there.

const inFocus = new Set();

const related = (key) => document.querySelectorAll(`[data-row="${key}"]`);

function light(key, field) {
  for (const shown of inFocus) shown.classList.remove("lit", "pointed");
  inFocus.clear();
  if (!key) return;
  for (const part of related(key)) {
    part.classList.add("lit");
    if (field && part.dataset.field === field) part.classList.add("pointed");
    inFocus.add(part);
  }
  const cell = field && document.querySelector(`tr[data-row="${key}"] [data-field="${field}"]`);
  if (cell) {
    cell.classList.add("pointed");
    inFocus.add(cell);
  }
}

const rowAt = (target) => target.closest?.("[data-row]");

function lookAt(event) {
  const row = rowAt(event.target);
  light(row?.dataset.row, event.target.closest?.("[data-field]")?.dataset.field);
}

document.addEventListener("pointerover", lookAt);
document.addEventListener("focusin", lookAt);

// A click on the page leads to its row, and on a row to its place on the page.
document.addEventListener("click", (event) => {
  const key = rowAt(event.target)?.dataset.row;
  if (!key) return;
  const other = event.target.closest("figure") ? `tr[data-row="${key}"]` : `figure .row[data-row="${key}"]`;
  document.querySelector(other)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
});

// The arrows go from row to row, as in a list.
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("tr[data-row]");
  const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
