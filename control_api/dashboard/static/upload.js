// Uploading: a chosen or dropped PDF is sent, then its pipeline is asked for, at once.

import { element } from "./markup.js";
import { fileSize, number } from "./words.js";

/** Makes the form work; `onStarted(job)` gets each pipeline that was accepted. */
export function prepareUpload(api, onStarted) {
  const form = document.querySelector("#upload-form");
  const drop = document.querySelector("#drop");
  const input = document.querySelector("#file");
  const send = (files) => sendAll(api, [...files], form.elements.state.value || null, onStarted);

  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", async () => {
    await send(input.files);
    // The same file can be chosen again.
    input.value = "";
  });
  // Beside the zone a dropped file would replace this page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, () => drop.classList.add("over"));
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => send(event.dataTransfer.files));
}

async function sendAll(api, files, state, onStarted) {
  const list = document.querySelector("#uploads");
  const sent = files.map((file) => {
    const note = element("span", { class: "upload-note" }, "Waiting for its turn …");
    const line = element("li", {}, element("strong", {}, file.name), ` ${fileSize(file.size)} `, note);
    return { file, note, line };
  });
  list.replaceChildren(...sent.map(({ line }) => line));
  for (const { file, note, line } of sent) {
    try {
      await sendOne(api, file, state, note, onStarted);
      line.dataset.state = "done";
    } catch (error) {
      note.textContent = error.message;
      line.dataset.state = "failed";
    }
  }
}

async function sendOne(api, file, state, note, onStarted) {
  note.textContent = "Uploading …";
  const uploaded = await api.upload(file);
  note.textContent = "Uploaded. Starting …";
  onStarted(await api.startJob("pipeline", { document_id: uploaded.id, state }));
  const { pages } = uploaded;
  note.textContent = `${number(pages)} ${pages === 1 ? "page" : "pages"}. Work has started.`;
}
