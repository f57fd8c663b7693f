// Keeps the page of a batch true while it is worked on, without moving the reader.
// Without this file the page reloads by itself.

const PAUSE = 2; // Seconds between two looks.
const SLOWEST = 30; // Where the server does not answer.

const batch = () => document.querySelector(".batch");

async function look(pause) {
  let next = PAUSE;
  try {
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(location.href, { cache: "no-store", signal });
    if (!answer.ok || answer.redirected) throw answer;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(page.querySelector(".batch"));
  } catch {
    next = Math.min(pause * 2, SLOWEST);
  }
  wait(next);
}

// The bar and the sentence keep their places, so that a screen reader says what has
// become of them; nothing else moves until the end.
function show(fresh) {
  const now = batch();
  now.querySelector("progress").value = fresh.querySelector("progress").value;
  const [told, says] = [now, fresh].map((page) => page.querySelector(".told"));
  if (told.textContent !== says.textContent) told.textContent = says.textContent;
  now.dataset.running = fresh.dataset.running;
  if (fresh.dataset.running === "oui") return;
  const held = now.querySelector("form")?.contains(document.activeElement);
  const advance = (page) => page.querySelector(".advance");
  while (advance(now).nextSibling) advance(now).nextSibling.remove();
  while (advance(fresh).nextSibling) now.append(advance(fresh).nextSibling);
  if (held) now.querySelector("a").focus(); // The button they were on is gone.
}

function wait(pause) {
  if (batch()?.dataset.running !== "oui") return;
  setTimeout(() => (document.hidden ? wait(pause) : look(pause)), pause * 1000);
}

wait(PAUSE);
