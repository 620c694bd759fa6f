// A running session grows on the page: what the server sends is put at the end.
export function follow(dress) {
  const list = document.querySelector("[data-conversation][data-source]");
  if (!list) return;
  const sign = document.querySelector("[data-live]");
  const button = document.querySelector("[data-newer]");
  const source = new EventSource(list.dataset.source);
  const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

  source.onopen = () => { sign.hidden = false; };
  source.onerror = () => { sign.hidden = true; };
  source.onmessage = (event) => {
    const follows = isAtEnd();
    const made = document.createElement("template");
    made.innerHTML = JSON.parse(event.data);
    for (const entry of [...made.content.querySelectorAll(".entry")]) {
      if (document.getElementById(entry.id)) entry.remove();
      else entry.classList.add("fresh");
    }
    dress(made.content);
    list.append(made.content);
    document.querySelector(".empty")?.remove();
    if (follows) toEnd();
    else button.hidden = false;
  };
  button.onclick = () => { toEnd(); button.hidden = true; };
  addEventListener("scroll", () => { if (isAtEnd()) button.hidden = true; }, { passive: true });
  addEventListener("pagehide", () => source.close());
}
