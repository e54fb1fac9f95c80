// What this tab remembers until it is closed. Where the browser refuses storage, until the page is left.

const memory = new Map();
const WORD_COOKIE = /(?:^|; )(?:__Host-)?title1_csrf=([0-9a-f]+)/;

/** The word that proves that a request comes from this page; there is one while somebody is signed in by a cookie. */
export const pageWord = () => WORD_COOKIE.exec(document.cookie)?.[1] ?? null;

export function remember(name, value) {
  memory.set(name, value);
  tryStorage((storage) => storage.setItem(name, value));
}

export function recall(name) {
  return tryStorage((storage) => storage.getItem(name)) ?? memory.get(name) ?? null;
}

export function forget(name) {
  memory.delete(name);
  tryStorage((storage) => storage.removeItem(name));
}

export function forgetAll() {
  memory.clear();
  tryStorage((storage) => storage.clear());
}

function tryStorage(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null; // Refused by the browser's settings, or full.
  }
}
