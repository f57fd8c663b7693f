// Names of establishments proposed while one is typed (WAI-ARIA APG, list autocomplete
// with manual selection). Loaded when the field is first reached; any name may be typed.

const LEAST = 3; // Letters.
const PAUSE = 200; // Milliseconds without a key.

const form = document.querySelector("form.form");
const { organisation: input } = form.elements;
const number = form.elements.establishment ?? document.createElement("input");
Object.assign(number, { type: "hidden", name: "establishment" });
form.append(number);

const list = document.createElement("div");
Object.assign(list, { id: "id_organisation_list", hidden: true });
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Établissements proposés");
const status = document.createElement("div");
status.className = "unseen";
status.setAttribute("role", "status");
const filled = document.createElement("p");
filled.className = "suggestion";

// The field stays where it is: moved, it would lose the focus.
input.closest(".field").classList.add("combobox");
input.after(list, filled, status);
for (const [name, value] of Object.entries({
  role: "combobox",
  autocomplete: "organization",
  "aria-autocomplete": "list",
  "aria-expanded": "false",
  "aria-controls": list.id,
})) input.setAttribute(name, value);

let found = [];
let active = -1;
let timer;
let asking;

function toggle(open) {
  list.hidden = !open;
  input.setAttribute("aria-expanded", open);
  activate(-1);
}

function activate(index) {
  list.children[active]?.removeAttribute("aria-selected");
  active = index;
  const node = list.children[active];
  node?.setAttribute("aria-selected", "true");
  node?.scrollIntoView({ block: "nearest", behavior: "instant" });
  if (node) input.setAttribute("aria-activedescendant", node.id);
  else input.removeAttribute("aria-activedescendant");
}

function show(answer) {
  found = answer;
  list.replaceChildren(
    ...found.map(({ name, place }, index) => {
      const node = document.createElement("div");
      const where = document.createElement("small");
      where.textContent = place;
      node.id = `${list.id}-${index}`;
      node.setAttribute("role", "option");
      node.append(name, " ", where);
      return node;
    }),
  );
  toggle(found.length > 0);
  list.scrollIntoView({ block: "nearest" });
  status.textContent = found.length
    ? `${found.length} établissement${found.length > 1 ? "s" : ""} proposé${found.length > 1 ? "s" : ""}`
    : "";
}

async function ask() {
  asking?.abort();
  const typed = input.value.trim();
  if (typed.length < LEAST) return show([]);
  asking = new AbortController();
  const { signal } = asking;
  try {
    // In small letters: the same question is the same address, in any cache.
    const query = new URLSearchParams({ q: typed.toLowerCase() });
    const answer = await fetch(`${input.dataset.suggestions}?${query}`, { signal });
    const { found: names } = await answer.json();
    if (!signal.aborted && document.activeElement === input) show(names);
  } catch {
    if (!signal.aborted) show([]); // Without suggestions, the name is typed whole.
  }
}

// Type and region follow the choice where they are empty, or were filled in by another.
const ours = new Map();

function fill(name, value) {
  const select = form.elements[name];
  if (!value || (select.value && select.value !== ours.get(name))) return "";
  select.value = value;
  if (select.value !== value) return "";
  ours.set(name, value);
  select.dispatchEvent(new Event("change", { bubbles: true }));
  return select.selectedOptions[0].text;
}

function choose({ finess, name, place, type, region }) {
  input.value = name;
  number.value = finess;
  toggle(false);
  input.dispatchEvent(new Event("change", { bubbles: true }));
  const set = [fill("organisation_type", type), fill("region", region)].filter(Boolean);
  filled.textContent = set.length
    ? `D’après le registre des établissements (${place})\u00a0: ${set.join(", ")}. Vous pouvez le changer.`
    : "";
  status.textContent = filled.textContent || `${name}, ${place}`;
}

input.addEventListener("input", () => {
  number.value = ""; // Another name is nobody's number.
  filled.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
});

input.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  const last = found.length - 1;
  if (event.key === "ArrowDown") activate(active === last ? 0 : active + 1);
  else if (event.key === "ArrowUp") activate(active <= 0 ? last : active - 1);
  else if (event.key === "Escape") toggle(false);
  else if (event.key === "Enter" && active >= 0) choose(found[active]);
  else return;
  event.preventDefault();
});

input.addEventListener("focusout", () => toggle(false));
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const index = [...list.children].indexOf(target.closest("[role=option]"));
  if (index >= 0) choose(found[index]);
});
