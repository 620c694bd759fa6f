// In a chart the Tab key reaches one mark; the arrow keys go to the others.
export function charts() {
  for (const chart of document.querySelectorAll(".chart svg")) {
    const links = [...chart.querySelectorAll("a")];
    if (!links.some((link) => link.getAttribute("tabindex") === "-1")) continue;
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const at = links.indexOf(document.activeElement);
      const next = links[at + (step ?? 0)];
      if (!step || at < 0 || !next) return;
      event.preventDefault();
      links[at].setAttribute("tabindex", "-1");
      next.removeAttribute("tabindex");
      next.focus();
    });
  }
}
