// Who uses the page: somebody who has signed in (a cookie that no script can read), or whoever has pasted a key.

import { Api } from "./api.js";

const $ = (id) => document.getElementById(id);

/** Somebody who is asked who they are: by one of three forms. */
export class SignIn {
  #api = new Api(null, () => {});
  #link = null;

  /** `onKey(key)` gets a pasted key, `onSession()` is called once somebody is signed in. */
  constructor({ onKey, onSession, say }) {
    this.say = (text) => say($("sign-in-error"), text);
    this.note = (text) => say($("sign-in-note"), text);
    this.#listen("key-form", async () => onKey($("key").value.trim()));
    this.#listen("sign-in-form", async () => {
      const [email, password] = [$("email").value, $("password").value];
      await this.#api.send("/auth/login", { email, password, cookie: true });
      $("password").value = "";
      onSession();
    });
    this.#listen("password-form", async () => {
      const [current, password] = [$("current-password").value, $("new-password").value];
      if (this.#link === null) {
        await this.#api.send("/me/password", { current, password });
        onSession();
      } else {
        await this.#api.send("/auth/password", { token: this.#link, password });
        this.ask();
        this.note("Your password is set. Sign in with it.");
      }
    });
  }

  /** Asks for an e-mail address and a password, or for a key. */
  ask(reason = "") {
    this.#show("sign-in-form", "Sign in", reason);
    $("other-way").hidden = false;
    $("email").focus();
  }

  /** Asks for a new password: by a one-time link, or with the one before. */
  askForPassword({ link = null, reason = "" } = {}) {
    this.#link = link;
    this.#show("password-form", "Choose a password", reason);
    $("other-way").hidden = true;
    $("current-field").hidden = link !== null;
    $("current-password").required = link === null;
    $(link === null ? "current-password" : "new-password").focus();
  }

  #show(shown, heading, reason) {
    $("sign-in").hidden = false;
    $("starting").hidden = true;
    for (const id of ["sign-in-form", "password-form"]) $(id).hidden = id !== shown;
    $("sign-in-heading").textContent = heading;
    this.say(reason);
    this.note("");
  }

  #listen(id, act) {
    $(id).addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = $(id).querySelector("button[type=submit]");
      button.disabled = true;
      this.say("");
      try {
        await act();
      } catch (error) {
        this.say(error.message);
      } finally {
        button.disabled = false;
      }
    });
  }
}

/** Ends the session; an error is told by the next sign-in, which it does not hinder. */
export async function signOut() {
  await new Api(null, () => {}).send("/auth/logout").catch((error) => console.warn("not signed out", error));
}
