// Rows that open beneath a row of a table: the reasons for a website, the page of the list that names a school.

import { element } from "./markup.js";

const opened = new WeakMap();

/**
 * A quiet button that opens and closes a row beneath the one that `tr()` gives. `fill(holder)` says what the row
 * shows; where it fails, the row says why.
 */
export function beneathButton({ words, about, tr, columns, fill }) {
  const button = element(
    "button",
    { type: "button", class: "link", "aria-expanded": "false", onclick: () => toggle(button, tr(), columns, fill) },
    words,
    element("span", { class: "visually-hidden" }, ` ${about}`),
  );
  return button;
}

async function toggle(button, tr, columns, fill) {
  const isOpen = opened.has(button);
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    opened.get(button).remove();
    opened.delete(button);
    return;
  }
  const holder = element("td", { role: "cell", colspan: String(columns), "aria-live": "polite" }, "Reading …");
  const row = element("tr", { role: "row", class: "why" }, holder);
  opened.set(button, row);
  tr.after(row);
  try {
    await fill(holder);
  } catch (error) {
    holder.replaceChildren(element("p", { class: "error" }, error.message));
  }
}
