// Everything here is a convenience: each page can be read and used without scripts.
import { follow } from "./live.js";
import { keys } from "./keys.js";
import { tips } from "./tips.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function localTimes(root) {
  const formats = {
    date: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
    time: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
  };
  for (const element of all("time[datetime]", root)) {
    const at = new Date(element.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = formats[element.dataset.format ?? "date"].format(at);
    element.title = formats.date.format(at);
  }
}

function copyButtons(root) {
  for (const button of all("[data-copy]", root)) {
    button.hidden = false;
    button.onclick = async () => {
      const entry = button.closest(".entry");
      const texts = all(".prose, .arguments, .output", entry).map((part) => part.innerText);
      await navigator.clipboard.writeText(texts.join("\n\n"));
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1200);
    };
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

enhance(document);
themeSwitch();
tips();
keys();
follow(enhance);
if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 1000);
