// What kinds, states, steps and events are called, and how numbers, times and durations are written.

const KINDS = {
  pipeline: "From list to leads",
  extract_schools: "Read the list",
  discover_websites: "Find the websites",
  harvest_staff: "Read the staff pages",
  reextract_staff: "Read kept pages again",
  export_leads: "Write the leads",
  push_leads: "Send to Salesforce",
};

const UNITS = {
  extract_schools: ["page", "pages"],
  discover_websites: ["school", "schools"],
  harvest_staff: ["school", "schools"],
  reextract_staff: ["school", "schools"],
  export_leads: ["person", "people"],
  push_leads: ["person", "people"],
};

const STATES = {
  queued: ["Waiting for a worker", "calm"],
  running: ["Working", "busy"],
  waiting: ["Working", "busy"],
  paused: ["Paused", "warn"],
  succeeded: ["Done", "good"],
  failed: ["Failed", "bad"],
  cancelled: ["Cancelled", "calm"],
};

const WISHES = { pause: ["Pausing …", "warn"], cancel: ["Cancelling …", "warn"] };

const WEBSITES = {
  accepted: ["Official", "good"],
  review: ["To be reviewed", "warn"],
  candidate: ["Candidate", "calm"],
  rejected: ["Rejected", "bad"],
};

const TITLE1 = {
  schoolwide: ["Schoolwide", "good"],
  targeted: ["Targeted assistance", "good"],
  eligible_not_served: ["Eligible, not served", "warn"],
  not_eligible: ["Not eligible", "calm"],
  unknown: ["Not stated", "calm"],
};

/** The steps of a pipeline, in the order in which they run. */
export const STEPS = ["extract_schools", "discover_websites", "harvest_staff", "export_leads"];

const FINAL = new Set(["succeeded", "failed", "cancelled"]);
export const hasEnded = (job) => FINAL.has(job.state);

export const kindWords = (kind) => KINDS[kind] ?? plain(kind);
export const stateWords = (job) => (hasEnded(job) ? undefined : WISHES[job.desired]) ?? named(STATES, job.state);
export const websiteWords = (state) => named(WEBSITES, state);
export const title1Words = (status) => named(TITLE1, status);

const named = (table, key) => table[key] ?? [plain(key), "calm"];

/** A key of the API as words: `no_staff` → `no staff`. */
export const plain = (key) => String(key).replaceAll("_", " ");

const integers = new Intl.NumberFormat();
const decimals = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
export const number = (value) => (Number.isInteger(value) ? integers : decimals).format(value);

/** "12 of 48 schools", "12 schools" while the total is unknown. */
export function amount(kind, done, total) {
  const [one, many] = UNITS[kind] ?? ["step", "steps"];
  const last = total ?? done;
  return `${total === null ? "" : `${number(done)} of `}${number(last)} ${last === 1 ? one : many}`;
}

export function fileSize(bytes) {
  const [value, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1e3), "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const toTheSecond = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The time alone where it is today's. */
export function when(iso) {
  const at = new Date(iso);
  return (at.toDateString() === new Date().toDateString() ? clock : dayAndClock).format(at);
}

export const day = (iso) => dayOnly.format(new Date(iso));
export const second = (iso) => toTheSecond.format(new Date(iso));

/** "45 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const EVENTS = {
  created: () => "Accepted",
  started: ({ attempt }) => (attempt > 1 ? `Goes on (attempt ${number(attempt)})` : "Started"),
  progress: ({ done, total }) => `${number(done ?? 0)}${total == null ? "" : ` of ${number(total)}`}`,
  page_read: ({ page, pages, rows }) => `Page ${page}${pages ? ` of ${pages}` : ""}: ${number(rows ?? 0)} rows`,
  // Events of an earlier version tell one school each.
  target: ({ schools, ...one }) => (schools ?? [one]).map(schoolWords).join("; "),
  waiting: () => "Waiting for the next step",
  step_started: ({ step, steps, kind }) => `Step ${step} of ${steps}: ${kindWords(kind)}`,
  parted: ({ shards, schools }) => `Parted into ${number(shards)} jobs of ${number(schools)} schools together`,
  requeued: ({ reason, retry_in_seconds: pause }) => {
    const next = pause ? `in ${duration(pause)}` : "as soon as a worker is free";
    return `Interrupted${reason ? `: ${reason}` : ""}. Goes on ${next}`;
  },
  paused: () => "Paused",
  resumed: () => "Resumed",
  changed: ({ priority, by }) => `${by} gave it the priority ${priority}`,
  requested: ({ desired }) => ({ pause: "Asked to pause", cancel: "Asked to cancel" })[desired] ?? "Asked to go on",
  succeeded: () => "Done",
  failed: ({ reason, code }) => `Failed: ${reason}${code ? ` (${code})` : ""}`,
  cancelled: ({ reason }) => reason ?? "Cancelled",
};

// What an event's own sentence has said already.
const SAID = new Set(
  "attempt child code desired done kind outcome page reason retry_in_seconds school state step steps total".split(" "),
);

/** How a school's turn ended. */
function schoolWords(end) {
  const { school, school_id: id, outcome, reason } = end;
  const rest = figures(end, SAID);
  const sentence = `${school ?? `School ${id}`}: ${plain(outcome)}${reason ? `, ${reason}` : ""}`;
  return rest ? `${sentence} (${rest})` : sentence;
}

/** An event in words: its sentence, then whatever else its payload holds in plain values. */
export function eventWords({ kind, payload }) {
  const sentence = EVENTS[kind]?.(payload) ?? plain(kind);
  if (kind === "target") return sentence;
  const said = new Set(kind in EVENTS ? SAID : []);
  // Only of a page: a school's turn counts pages and rows that its sentence does not say.
  if (kind === "parted") said.add("shards").add("schools");
  if (kind === "page_read") said.add("pages").add("rows");
  const rest = figures(kind === "succeeded" ? payload.result : payload, said);
  return rest ? `${sentence} (${rest})` : sentence;
}

const RESULTS = {
  extract_schools: ({ schools }) => `${number(schools)} ${schools === 1 ? "school" : "schools"}`,
  discover_websites: ({ schools, outcomes }) => `${number(outcomes?.accepted ?? 0)} of ${number(schools)} found`,
  harvest_staff: ({ people }) => `${number(people)} ${people === 1 ? "person" : "people"}`,
  reextract_staff: ({ people, people_before }) => `${number(people)} people, before ${number(people_before)}`,
  export_leads: ({ rows }) => `${number(rows)} ${rows === 1 ? "lead" : "leads"}`,
};

/** What came of a step, or how much it went through where its result holds no figures. */
export function resultWords({ kind, result, done }) {
  const hasFigures = Number.isInteger(result?.schools ?? result?.rows);
  if (hasFigures && kind in RESULTS) return RESULTS[kind](result);
  return done > 0 && kind !== "pipeline" ? amount(kind, done, null) : "done";
}

/** The plain values of a payload as "pages 7, people 512". */
function figures(values, leftOut) {
  return Object.entries(values ?? {})
    .filter(([, value]) => ["number", "string"].includes(typeof value))
    .filter(([key]) => !leftOut.has(key) && !/(^|_)id$|^blob$/.test(key))
    .map(([key, value]) => `${plain(key)} ${typeof value === "number" ? number(value) : value}`)
    .join(", ");
}
