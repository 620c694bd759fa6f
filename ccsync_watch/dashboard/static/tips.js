// Show the title of a chart's mark at once: the browser would wait a second.
export function tips() {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  for (const title of document.querySelectorAll(".chart title")) {
    const shape = title.parentElement;
    shape.dataset.tip = title.textContent;
    if (shape.closest("a")) title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const text = event.target.closest?.("[data-tip]")?.dataset.tip;
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    tip.style.setProperty("left", `${left}px`);
    tip.style.setProperty("top", `${event.clientY + 16}px`);
  }, { passive: true });
}
