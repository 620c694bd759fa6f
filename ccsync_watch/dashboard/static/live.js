// A running session grows on the page: what the server sends is appended.
export function follow(enhance) {
  const list = document.querySelector("[data-conversation][data-source]");
  if (!list) return;
  const label = document.querySelector("[data-live]");
  const button = document.querySelector("[data-newer]");
  const address = new URL(list.dataset.source, location);
  const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const scrollToEnd = () => scrollTo({ top: document.documentElement.scrollHeight });
  let source = null;

  // A browser opens six connections to a host at most: hidden pages must not hold them all.
  function close() {
    source?.close();
    source = null;
    label.hidden = true;
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.onopen = () => { label.hidden = false; };
    source.onerror = () => { label.hidden = true; };
    source.onmessage = append;
  }

  function append(event) {
    address.searchParams.set("after", event.lastEventId);
    const wasAtEnd = isAtEnd();
    const template = document.createElement("template");
    template.innerHTML = JSON.parse(event.data);
    for (const entry of [...template.content.querySelectorAll(".entry")]) {
      if (document.getElementById(entry.id)) entry.remove();
      else entry.classList.add("fresh");
    }
    enhance(template.content);
    list.append(template.content);
    document.querySelector(".empty")?.remove();
    if (wasAtEnd) scrollToEnd();
    else button.hidden = false;
  }

  button.onclick = () => { scrollToEnd(); button.hidden = true; };
  addEventListener("scroll", () => { if (isAtEnd()) button.hidden = true; }, { passive: true });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}
