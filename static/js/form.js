// The form's enhancements. The server checks all of it again, in the same words:
// they come from the page (leads/forms.py), never from here.

const form = document.querySelector("form.form");
const button = form?.querySelector("button[data-sending]");
const label = button?.textContent;

// One press, one request: while it is under way the button says so.

// A page that is still there after a while was stopped: it can be sent again, and the
// server takes the same answers once.

const STOPPED = 10_000; // Milliseconds.

function send(event) {
  if (button.hasAttribute("aria-disabled")) return event.preventDefault();
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.sending;
  setTimeout(ready, STOPPED);
}

function ready() {
  button.removeAttribute("aria-disabled");
  button.textContent = label;
}

// A field is checked once it was typed in and left.

const typedIn = new WeakSet();
const fieldOf = (event) => event.target.closest(".field");

function fault(field) {
  const control = field.querySelector("[data-missing]");
  const value = control?.value.trim();
  if (value === "") return control.dataset.missing;
  const { invalid } = control?.dataset ?? {};
  return invalid && !/^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$/.test(value) ? invalid : "";
}

function tell(field, message) {
  const control = field.querySelector("input, select");
  const id = `${control.id}_error`;
  const described = control.getAttribute("aria-describedby")?.split(" ") ?? [];
  const others = described.filter((one) => one && one !== id);
  document.getElementById(id)?.remove();
  if (message) {
    const note = document.createElement("p");
    Object.assign(note, { id, className: "error", textContent: message, role: "alert" });
    note.insertAdjacentHTML("afterbegin", '<span class="unseen">Erreur\u00a0: </span>');
    (control.closest(".combobox") ?? control).before(note);
    others.push(id);
  }
  field.classList.toggle("invalid", Boolean(message));
  control.setAttribute("aria-invalid", Boolean(message));
  if (others.length) control.setAttribute("aria-describedby", others.join(" "));
  else control.removeAttribute("aria-describedby");
}

function changed(event) {
  const field = fieldOf(event);
  if (!field) return;
  typedIn.add(field);
  if (field.classList.contains("invalid") && !fault(field)) tell(field, "");
}

function left(event) {
  const field = fieldOf(event);
  if (!field || !typedIn.has(field)) return;
  const message = fault(field);
  tell(field, message);
  if (event.target === form.elements.email) offer(message ? "" : suggestion());
}

// The address that was probably meant: leads/addresses.py says how.

const offered = document.createElement("p");

function offer(meant) {
  form.querySelector(".suggestion.choice")?.remove();
  offered.textContent = "";
  if (!meant) return;
  const { email, email_confirmed: confirmed } = form.elements;
  const press = document.createElement("button");
  press.type = "button";
  press.textContent = meant;
  press.addEventListener("click", () => {
    email.value = meant;
    offered.textContent = "";
    email.focus();
    email.dispatchEvent(new Event("input", { bubbles: true }));
  });
  offered.append("Vouliez-vous dire ", press, "\u202f?");
  confirmed.value = email.value.trim(); // The server need not ask.
}

function suggestion() {
  const { value, dataset } = form.elements.email;
  const address = value.trim();
  const start = address.lastIndexOf("@") + 1;
  const typed = address.slice(start).toLowerCase();
  const endings = new Map(dataset.endings.split(" ").map((pair) => pair.split("=")));
  const domains = dataset.domains.split(" ");
  const [name, ending] = parts(typed);
  let meant = `${name}.${endings.get(ending) ?? ending}`;
  if (name === "gmail") meant = "gmail.com";
  else if (!domains.includes(meant)) {
    meant = domains.find((known) => slipped(meant, known)) ?? meant;
  }
  return meant === typed ? "" : address.slice(0, start) + meant;
}

const parts = (domain) => domain.split(/\.(?=[^.]*$)/);

function slipped(typed, known) {
  const [name, ending] = parts(typed);
  const [right, rightEnding] = parts(known);
  if (ending !== rightEnding || name[0] !== right[0]) return false;
  if (right.length > 4) return within(right.length > 6 ? 2 : 1, name, right);
  return within(1, name, right) && [...name].sort().join() === [...right].sort().join();
}

// Within `most` letters put in, left out, mistaken or swapped with their neighbour.
function within(most, one, other) {
  if (!one || !other) return one.length + other.length <= most;
  if (one[0] === other[0]) return within(most, one.slice(1), other.slice(1));
  const swapped = one[0] === other[1] && one[1] === other[0] ? 2 : 1;
  return (
    most > 0 &&
    (within(most - 1, one.slice(1), other) ||
      within(most - 1, one, other.slice(1)) ||
      within(most - 1, one.slice(swapped), other.slice(swapped)))
  );
}

if (button) {
  const { suggest } = form.dataset;
  if (suggest) {
    // Whoever types no name needs none of it.
    form.elements.organisation.addEventListener("focus", () => import(suggest), { once: true });
  }
  form.addEventListener("submit", send);
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("focusout", left);
  offered.className = "suggestion";
  offered.setAttribute("role", "status");
  form.elements.email.after(offered);
  // A page that comes back from the history is ready again.
  addEventListener("pageshow", ready);
  document.querySelector(".errors")?.focus();
}

// Anonymous counts: leads/audience.py keeps nothing else.

const query = new URLSearchParams(location.search);
const counted = new Set();

function count(step, field = "") {
  if (counted.has(step + field)) return;
  counted.add(step + field);
  const body = new URLSearchParams({ step, field });
  for (const name of ["source", "campaign"]) body.set(name, query.get(`utm_${name}`) ?? "");
  if (navigator.webdriver) body.set("robot", 1);
  navigator.sendBeacon("/mesure/", body);
}

if (document.body.matches(".landing")) {
  form.addEventListener("input", () => count("started"));
  form.addEventListener("submit", () => count("submitted"));
  // Once it is shown, not when it was made ready.
  new IntersectionObserver((seen) => {
    count("page");
    if (seen.some((part) => part.isIntersecting)) count("form");
  }).observe(form);
} else if (button) {
  const refused = form.querySelectorAll("[name][aria-invalid=true]");
  for (const { name } of refused) count("error", name);
}
