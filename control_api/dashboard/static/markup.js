// Builds the page's elements. Every text goes in as a text node, so that what was read on a website stays text here.

/** Makes an element; properties that are undefined or null are left out, `true` sets an attribute without a value. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return made;
}

/** A link to a harvested address, or its text where it is no web address (`javascript:` and the like are not links). */
export function webLink(address, text) {
  const url = webAddress(address);
  if (!url) return element("span", {}, text ?? String(address));
  const shown = text ?? hostOf(address) + url.pathname.replace(/\/$/, "");
  return element("a", { href: url.href, rel: "noopener nofollow", target: "_blank", title: url.href }, shown);
}

/** The host of a web address without its `www.`, or the text itself where it is none. */
export const hostOf = (address) => webAddress(address)?.host.replace(/^www\./, "") ?? String(address);

function webAddress(address) {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}

/** Sets a text only where it changed: live regions would read the same words again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const chip = (words, tone) => element("span", { class: "chip", "data-tone": tone }, words);
