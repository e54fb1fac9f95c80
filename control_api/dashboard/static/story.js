// The story of a job and its steps: the last lines of their events, in order, each once.

import { element } from "./markup.js";
import { paced } from "./pace.js";
import { readPast } from "./sse.js";
import { eventWords, kindWords, second } from "./words.js";

const LINES = 200;

export class Story {
  #api;
  #family;
  #lines = new Map();
  #past = null;
  #list = element("ol");
  // Not a live region: hundreds of lines a minute are for reading, not for being read out.
  #frame = element("div", { class: "story-frame", role: "region", "aria-label": "Events", tabindex: "0" }, this.#list);
  #note = element("p", { class: "hint", role: "status" });
  #draw = paced(() => this.#render(), 250);
  element;

  /** `family()` gives the job and its steps. */
  constructor(api, family) {
    this.#api = api;
    this.#family = family;
    this.element = element("details", { class: "story" }, element("summary", {}, "Events"), this.#note, this.#frame);
    this.element.addEventListener("toggle", () => this.#toggled());
  }

  add(event) {
    this.#lines.set(`${event.job_id} ${event.seq}`, event);
    if (this.#lines.size > 2 * LINES) this.#trim();
    if (this.element.open) this.#draw();
  }

  async #toggled() {
    if (!this.element.open) return;
    this.#draw();
    // The feed tells only what happens while the page is open; what happened before is read when it is asked for.
    this.#past ??= this.#readPast();
    await this.#past;
  }

  async #readPast() {
    this.#note.textContent = "Reading what happened so far …";
    try {
      // One after the other: a browser keeps only six connections to a host.
      for (const { id } of this.#family()) {
        const open = (lastId, signal) => this.#api.stream(`/jobs/${encodeURIComponent(id)}/events`, lastId, signal);
        await readPast(open, ({ data }) => this.add({ job_id: id, ...JSON.parse(data) }));
      }
      this.#note.textContent = this.#lines.size ? "" : "Nothing has happened yet.";
    } catch (error) {
      this.#past = null;
      this.#note.textContent = `Earlier events could not be read: ${error.message}`;
    }
  }

  #sorted() {
    const ordered = [...this.#lines.values()];
    return ordered.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.seq - b.seq).slice(-LINES);
  }

  #trim() {
    this.#lines = new Map(this.#sorted().map((event) => [`${event.job_id} ${event.seq}`, event]));
  }

  #render() {
    const frame = this.#frame;
    const atEnd = frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 4;
    const family = this.#family();
    const steps = new Map(family.map((job) => [job.id, kindWords(job.kind)]));
    const line = (event) =>
      element(
        "li",
        { "data-kind": event.kind },
        element("time", { datetime: event.at }, second(event.at)),
        element("span", { class: "story-step" }, family.length > 1 ? (steps.get(event.job_id) ?? "") : ""),
        element("span", {}, eventWords(event)),
      );
    this.#list.replaceChildren(...this.#sorted().map(line));
    if (atEnd) frame.scrollTop = frame.scrollHeight;
  }
}
