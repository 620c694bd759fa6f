// `/` and Ctrl+K search, `j` and `k` select in a list or a conversation, `n` and `p` go from prompt to prompt.
export function keys() {
  const help = document.querySelector(".help");
  const openButton = document.querySelector("[data-help-open]");
  openButton.hidden = false;
  openButton.onclick = () => help.showModal();
  const top = () => document.querySelector(".topbar").getBoundingClientRect().bottom;

  function isVisible(row) {
    const box = row.getBoundingClientRect();
    return box.bottom > top() && box.top < innerHeight;
  }

  // What is in a fold that is closed has a place all the same.
  function isShown(row) {
    return row.checkVisibility ? row.checkVisibility() : row.offsetParent !== null;
  }

  // From the selected row, or from what the reader sees if they scrolled away from it.
  function select(step, selector) {
    const rows = [...document.querySelectorAll(selector)].filter(isShown);
    if (!rows.length) return false;
    const current = document.querySelector("[data-selected]");
    let at = rows.indexOf(current);
    if (at >= 0 && isVisible(current)) at += step;
    else {
      const from = current && isVisible(current) ? current.getBoundingClientRect().top : top();
      const next = rows.findIndex((row) => row.getBoundingClientRect().top >= from - 1);
      if (step > 0) at = next < 0 ? rows.length : next;
      else at = (next < 0 ? rows.length : next) - 1;
    }
    if (at < 0 || at >= rows.length) return false;
    current?.removeAttribute("data-selected");
    const row = rows[at];
    row.setAttribute("data-selected", "");
    if (!row.matches("a")) row.tabIndex = -1;
    row.focus({ preventScroll: true });
    const isFitting = row.offsetHeight < innerHeight - top();
    row.scrollIntoView({ block: isFitting ? "nearest" : "start" });
    return true;
  }

  function selectPrompt(step) {
    if (select(step, ".entry.kind-prompt")) return;
    const link = document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]");
    link?.click();
  }

  // Of a link the browser itself opens it.
  function unfold() {
    const row = document.querySelector("[data-selected]");
    if (!row || document.activeElement !== row) return false;
    if (row.matches(".run")) {
      row.open = !row.open;
      return true;
    }
    const folds = [...row.querySelectorAll("details:not(.raw)")];
    const isOpening = folds.some((fold) => !fold.open);
    for (const fold of folds) fold.open = isOpening;
    return folds.length > 0;
  }

  function foldAll() {
    const folds = [...document.querySelectorAll(".conversation details:not(.raw)")];
    const isOpening = folds.some((fold) => !fold.open);
    for (const fold of folds) fold.open = isOpening;
  }

  // A second time where there is nothing more to scroll: to the first or last page.
  function jump(top, link) {
    const before = scrollY;
    scrollTo({ top });
    if (scrollY === before) document.querySelector(link)?.click();
  }

  function search() {
    const field = document.getElementById("search-input");
    field?.focus();
    field?.select();
  }

  const rows = "[data-list] .row, [data-row], .entry, .run:not([open])";
  const failed = ".entry:has(.call.failed), .entry.kind-api_error";
  const actions = {
    "/": search,
    "?": () => help.showModal(),
    j: () => select(1, rows),
    k: () => select(-1, rows),
    n: () => selectPrompt(1),
    p: () => selectPrompt(-1),
    Enter: unfold,
    o: foldAll,
    e: () => select(1, failed),
    g: () => jump(0, "[data-first]"),
    G: () => jump(document.documentElement.scrollHeight, "[data-last-page]"),
  };

  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
    const isSearch = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (isSearch && !event.altKey && !event.shiftKey && !help.open) {
      event.preventDefault();
      search();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (isTyping) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = actions[event.key];
    if (!act || (event.key === "Enter" && !document.activeElement.matches(".entry, .run"))) return;
    event.preventDefault();
    act();
  });
}
