// The page: asks for the key, then joins the feed of events to the jobs and the tables.

import { Api } from "./api.js";
import { Jobs } from "./jobs.js";
import { say } from "./markup.js";
import { paced } from "./pace.js";
import { Review } from "./review.js";
import { forget, forgetAll, recall, remember } from "./session.js";
import { follow } from "./sse.js";
import { peopleTable, schoolsTable } from "./tables.js";
import { prepareUpload } from "./upload.js";

const KEY = "title1.key";
const REASON = "title1.reason";
const CONNECTION = {
  connecting: "Connecting …",
  live: "Live",
  retrying: "Connection lost, trying again …",
  refused: "No live updates",
};
const $ = (id) => document.getElementById(id);

/** The key out of `#key=…`, which then leaves the address bar, so that it is neither bookmarked nor shared. */
function takeKeyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return false;
  history.replaceState(null, "", location.pathname + location.search);
  remember(KEY, key);
  return true;
}

function askForKey(reason = "") {
  $("sign-in").hidden = false;
  $("starting").hidden = true;
  say($("sign-in-error"), reason);
  $("key").setAttribute("aria-invalid", String(reason !== ""));
  $("key").focus();
}

/** Begins with a key, or asks for another one where the server does not accept it. */
async function begin(key) {
  try {
    await new Api(key, () => {}).get("/jobs", { limit: 1 });
  } catch (error) {
    if ([401, 403].includes(error.status)) {
      forget(KEY);
      askForKey(error.message);
      return;
    }
    // The key may be right and the server away for a moment: the feed goes on trying and says so.
  }
  remember(KEY, key);
  openWorkspace(key);
}

/** Forgets the key. The page starts anew, so that nothing of the organization stays on it. */
function leave(reason = "") {
  forgetAll();
  remember(REASON, reason);
  location.reload();
}

function openWorkspace(key) {
  $("sign-in").hidden = $("starting").hidden = true;
  $("workspace").hidden = $("session").hidden = false;
  const api = new Api(key, (error) => leave(error.message));
  const tables = [schoolsTable(api), peopleTable(api)];
  const announce = (text) => say($("announcer"), text);
  const review = new Review(api, { announce, onDecided: () => tables[0].refresh() });
  const refreshTables = () => [...tables, review].forEach((part) => part.refresh());
  const jobs = new Jobs(api, {
    announce,
    onFound: paced(refreshTables, 5000),
    onEnded: refreshTables,
  });
  prepareUpload(api, (job) => jobs.show(job));

  const leaving = new AbortController();
  addEventListener("pagehide", () => leaving.abort());
  follow((lastId, signal) => api.stream("/events", lastId, signal), {
    signal: leaving.signal,
    onEvent: ({ data }) => jobs.apply(JSON.parse(data)),
    onState: (state) => {
      $("connection").dataset.state = state;
      say($("connection"), CONNECTION[state]);
      // Read after the feed has begun, so that nothing falls between the lists and the feed.
      if (state === "live") {
        jobs.load();
        refreshTables();
      }
    },
  });
}

$("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  begin($("key").value.trim());
});
$("sign-out").addEventListener("click", () => leave());
addEventListener("hashchange", () => {
  if (takeKeyFromAddress()) location.reload();
});
// A page out of the back-forward cache has lost its feed.
addEventListener("pageshow", (event) => event.persisted && location.reload());

takeKeyFromAddress();
const key = recall(KEY);
if (key) begin(key);
else askForKey(recall(REASON) ?? "");
forget(REASON);
