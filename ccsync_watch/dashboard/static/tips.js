// What a mark of a chart stands for, at once and not after a second.
export function tips() {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  for (const mark of document.querySelectorAll(".chart title")) {
    const shape = mark.parentElement;
    shape.dataset.tip = mark.textContent;
    if (shape.closest("a")) mark.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const told = event.target.closest?.("[data-tip]")?.dataset.tip;
    tip.hidden = !told;
    if (!told) return;
    tip.textContent = told;
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    tip.style.setProperty("left", `${left}px`);
    tip.style.setProperty("top", `${event.clientY + 16}px`);
  }, { passive: true });
}
