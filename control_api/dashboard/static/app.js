// The page: asks who is there, then joins the feed of events to the jobs and the tables.

import { Api } from "./api.js";
import { Jobs } from "./jobs.js";
import { say } from "./markup.js";
import { paced } from "./pace.js";
import { Review } from "./review.js";
import { forget, forgetAll, pageWord, recall, remember } from "./session.js";
import { SignIn, signOut } from "./sign_in.js";
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

const door = new SignIn({ say, onKey: begin, onSession: () => begin(null) });

/** `#key=…` or `#password=…`, which then leaves the address bar, so that it is neither bookmarked nor shared. */
function takeFromAddress(name) {
  const value = new URLSearchParams(location.hash.slice(1)).get(name);
  if (value) history.replaceState(null, "", location.pathname + location.search);
  return value;
}

/** Begins with a key, or (null) with the session's cookie; asks again where the server accepts neither. */
async function begin(key) {
  try {
    await new Api(key, () => {}).get("/jobs", { limit: 1 });
  } catch (error) {
    if (error.code === "PASSWORD_MUST_CHANGE") {
      door.askForPassword({ reason: "Choose another password before you go on." });
      return;
    }
    if ([401, 403].includes(error.status)) {
      forget(KEY);
      door.ask(error.message);
      return;
    }
    // The key may be right and the server away for a moment: the feed goes on trying and says so.
  }
  if (key !== null) remember(KEY, key);
  openWorkspace(key);
}

/** Signs out and forgets the key. The page starts anew, so that nothing of the organization stays on it. */
async function leave(key, reason = "") {
  if (key === null && !reason) await signOut();
  forgetAll();
  remember(REASON, reason);
  location.reload();
}

function openWorkspace(key) {
  $("sign-in").hidden = $("starting").hidden = true;
  $("workspace").hidden = $("session").hidden = false;
  const api = new Api(key, (error) => leave(key, error.message));
  $("sign-out").addEventListener("click", () => leave(key));
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

addEventListener("hashchange", () => {
  if (/^#(key|password)=/.test(location.hash)) location.reload();
});
// A page out of the back-forward cache has lost its feed.
addEventListener("pageshow", (event) => event.persisted && location.reload());

const link = takeFromAddress("password");
const key = takeFromAddress("key") ?? recall(KEY);
if (link) door.askForPassword({ link });
else if (key) begin(key);
else if (pageWord() && !recall(REASON)) begin(null);
else door.ask(recall(REASON) ?? "");
forget(REASON);
