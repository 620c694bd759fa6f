// The list of sessions follows the store: the page asks for itself again, and its list is replaced.
const pauseMs = 1500;
const agesMs = 60_000;

export function followList(enhance) {
  let list = document.querySelector("[data-changes]");
  if (!list) return;
  let source = null;
  let timer = null;

  async function refresh() {
    timer = null;
    if (document.hidden || !source) return;
    const response = await fetch(location.href);
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector("[data-changes]");
    if (!next) return;
    const address = (row) => row?.getAttribute("href");
    const selected = address(list.querySelector("[data-selected]"));
    const focused = address(document.activeElement?.closest?.(".row"));
    for (const row of next.querySelectorAll(".row")) {
      if (address(row) === selected) row.setAttribute("data-selected", "");
    }
    list.replaceWith(document.adoptNode(next));
    list = next;
    enhance(list);
    const row = [...list.querySelectorAll(".row")].find((one) => address(one) === focused);
    if (focused) row?.focus({ preventScroll: true });
  }

  function later(waitMs) {
    timer ??= setTimeout(refresh, waitMs);
  }

  function close() {
    source?.close();
    source = null;
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(list.dataset.changes);
    source.onmessage = () => later(pauseMs);
  }

  setInterval(() => later(0), agesMs);
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}
