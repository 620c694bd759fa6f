// Everything here is a convenience: each page can be read and used without it.
import { follow } from "./live.js";
import { keys } from "./keys.js";
import { tips } from "./tips.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function times(root = document) {
  const forms = {
    moment: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
    clock: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
  };
  for (const each of all("time[datetime]", root)) {
    const at = new Date(each.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) continue;
    each.textContent = forms[each.dataset.form ?? "moment"].format(at);
    each.title = forms.moment.format(at);
  }
}

function copies(root = document) {
  for (const button of all("[data-copy]", root)) {
    button.hidden = false;
    button.onclick = async () => {
      const entry = button.closest(".entry");
      const texts = all(".prose, .arguments, .output", entry).map((each) => each.innerText);
      await navigator.clipboard.writeText(texts.join("\n\n"));
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1200);
    };
  }
}

function theme() {
  const button = document.querySelector("[data-theme-switch]");
  button.hidden = false;
  button.onclick = () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const now = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    root.dataset.theme = now;
    try { localStorage.setItem("theme", now); } catch { /* it holds for this page */ }
  };
}

function dress(root) {
  times(root);
  copies(root);
}

dress(document);
theme();
tips();
keys();
follow(dress);
if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 1000);
