// Where a school was read: the pages of the lists that name it, as pictures with its values highlighted.

import { element } from "./markup.js";
import { number } from "./words.js";

const MOST = 6;

/** Fills `holder` with the pages that name a school, the first one shown and the others behind buttons. */
export async function showSeenIn(holder, school, api) {
  const { listed_in: rows = [] } = await api.get(`/schools/${encodeURIComponent(school.id)}`);
  const pages = onceEach(rows);
  if (!pages.length) {
    holder.replaceChildren("No list names this school any more.");
    return;
  }
  const picture = element("div", { class: "seen-page" });
  const choices = pages.slice(0, MOST).map((page) => choice(page, () => choose(page)));
  const choose = async (page) => {
    choices.forEach((button, at) => button.setAttribute("aria-pressed", String(pages[at] === page)));
    picture.replaceChildren("Drawing the page …");
    try {
      picture.replaceChildren(await figure(page, school, api));
    } catch (error) {
      picture.replaceChildren(element("p", { class: "error" }, error.message));
    }
  };
  const more = pages.length - choices.length;
  const rest = more > 0 ? element("span", { class: "hint" }, ` and on ${number(more)} more`) : "";
  holder.replaceChildren(element("p", { class: "seen-in" }, "Seen in", ...choices, rest), picture);
  await choose(pages[0]);
}

/** A school may stand in several rows of one page. */
function onceEach(rows) {
  return [...new Map(rows.map((row) => [`${row.document_id} ${row.page}`, row])).values()];
}

function choice(page, onclick) {
  const words = `${page.filename}, page ${number(page.page)}`;
  return element("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick }, words);
}

async function figure(page, school, api) {
  const path = `/documents/${encodeURIComponent(page.document_id)}/pages/${page.page}.png`;
  const source = await api.image(path, { highlight: school.id });
  const alt = `Page ${page.page} of ${page.filename}; what it says of ${school.name} is highlighted`;
  return element("img", { src: source, alt });
}
