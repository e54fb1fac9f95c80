// The one way from the page to the API: every request has the key, or the session's cookie, and problem details become
// errors.

import { pageWord } from "./session.js";

const ROOT = "/api/v1";

/** What the server refused, in its own words (RFC 9457), or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || `The server answered with status ${status}.`);
    this.status = status;
    this.code = problem.code;
  }

  get mayPass() {
    return [0, 502, 503, 504].includes(this.status);
  }
}

export class Api {
  #key;
  #onRefused;

  /** Without a key, requests go by the session's cookie. `onRefused(error)` is called when neither is accepted. */
  constructor(key, onRefused) {
    this.#key = key;
    this.#onRefused = onRefused;
  }

  async get(path, query) {
    return (await this.#ask(path, { query })).json();
  }

  /** Sends `body` as JSON. */
  async send(path, body = {}) {
    const headers = { "Content-Type": "application/json" };
    return this.#ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async upload(file) {
    const body = new FormData();
    body.append("file", file);
    return (await this.#ask("/documents", { method: "POST", body })).json();
  }

  /** Asks for a job. All its tries carry one key, so that a lost answer does not make a second job. */
  async startJob(kind, params) {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": freshKey() };
    const request = { method: "POST", headers, body: JSON.stringify({ kind, params }) };
    for (const pause of [1000, 3000]) {
      try {
        return await (await this.#ask("/jobs", request)).json();
      } catch (error) {
        if (!error.mayPass) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return (await this.#ask("/jobs", request)).json();
  }

  /** Asks a job to `cancel`, `pause` or `resume`; answers with the job as it then is. */
  async wish(jobId, verb) {
    return (await this.#ask(`/jobs/${encodeURIComponent(jobId)}/${verb}`, { method: "POST" })).json();
  }

  /** Says that a site is a school's (`set` by hand, `accept` a candidate) or is not (`reject`); answers why. */
  async decideSite(schoolId, decision, url) {
    const path = `/schools/${encodeURIComponent(schoolId)}/website`;
    const headers = { "Content-Type": "application/json" };
    const request = { method: decision === "set" ? "PUT" : "POST", headers, body: JSON.stringify({ url }) };
    return (await this.#ask(decision === "set" ? path : `${path}/${decision}`, request)).json();
  }

  /** A picture of the API as a `data:` address; an address of the API itself could not carry the key. */
  async image(path, query) {
    const picture = await (await this.#ask(path, { query })).blob();
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(new ApiError(0, { detail: "The picture could not be read." }));
      reader.readAsDataURL(picture);
    });
  }

  /** Saves a file of the API; a plain link could not carry the key. */
  async download(path, query, name) {
    const response = await this.#ask(path, { query });
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = sentName(response) ?? name;
    link.click();
    // The browser reads the blob after this turn of the event loop.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** Opens a stream of events behind `lastId`. */
  stream(path, lastId, signal) {
    const headers = { Accept: "text/event-stream", ...(lastId === null ? {} : { "Last-Event-ID": lastId }) };
    return this.#ask(path, { headers, signal, cache: "no-store" });
  }

  #credential() {
    if (this.#key !== null) return { Authorization: `Bearer ${this.#key}` };
    const word = pageWord();
    return word === null ? {} : { "X-CSRF-Token": word };
  }

  async #ask(path, { query = {}, headers = {}, ...request } = {}) {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    let response;
    try {
      response = await fetch(`${ROOT}${path}${asked.size ? `?${asked}` : ""}`, {
        ...request,
        headers: { ...this.#credential(), ...headers },
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, { detail: "The server cannot be reached. Is it running?" });
    }
    if (response.ok) return response;
    const error = new ApiError(response.status, await response.json().catch(() => ({})));
    if (response.status === 401) this.#onRefused(error);
    throw error;
  }
}

// `crypto.randomUUID` exists only where the page came over HTTPS or from this machine.
function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sentName(response) {
  return /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
}
