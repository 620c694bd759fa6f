// `/` searches, `j` and `k` go through a list or a conversation, `?` tells of all keys.
export function keys() {
  const help = document.querySelector(".help");
  const open = document.querySelector("[data-help-open]");
  open.hidden = false;
  open.onclick = () => help.showModal();
  let chosen = -1;

  function choose(step) {
    const rows = [...document.querySelectorAll("[data-list] .row, .entry")];
    if (!rows.length) return;
    rows[chosen]?.removeAttribute("data-chosen");
    chosen = Math.min(Math.max(chosen + step, 0), rows.length - 1);
    rows[chosen].setAttribute("data-chosen", "");
    rows[chosen].scrollIntoView({ block: "nearest" });
    if (rows[chosen].matches("a")) rows[chosen].focus({ preventScroll: true });
  }

  function foldAll() {
    const folds = [...document.querySelectorAll(".conversation details")];
    const opens = folds.some((each) => !each.open);
    for (const each of folds) each.open = opens;
  }

  const actions = {
    "/": () => document.getElementById("find").focus(),
    "?": () => help.showModal(),
    j: () => choose(1),
    k: () => choose(-1),
    o: foldAll,
    g: () => scrollTo({ top: 0 }),
    G: () => scrollTo({ top: document.documentElement.scrollHeight }),
  };

  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (isTyping) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
