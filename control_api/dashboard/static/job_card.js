// One job: its name and state, a progress bar a step, its times, its buttons and its story.

import { documentName } from "./documents.js";
import { chip, element, say } from "./markup.js";
import { Story } from "./story.js";
import { STEPS, amount, duration, hasEnded, kindWords, resultWords, stateWords, when } from "./words.js";

export class JobCard {
  job;
  story;
  element;
  #api;
  #chip = chip("", "calm");
  #times = element("span");
  #about = element("span", { class: "job-document" });
  #reason = element("p", { class: "error" });
  #refusal = element("p", { class: "error", role: "alert" });
  #steps = new Map();
  #stepList = element("ol", { class: "steps", role: "list" });
  #buttons;
  #heading;

  constructor(api, job) {
    this.#api = api;
    this.job = job;
    this.story = new Story(api, () => this.family());
    this.#buttons = this.#makeButtons();
    this.#heading = element("h3", { id: `job-${job.id}`, tabindex: "-1" }, kindWords(job.kind));
    this.element = element(
      "li",
      {},
      element(
        "article",
        { class: "job", "aria-labelledby": `job-${job.id}` },
        element("div", { class: "job-head" }, this.#heading, this.#chip),
        element("p", { class: "job-meta" }, this.#about, this.#times),
        this.#stepList,
        this.#reason,
        this.#refusal,
        element("div", { class: "buttons" }, ...Object.values(this.#buttons)),
        this.story.element,
      ),
    );
    documentName(api, job.params.document_id).then((name) => say(this.#about, name));
  }

  /** The job and its steps. */
  family() {
    return [this.job, ...(this.job.children ?? [])];
  }

  focus() {
    this.#heading.focus();
  }

  update(job = this.job) {
    this.job = job;
    const [words, tone] = stateWords(job);
    say(this.#chip, words);
    this.#chip.dataset.tone = tone;
    this.#updateSteps();
    say(this.#reason, job.state === "failed" ? (job.reason ?? "") : "");
    this.updateTimes();
    this.#updateButtons();
  }

  updateTimes() {
    const { started_at: started, finished_at: finished, created_at: created } = this.job;
    if (!started) {
      say(this.#times, `Asked for ${when(created)}`);
      return;
    }
    const seconds = ((finished ? Date.parse(finished) : Date.now()) - Date.parse(started)) / 1000;
    const length = `${finished ? "took" : "for"} ${duration(seconds)}`;
    say(this.#times, `Started ${when(started)}, ${length}`);
  }

  #updateSteps() {
    const shown = this.job.kind === "pipeline" ? STEPS : [this.job.kind];
    // The shards of a crawl are of its own kind; it speaks for them.
    const jobs = new Map(this.family().reverse().map((job) => [job.kind, job]));
    for (const kind of shown) {
      if (!this.#steps.has(kind)) {
        const step = new Step(kind);
        this.#steps.set(kind, step);
        this.#stepList.append(step.element);
      }
      this.#steps.get(kind).update(jobs.get(kind), this.job);
    }
  }

  #makeButtons() {
    const name = kindWords(this.job.kind);
    const button = (words, onclick, look) => {
      const which = element("span", { class: "visually-hidden" }, `: ${name}`);
      return element("button", { type: "button", class: look, onclick }, words, which);
    };
    return {
      download: button("Download leads", () => this.#download(), "primary"),
      pause: button("Pause", () => this.#wish("pause")),
      resume: button("Resume", () => this.#wish("resume"), "primary"),
      cancel: button("Cancel", () => this.#cancel(), "quiet"),
    };
  }

  #updateButtons() {
    const ended = hasEnded(this.job);
    const still = this.job.state === "paused" || this.job.desired === "pause";
    const hadFocus = Object.values(this.#buttons).find((button) => button === document.activeElement);
    this.#buttons.download.hidden = !this.#leads();
    this.#buttons.pause.hidden = ended || still;
    this.#buttons.resume.hidden = ended || !still;
    this.#buttons.cancel.hidden = ended || this.job.desired === "cancel";
    if (hadFocus?.hidden) this.focus();
  }

  #leads() {
    return this.family().find(({ kind, state }) => kind === "export_leads" && state === "succeeded");
  }

  #download() {
    return this.#guarded(() => this.#api.download(`/jobs/${this.#leads().id}/result`, {}, "leads.csv"));
  }

  async #cancel() {
    const dialog = document.querySelector("#confirm");
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue === "cancel") await this.#wish("cancel");
  }

  #wish(verb) {
    return this.#guarded(async () => {
      this.update(await this.#api.wish(this.job.id, verb));
    });
  }

  async #guarded(work) {
    this.#refusal.textContent = "";
    try {
      await work();
    } catch (error) {
      this.#refusal.textContent = error.message;
    }
  }
}

class Step {
  element;
  #kind;
  #bar;
  #note = element("span", { class: "step-note" });

  constructor(kind) {
    this.#kind = kind;
    this.#bar = element("progress", { max: "1", value: "0", "aria-label": kindWords(kind) });
    this.element = element("li", {}, element("span", { class: "step-name" }, kindWords(kind)), this.#bar, this.#note);
  }

  update(job, parent) {
    this.element.dataset.state = job?.state ?? "none";
    say(this.#note, stepWords(this.#kind, job, parent));
    const isBusy = job && ["running", "waiting"].includes(job.state);
    // A bar without a value says "at work, nobody knows how long".
    if (isBusy && !job.total) this.#bar.removeAttribute("value");
    else this.#bar.value = job?.state === "succeeded" ? 1 : job?.total ? job.done / job.total : 0;
  }
}

function stepWords(kind, job, parent) {
  if (!job) return hasEnded(parent) ? "Not run" : "Not started";
  const { done, total } = job;
  const counted = done > 0 || total ? amount(kind, done, total) : "";
  if (job.state === "succeeded") return resultWords(job);
  if (job.state === "running") return counted || "Starting …";
  const [words] = stateWords(job);
  return counted ? `${words}, ${counted}` : words;
}
