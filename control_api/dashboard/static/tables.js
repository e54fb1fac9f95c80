// The tables of schools and people: searched, read on page by page, saved as CSV.

import { beneathButton } from "./beneath.js";
import { candidate } from "./candidate.js";
import { chip, element, hostOf, webLink } from "./markup.js";
import { paced, settled } from "./pace.js";
import { showSeenIn } from "./seen_in.js";
import { day, number, plain, title1Words, websiteWords } from "./words.js";

const PAGE = 50;

class KeysetTable {
  #api;
  #kind;
  #section;
  #form;
  #body;
  #next = null;
  #pages = 0;
  #firstPage = "";
  #turn = 0;
  /** Looks for something new, at most once a second. */
  refresh = paced(() => this.#refresh(), 1000);

  /** `kind` says what the rows are: `{path, noun, empty, row(item) → [tr], label}`. */
  constructor(api, section, kind) {
    this.#api = api;
    this.#kind = kind;
    this.#section = section;
    this.#body = section.querySelector("tbody");
    this.#form = section.querySelector("form");
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", settled(() => this.#load(), 300));
    this.#part("more").addEventListener("click", () => this.#loadMore());
    this.#part("stale").querySelector("button").addEventListener("click", () => this.#showNew());
    this.#part("csv").addEventListener("click", () => this.#download());
  }

  #part(name) {
    return this.#section.querySelector(`[data-${name}]`);
  }

  #filters() {
    return Object.fromEntries(new FormData(this.#form));
  }

  async #load() {
    this.#turn += 1;
    const page = await this.#ask({});
    if (page) this.#showFirst(page);
  }

  async #refresh() {
    const page = await this.#ask({});
    if (!page || JSON.stringify(page.items) === this.#firstPage) return;
    // Somebody who reads must not lose the place: then the new rows wait to be asked for.
    const isRead = this.#pages > 1 || this.#body.contains(document.activeElement) || this.#body.querySelector(".why");
    if (isRead) this.#part("stale").hidden = false;
    else this.#showFirst(page);
  }

  async #showNew() {
    await this.#load();
    this.#section.querySelector("h2").focus();
  }

  async #loadMore() {
    this.#turn += 1;
    const page = await this.#ask({ cursor: this.#next });
    if (!page) return;
    this.#pages += 1;
    const first = this.#append(page);
    if (first) {
      first.tabIndex = -1;
      first.focus();
    }
  }

  #showFirst(page) {
    this.#firstPage = JSON.stringify(page.items);
    this.#pages = 1;
    this.#part("stale").hidden = true;
    this.#body.replaceChildren();
    this.#append(page);
  }

  #append(page) {
    this.#next = page.next;
    const rows = page.items.flatMap((item) => this.#kind.row(item, this.#api));
    this.#body.append(...rows);
    const shown = this.#body.querySelectorAll("tr:not(.why)").length;
    this.#section.querySelector("table").hidden = shown === 0;
    this.#part("more").hidden = !this.#next;
    const counted = `${number(shown)} ${this.#kind.noun(shown)}${this.#next ? ", and more" : ""}`;
    this.#part("count").textContent = shown ? counted : "";
    const searched = Object.values(this.#filters()).some(Boolean);
    this.#part("empty").textContent = searched ? this.#kind.noMatch : this.#kind.empty;
    this.#part("empty").hidden = shown > 0;
    return rows[0];
  }

  /** A page, or null where it failed or a later question of the reader has overtaken it. */
  async #ask(query) {
    const turn = this.#turn;
    try {
      const page = await this.#api.get(this.#kind.path, { limit: PAGE, ...this.#filters(), ...query });
      if (turn !== this.#turn) return null;
      this.#part("error").textContent = "";
      return page;
    } catch (error) {
      if (turn === this.#turn) this.#part("error").textContent = error.message;
      return null;
    }
  }

  async #download() {
    try {
      await this.#api.download(`${this.#kind.path}.csv`, this.#filters(), `${this.#kind.path.slice(1)}.csv`);
      this.#part("error").textContent = "";
    } catch (error) {
      this.#part("error").textContent = error.message;
    }
  }
}

