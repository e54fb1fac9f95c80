// The names of documents, which jobs know only by their ids: each is asked for once.

const names = new Map();

/** The name of a document's file; empty where there is none to tell. */
export function documentName(api, id) {
  if (!id) return Promise.resolve("");
  if (!names.has(id)) names.set(id, askName(api, id));
  return names.get(id);
}

async function askName(api, id) {
  try {
    return (await api.get(`/documents/${encodeURIComponent(id)}`)).filename;
  } catch {
    names.delete(id); // The next card that needs it asks again.
    return "";
  }
}
