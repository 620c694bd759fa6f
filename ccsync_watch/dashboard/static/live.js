// A running session grows on the page: what the server sends is put at the end.
export function follow(dress) {
  const list = document.querySelector("[data-conversation][data-source]");
  if (!list) return;
  const sign = document.querySelector("[data-live]");
  const button = document.querySelector("[data-newer]");
  const address = new URL(list.dataset.source, location);
  const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });
  let source = null;

  // A browser keeps six connections to a host: pages that nobody sees must not hold them all.
  function close() {
    source?.close();
    source = null;
    sign.hidden = true;
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.onopen = () => { sign.hidden = false; };
    source.onerror = () => { sign.hidden = true; };
    source.onmessage = add;
  }

  function add(event) {
    address.searchParams.set("after", event.lastEventId);
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
  }

  button.onclick = () => { toEnd(); button.hidden = true; };
  addEventListener("scroll", () => { if (isAtEnd()) button.hidden = true; }, { passive: true });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}