export function schoolsTable(api) {
  return new KeysetTable(api, document.querySelector("#schools"), {
    path: "/schools",
    noun: (count) => (count === 1 ? "school" : "schools"),
    empty: "No schools yet. They appear as soon as a list has been read; add one above.",
    noMatch: "No school matches this search. Try fewer letters of its name or district.",
    row: schoolRow,
  });
}

export function peopleTable(api) {
  return new KeysetTable(api, document.querySelector("#people"), {
    path: "/staff",
    noun: (count) => (count === 1 ? "person" : "people"),
    empty: "No people yet. They appear while the staff pages of schools with a website are read.",
    noMatch: "Nobody matches these filters. Try another role, or leave the search empty.",
    row: personRow,
  });
}

function row(...cells) {
  return element("tr", { role: "row" }, ...cells);
}

function cell(label, ...parts) {
  return element("td", { role: "cell", "data-label": label }, element("div", {}, ...parts));
}

const beneath = (text) => (text ? element("span", { class: "beneath" }, text) : "");
const missing = (text) => element("span", { class: "missing" }, text);

function schoolRow(school, api) {
  const place = [school.city, school.state].filter(Boolean).join(", ");
  const status = school.title1_status;
  const made = row(
    cell(
      "School",
      element("strong", {}, school.name),
      beneath(school.district),
      element("span", { class: "beneath" }, seenIn(school, api, () => made)),
    ),
    cell("Place", place || missing("Not stated")),
    cell("Title I", status ? chip(...title1Words(status)) : missing("Not stated")),
    cell("Website", ...websiteParts(school, api, () => made)),
  );
  return [made];
}

const SCHOOL_COLUMNS = 4;

function seenIn(school, api, tr) {
  const fill = (holder) => showSeenIn(holder, school, api);
  return beneathButton({ words: "Seen in", about: school.name, tr, columns: SCHOOL_COLUMNS, fill });
}

function websiteParts(school, api, schoolTr) {
  if (!school.website && !school.website_state) return [missing("None yet")];
  const state = school.website_state ? chip(...websiteWords(school.website_state)) : "";
  const why = beneathButton({
    words: school.website ? "Why this site?" : "See candidates",
    about: school.name,
    tr: schoolTr,
    columns: SCHOOL_COLUMNS,
    fill: (holder) => showReasons(holder, school, api),
  });
  return [school.website ? webLink(school.website) : "", element("span", { class: "beneath" }, state, " ", why)];
}

/** Says how the website was chosen. */
async function showReasons(holder, school, api) {
  const { websites = [] } = await api.get(`/schools/${encodeURIComponent(school.id)}`);
  const candidates = websites.toSorted((a, b) => b.score - a.score).map(candidate);
  holder.replaceChildren(...(candidates.length ? candidates : ["No candidate was found."]));
}

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

function personRow(person) {
  const sure = Number.isFinite(person.confidence) ? beneath(`${percent.format(person.confidence)} sure`) : "";
  const contact = [person.email ? emailAddress(person.email) : "", person.phone ? beneath(person.phone) : ""];
  const unreachable = missing(person.email_state === "form_only" ? "By form only" : "None published");
  const role = roleName(person.role);
  const title = person.title ?? "";
  return [
    row(
      cell("Name", element("strong", {}, person.name)),
      cell("Position", title || missing("Not stated"), role.toLowerCase() === title.toLowerCase() ? "" : beneath(role)),
      cell("School", person.school ?? "", person.website ? schoolSite(person.website) : ""),
      cell("Contact", ...(person.email || person.phone ? contact : [unreachable])),
      cell("Seen", webLink(person.source_url, "Source page"), beneath(person.last_seen && day(person.last_seen)), sure),
    ),
  ];
}

const schoolSite = (website) => element("span", { class: "beneath" }, webLink(website, hostOf(website)));

/** An address that breaks behind its @ where the column is narrow. */
function emailAddress(email) {
  const [local, ...rest] = email.split("@");
  const parts = rest.length ? [`${local}@`, element("wbr"), rest.join("@")] : [email];
  return element("span", { class: "email" }, ...parts);
}

/** The role as the filter calls it, so that both say the same. */
function roleName(key) {
  if (!key || key === "unknown") return "";
  return document.querySelector(`#people-role option[value="${CSS.escape(key)}"]`)?.textContent ?? plain(key);
}
