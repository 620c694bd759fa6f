// `/` searches, `j` and `k` select in a list or a conversation, `?` shows all keys.
export function keys() {
  const help = document.querySelector(".help");
  const openButton = document.querySelector("[data-help-open]");
  openButton.hidden = false;
  openButton.onclick = () => help.showModal();
  let selected = -1;

  function select(step) {
    const rows = [...document.querySelectorAll("[data-list] .row, .entry")];
    if (!rows.length) return;
    rows[selected]?.removeAttribute("data-selected");
    selected = Math.min(Math.max(selected + step, 0), rows.length - 1);
    rows[selected].setAttribute("data-selected", "");
    rows[selected].scrollIntoView({ block: "nearest" });
    if (rows[selected].matches("a")) rows[selected].focus({ preventScroll: true });
  }

  function foldAll() {
    const folds = [...document.querySelectorAll(".conversation details")];
    const isOpening = folds.some((fold) => !fold.open);
    for (const fold of folds) fold.open = isOpening;
  }

  const actions = {
    "/": () => document.getElementById("search-input").focus(),
    "?": () => help.showModal(),
    j: () => select(1),
    k: () => select(-1),
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
