// The websites that wait for a person: each school with its candidates, to accept, reject, or name another site.

import { candidate } from "./candidate.js";
import { element, say } from "./markup.js";
import { paced } from "./pace.js";
import { number } from "./words.js";

const PAGE = 20;
const $ = (id) => document.getElementById(id);

export class Review {
  #api;
  #announce;
  #onDecided;
  #next = null;
  /** Looks for something new, at most every other second; not while somebody is at work here. */
  refresh = paced(() => this.#refresh(), 2000);

  /** `announce(text)` says aloud what was decided; `onDecided()` is called after it. */
  constructor(api, { announce, onDecided }) {
    this.#api = api;
    this.#announce = announce;
    this.#onDecided = onDecided;
    $("review-more").addEventListener("click", () => this.#load({ cursor: this.#next }));
  }

  #refresh() {
    if (!$("review").contains(document.activeElement)) this.#load({});
  }

  async #load(query) {
    try {
      const page = await this.#api.get("/websites/review", { limit: PAGE, ...query });
      this.#next = page.next;
      const items = page.items.map(({ school, candidates }) => this.#item(school, candidates));
      if (query.cursor) $("reviews").append(...items);
      else $("reviews").replaceChildren(...items);
      say($("review-error"), "");
    } catch (error) {
      say($("review-error"), error.message);
    }
    this.#count();
  }

  #count() {
    const shown = $("reviews").children.length;
    $("review").hidden = shown === 0;
    $("review-more").hidden = !this.#next;
    const words = shown === 1 ? "1 school waits" : `${number(shown)} schools wait`;
    say($("review-count"), shown ? `${words}${this.#next ? ", and more" : ""}` : "");
  }

  #item(school, candidates) {
    const place = [school.district, school.city, school.state].filter(Boolean).join(", ");
    const made = element("li", { class: "review" });
    const shown = candidates.map((site) =>
      candidate(
        site,
        buttons(
          this.#button("Accept", "primary", site.url, () => this.#decide(made, school, "accept", site.url)),
          this.#button("Reject", "danger", site.url, () => this.#decide(made, school, "reject", site.url)),
        ),
      ),
    );
    made.append(
      element("p", {}, element("strong", {}, school.name), element("span", { class: "beneath" }, place)),
      ...shown,
      this.#otherSite(made, school),
    );
    return made;
  }

  #button(words, tone, about, onclick) {
    const hidden = element("span", { class: "visually-hidden" }, ` ${about}`);
    return element("button", { type: "button", class: tone, onclick }, words, hidden);
  }

  /** Where none of the candidates is right. */
  #otherSite(made, school) {
    const input = element("input", { inputmode: "url", name: "url", placeholder: "www.school.example", required: true });
    const form = element(
      "form",
      { class: "other-site" },
      element("label", {}, "Another site ", input),
      element("button", { type: "submit" }, "Set", element("span", { class: "visually-hidden" }, ` for ${school.name}`)),
      this.#button("None of these", "quiet", school.name, () => this.#decide(made, school, "reject", null)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#decide(made, school, "set", input.value.trim());
    });
    return form;
  }

  async #decide(made, school, decision, url) {
    try {
      const why = await this.#api.decideSite(school.id, decision, url);
      say($("review-error"), "");
      const left = why.candidates.filter((site) => site.state !== "rejected");
      if (!why.website && left.some((site) => site.state === "review")) {
        const again = this.#item(why.school, left);
        made.replaceWith(again);
        again.querySelector("button").focus();
      } else {
        made.remove();
        $("review-heading").focus();
      }
      const words = why.website ? `has the website ${why.website.url}` : "has no website";
      this.#announce(`${school.name} ${words}`);
      this.#count();
      this.#onDecided();
    } catch (error) {
      say($("review-error"), error.message);
    }
  }
}

const buttons = (...all) => element("p", { class: "buttons" }, ...all);
