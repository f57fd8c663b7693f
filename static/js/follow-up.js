// Keeps the page of a submission true while it is under way, without moving the reader.
// The server says what there is to say and how soon to ask again (leads/follow_up.py);
// without this file the page reloads by itself.

const SLOWEST = 30; // Seconds between two looks, however long it lasts.
const PATIENCE = 10; // Seconds that an answer may take.

const now = () => document.querySelector(".follow-up");
const state = (page) => page.querySelector(".state");

async function look(pause) {
  let next = Math.min(pause * 1.25, SLOWEST);
  try {
    const signal = AbortSignal.timeout(PATIENCE * 1000);
    const answer = await fetch(location.href, { cache: "no-store", signal });
    if (!answer.ok) throw answer;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(".follow-up");
    // Nothing is pulled from under somebody who is typing or about to press.
    const typed = [...now().querySelectorAll("input:not([type=hidden])")].some((i) => i.value);
    const busy = typed || now().contains(document.activeElement);
    if (!busy && state(fresh).dataset.state !== state(now()).dataset.state) {
      show(fresh);
      next = Number(fresh.dataset.refresh);
    }
  } catch {
    next = SLOWEST; // Away for a moment: what is shown was true.
  }
  wait(next);
}

// The sentence that tells the state is a live region: it keeps its place, so that a
// screen reader says what has become of it. All that follows it is changed at once.
function show(fresh) {
  const [told, says] = [now(), fresh].map(state);
  told.dataset.state = says.dataset.state;
  told.replaceChildren(...says.childNodes);
  while (told.nextSibling) told.nextSibling.remove();
  while (says.nextSibling) now().append(says.nextSibling);
  now().dataset.refresh = fresh.dataset.refresh ?? "";
  offerToCopy();
}

function offerToCopy() {
  const button = document.querySelector("[data-copies]");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.onclick = async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
    button.textContent = button.dataset.copied;
  };
}

function wait(pause) {
  if (!now()?.dataset.refresh) return;
  const due = () => (document.hidden ? wait(pause) : look(pause));
  setTimeout(due, pause * 1000);
}

offerToCopy();
wait(Number(now()?.dataset.refresh));
