// Show where the words are that were searched for in a conversation: unfold them, and mark them.
const MOST = 2000;

export function showMatches() {
  const conversation = document.querySelector("[data-found]");
  if (!conversation) return;
  const words = JSON.parse(conversation.dataset.found);
  const named = conversation.querySelector(".named");
  const ranges = find(conversation, words);
  const own = named ? ranges.filter((range) => named.contains(range.startContainer)) : [];
  const shown = own.find((range) => !folds(range).length) ?? own[0];
  if (shown) for (const fold of folds(shown)) fold.open = true;
  if (window.CSS?.highlights) CSS.highlights.set("found", new Highlight(...ranges));
  (shown?.startContainer.parentElement ?? named)?.scrollIntoView({ block: "center" });
}

function folds(range) {
  const closed = [];
  let fold = range.startContainer.parentElement.closest("details:not([open])");
  while (fold) {
    if (!range.startContainer.parentElement.closest("summary")) closed.push(fold);
    fold = fold.parentElement.closest("details:not([open])");
  }
  return closed;
}

function find(root, words) {
  if (!words.length) return [];
  const pattern = new RegExp(words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "giu");
  const ranges = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode() && ranges.length < MOST) {
    for (const match of texts.currentNode.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(texts.currentNode, match.index);
      range.setEnd(texts.currentNode, match.index + match[0].length);
      ranges.push(range);
    }
  }
  return ranges;
}
