// Everything here is a convenience: each page can be read and used without scripts.
import { charts } from "./charts.js";
import { follow } from "./live.js";
import { showMatches } from "./matches.js";
import { keys } from "./keys.js";
import { followList } from "./list.js";
import { tips } from "./tips.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function localTimes(root) {
  const formats = {
    day: new Intl.DateTimeFormat(undefined, { dateStyle: "full" }),
    date: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
    time: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
    minute: new Intl.DateTimeFormat(undefined, { timeStyle: "short" }),
  };
  for (const element of all("time[datetime]", root)) {
    const at = new Date(element.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = formats[element.dataset.format ?? "date"].format(at);
    if (element.dataset.format !== "day") element.title = formats.date.format(at);
  }
}

function copyOnClick(button, text) {
  const label = button.textContent;
  button.hidden = false;
  button.onclick = async () => {
    await navigator.clipboard.writeText(await text());
    button.textContent = "copied";
    setTimeout(() => { button.textContent = label; }, 1200);
  };
}

function copyButtons(root) {
  for (const shown of all(".resume", root)) shown.hidden = true;
  for (const button of all("[data-copy-text]", root)) {
    copyOnClick(button, () => button.dataset.copyText);
  }
  // The source of a message, of which the page shows what Markdown makes of it.
  for (const button of all("[data-copy]", root)) {
    copyOnClick(button, async () => {
      const parts = button.dataset.copy.split(" ").map(async (address) => (await fetch(address)).text());
      return (await Promise.all(parts)).join("\n");
    });
  }
  for (const block of all(".prose pre", root)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain copy-block";
    button.textContent = "copy";
    button.setAttribute("aria-label", "Copy this block");
    const frame = document.createElement("div");
    frame.className = "code-block";
    block.replaceWith(frame);
    frame.append(block, button);
    copyOnClick(button, () => block.textContent);
  }
}

function themeSwitch() {
  const button = document.querySelector("[data-theme-switch]");
  button.hidden = false;
  button.onclick = () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* it applies to this page only */ }
  };
}

function enhance(root) {
  localTimes(root);
  copyButtons(root);
}

// Paper has nothing to unfold.
function unfoldForPrint() {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("main details:not([open]):not(.raw)");
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });
}

function outline() {
  const list = document.querySelector("[data-outline]");
  if (!list) return;
  if (matchMedia("(max-width: 1100px)").matches) list.open = false;
  const links = new Map(all("a", list).map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const seen = new IntersectionObserver((changes) => {
    for (const change of changes) {
      const link = links.get(change.target.id);
      if (!change.isIntersecting || !link) continue;
      list.querySelector("[aria-current]")?.removeAttribute("aria-current");
      link.setAttribute("aria-current", "location");
    }
  }, { rootMargin: "-10% 0px -70% 0px" });
  for (const entry of all(".entry")) if (links.has(entry.id)) seen.observe(entry);
}

// On a phone what is not used is out of the way.
function foldFilters() {
  const filters = document.querySelector("[data-narrow-fold]");
  if (filters && !filters.dataset.narrowFold && matchMedia("(max-width: 720px)").matches) filters.open = false;
}

enhance(document);
themeSwitch();
foldFilters();
unfoldForPrint();
outline();
// What a link names may be in a fold.
function reveal() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = named?.closest("details:not([open])"); fold; ) {
    fold.open = true;
    fold = fold.parentElement.closest("details:not([open])");
    named.scrollIntoView();
  }
}
if (location.hash) reveal();
addEventListener("hashchange", reveal);
// A link that lost its fragment, as one-time links do, still names its message.
if (!location.hash) document.querySelector(".entry.named")?.scrollIntoView();
showMatches();
tips();
charts();
keys();
follow(enhance);
followList(enhance);
const waiting = document.querySelector("[data-reload]");
if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.reload));
