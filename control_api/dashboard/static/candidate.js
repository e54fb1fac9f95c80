// A candidate for a school's website, with what speaks for and against it.

import { chip, element, webLink } from "./markup.js";
import { number, plain, websiteWords } from "./words.js";

const signed = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero", maximumFractionDigits: 2 });

/** Shows a candidate; what is given behind it, such as buttons, stands at its end. */
export function candidate({ url, score, state, provider, signals = [], decided_by: by }, ...more) {
  const reason = ({ name, weight, detail }) =>
    element(
      "li",
      { "data-sign": Math.sign(weight) },
      element("span", { class: "weight" }, signed.format(weight)),
      element("span", {}, plain(name), element("span", { class: "beneath" }, detail)),
    );
  return element(
    "div",
    { class: "candidate" },
    element("p", {}, webLink(url), " ", chip(...websiteWords(state))),
    element("p", { class: "hint" }, `Score ${number(score)}, named by ${plain(provider)}${by ? `; decided by ${by}` : ""}`),
    element("ul", { class: "signals", role: "list" }, ...signals.map(reason)),
    ...more,
  );
}
