// The jobs of the organization as cards: what runs, how far it is, what may be done about it.

import { JobCard } from "./job_card.js";
import { paced } from "./pace.js";
import { amount, hasEnded, kindWords, resultWords } from "./words.js";

const STATE_AFTER = {
  started: "running",
  waiting: "waiting",
  requeued: "queued",
  paused: "paused",
  resumed: "queued",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
};

export class Jobs {
  #api;
  #announce;
  #onFound;
  #onEnded;
  #cards = new Map();
  #rootOf = new Map();
  #stale = new Set();
  #next = null;
  #list = document.querySelector("#jobs");
  #empty = document.querySelector("#jobs-empty");
  #error = document.querySelector("#jobs-error");
  #more = document.querySelector("#jobs-more");
  #reload = paced(() => this.load(), 1000);
  #refresh = paced(() => this.#fetchStale(), 1000);
  #tell = paced(() => this.#announce(this.#latest), 10_000);
  #latest = "";

  /** `announce(text)` speaks to screen readers; `onFound()` and `onEnded()` tell that there may be new rows to show. */
  constructor(api, { announce, onFound, onEnded }) {
    this.#api = api;
    this.#announce = announce;
    this.#onFound = onFound;
    this.#onEnded = onEnded;
    this.#more.addEventListener("click", () => this.#loadEarlier());
    setInterval(() => this.#tick(), 1000);
  }

  async load() {
    await this.#guarded(async () => {
      const page = await this.#api.get("/jobs", { limit: 20 });
      // A reload must not take back the earlier pages that were asked for.
      if (this.#cards.size <= page.items.length) this.#next = page.next;
      page.items.forEach((job) => this.#put(job));
      this.#arrange();
    });
  }

  async #loadEarlier() {
    await this.#guarded(async () => {
      const page = await this.#api.get("/jobs", { limit: 20, cursor: this.#next });
      this.#next = page.next;
      page.items.forEach((job) => this.#put(job));
      this.#arrange();
      this.#cards.get(page.items[0]?.id)?.focus();
    });
  }

  /** Shows a job that was just asked for. */
  show(job) {
    this.#put(job);
    this.#arrange();
    this.#cards.get(job.id).element.scrollIntoView({ block: "nearest" });
    this.#reload();
  }

  /** Takes in one event of the feed. */
  apply(event) {
    const card = this.#cards.get(this.#rootOf.get(event.job_id));
    if (!card) {
      this.#reload();
      return;
    }
    const job = card.family().find(({ id }) => id === event.job_id);
    fold(job, event);
    card.story.add(event);
    card.update();
    if (event.kind in STATE_AFTER || event.kind === "step_started") {
      this.#stale.add(card.job.id);
      this.#refresh();
    }
    this.#speak(job, event);
    if (hasEnded(job)) this.#onEnded();
    else if (event.kind === "target" || event.kind === "page_read") this.#onFound();
  }

  #speak(job, event) {
    const name = kindWords(job.kind);
    if (event.kind === "succeeded") this.#announce(`${name}: ${resultWords(job)}.`);
    else if (event.kind === "failed") this.#announce(`${name}: failed. ${job.reason ?? ""}`);
    else if (["paused", "resumed", "cancelled"].includes(event.kind)) this.#announce(`${name}: ${event.kind}.`);
    else if (job.state === "running" && job.done > 0) {
      this.#latest = `${name}: ${amount(job.kind, job.done, job.total)}.`;
      this.#tell();
    }
  }

  #put(job) {
    if (job.parent_id) return;
    const card = this.#cards.get(job.id) ?? new JobCard(this.#api, job);
    this.#cards.set(job.id, card);
    card.update(job);
    for (const { id } of card.family()) this.#rootOf.set(id, job.id);
  }

  #arrange() {
    const newestFirst = [...this.#cards.values()].sort((a, b) => b.job.created_at.localeCompare(a.job.created_at));
    // Cards that stand right already are left alone: moving one would take the focus from it.
    newestFirst.forEach((card, place) => {
      if (this.#list.children[place] !== card.element) {
        this.#list.insertBefore(card.element, this.#list.children[place] ?? null);
      }
    });
    this.#empty.textContent = "No jobs yet. Add a state’s list of Title I schools above; its progress shows up here.";
    this.#empty.hidden = this.#cards.size > 0;
    this.#more.hidden = !this.#next;
  }

  async #fetchStale() {
    const ids = [...this.#stale];
    this.#stale.clear();
    await this.#guarded(async () => {
      for (const id of ids) this.#put(await this.#api.get(`/jobs/${encodeURIComponent(id)}`));
    });
  }

  async #guarded(work) {
    try {
      await work();
      this.#error.textContent = "";
    } catch (error) {
      this.#error.textContent = error.message;
    }
  }

  #tick() {
    if (document.hidden) return;
    for (const card of this.#cards.values()) if (!hasEnded(card.job)) card.updateTimes();
  }
}

/** What an event says about its job, until the job itself is asked for again. */
function fold(job, { kind, at, payload }) {
  const state = STATE_AFTER[kind];
  if (state) {
    job.state = state;
    job.desired = "run";
  }
  if (kind === "started") job.started_at ??= at;
  if (kind === "requested") job.desired = payload.desired;
  if (kind === "succeeded") job.result = payload.result ?? {};
  if (kind === "failed" || kind === "cancelled") job.reason = payload.reason;
  if (hasEnded(job)) job.finished_at ??= at;
  if (kind === "page_read" && payload.pages) {
    job.done = Math.max(job.done, payload.page);
    job.total = payload.pages;
  }
  if (Number.isInteger(payload.done)) job.done = payload.done;
  if (Number.isInteger(payload.total)) job.total = payload.total;
}
