// Pointing at a verdict shows its block on the page, and pointing at a block its verdict.

const lit = new Set();

const numbersAt = (target) => {
  const part = target.closest?.("[data-verdict], [data-block]");
  return (part?.dataset.verdict ?? part?.dataset.block ?? "").split(" ").filter(Boolean);
};
const partsOf = (numbers) =>
  numbers.flatMap((number) => [...document.querySelectorAll(`main [data-block~="${number}"], aside [data-verdict="${number}"]`)]);

function light(event) {
  for (const part of lit) part.classList.remove("lit");
  lit.clear();
  for (const part of partsOf(numbersAt(event.target))) {
    part.classList.add("lit");
    lit.add(part);
  }
}

// What is pointed at stays where it is; its counterpart comes into view.
function bring(event) {
  const [number] = numbersAt(event.target);
  if (!number) return;
  const other = event.target.closest("aside") ? `main [data-block~="${number}"]` : `aside [data-verdict="${number}"]`;
  document.querySelector(other)?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("pointerover", light);
for (const kind of ["focusin", "click"]) {
  document.addEventListener(kind, light);
  document.addEventListener(kind, bring);
}

// The arrows go from verdict to verdict.
document.addEventListener("keydown", (event) => {
  const verdict = event.target.closest?.("aside [data-verdict]");
  const next = { ArrowDown: verdict?.nextElementSibling, ArrowUp: verdict?.previousElementSibling }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
