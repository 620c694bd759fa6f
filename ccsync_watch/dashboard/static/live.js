// A running session grows on the page: what the server sends is appended.
export function follow(enhance) {
  const list = document.querySelector("[data-conversation][data-source]");
  if (!list) return;
  const label = document.querySelector("[data-live]");
  const button = document.querySelector("[data-newer]");
  const address = new URL(list.dataset.source, location);
  const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const scrollToEnd = () => scrollTo({ top: document.documentElement.scrollHeight });
  // A session that ended is followed, as it may be resumed, but it is not running.
  const runningMs = 10 * 60_000;
  let quiet = label.hidden ? null : setTimeout(stopRunning, runningMs);
  let source = null;

  function stopRunning() { label.hidden = true; quiet = null; }

  function showRunning() {
    clearTimeout(quiet);
    quiet = setTimeout(stopRunning, runningMs);
    label.hidden = false;
  }

  // A browser opens six connections to a host at most: hidden pages must not hold them all.
  function close() {
    source?.close();
    source = null;
    delete list.dataset.following;
    label.hidden = true;
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.onopen = () => {
      list.dataset.following = "";
      label.hidden = quiet === null;
    };
    source.onerror = () => {
      delete list.dataset.following;
      label.hidden = true;
    };
    source.onmessage = append;
  }

  // The client writes a response row by row: what continues the last card is shown in it.
  function continueCard(content) {
    const last = [...list.querySelectorAll(".entry")].at(-1);
    const next = content.querySelector(".entry");
    const response = next?.dataset.response;
    if (!response || last?.dataset.response !== response) return;
    const part = document.createElement("div");
    part.className = "part";
    part.id = next.id;
    part.dataset.seq = next.dataset.seq;
    const copy = last.querySelector("[data-copy]");
    copy.dataset.copy += ` ${next.querySelector("[data-copy]").dataset.copy}`;
    next.querySelector("header").remove();
    part.append(...next.childNodes);
    enhance(part);
    if (!next.classList.contains("of-calls")) last.classList.remove("of-calls");
    last.append(part);
    next.remove();
  }

  function append(event) {
    address.searchParams.set("after", event.lastEventId);
    showRunning();
    const wasAtEnd = isAtEnd();
    const template = document.createElement("template");
    template.innerHTML = JSON.parse(event.data);
    for (const entry of [...template.content.querySelectorAll(".entry")]) {
      if (document.getElementById(entry.id)) entry.remove();
      else entry.classList.add("fresh");
    }
    continueCard(template.content);
    enhance(template.content);
    list.append(template.content);
    document.querySelector(".empty")?.remove();
    if (wasAtEnd) scrollToEnd();
    else button.hidden = false;
  }

  // What is running is read at its end, unless the address names another place.
  if (!label.hidden && !location.search && !location.hash) scrollToEnd();
  button.onclick = () => { scrollToEnd(); button.hidden = true; };
  addEventListener("scroll", () => { if (isAtEnd()) button.hidden = true; }, { passive: true });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}
