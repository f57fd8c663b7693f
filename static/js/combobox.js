// A long list that typing filters: an editable combobox (WAI-ARIA APG, list
// autocomplete) before the native select, which stays in the form and is what is sent.

const words = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().match(/[a-z0-9]+/g) ?? [];

const wordsOf = ({ text, value, dataset }) => words(`${text} ${value} ${dataset.words ?? ""}`);

// Every word typed opens a word of the choice or of its code ("dsi"); failing that,
// its first five letters do: "directeur" finds "direction".
function matching(choices, typed) {
  const opens = (length) => (choice) =>
    typed.every((word) => choice.words.some((own) => own.startsWith(word.slice(0, length))));
  const found = choices.filter(opens(99));
  return found.length ? found : choices.filter(opens(5));
}

function make(attributes) {
  const node = document.createElement("div");
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  return node;
}

const status = make({ class: "unseen", role: "status" });

function enhance(select) {
  const { id, options } = select;
  const box = make({ class: "combobox" });
  box.innerHTML = `<input id="${id}" role="combobox" required spellcheck="false"
    autocomplete="${select.autocomplete || "off"}" placeholder="Tapez ou choisissez…"
    aria-autocomplete="list" aria-expanded="false" aria-controls="${id}_list"
    ><div id="${id}_list" role="listbox" aria-label="${select.labels[0].textContent}"
    hidden></div>`;
  const [input, list] = box.children;
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  select.before(box);
  select.id = `${id}_select`;
  select.hidden = true;

  const choices = [];
  let shown, active;
  const typed = () => (select.value ? [] : words(input.value));
  const restore = () => {
    input.value = select.value && select.selectedOptions[0].text;
  };

  function activate(choice) {
    active?.node.removeAttribute("aria-selected");
    active = choice;
    active?.node.setAttribute("aria-selected", "true");
    active?.node.scrollIntoView({ block: "nearest", behavior: "instant" });
    input.setAttribute("aria-activedescendant", active?.node.id ?? "");
  }

  function toggle(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", open);
    activate(open ? choices.find(({ option }) => option.selected) : undefined);
  }

  // Made when first needed: most of a long list is never seen.
  function build() {
    if (choices.length) return;
    for (const option of options) {
      if (!option.value) continue;
      const { label } = option.parentNode;
      let part = label ? list.lastChild : list;
      if (label && part?.getAttribute("aria-label") !== label) {
        part = list.appendChild(make({ role: "group", "aria-label": label }));
        part.appendChild(make({ "aria-hidden": "true" })).textContent = label;
      }
      const node = part.appendChild(make({ role: "option", id: `${id}-${option.value}` }));
      node.textContent = option.text;
      choices.push({ option, node, words: wordsOf(option) });
    }
  }

  function open() {
    build();
    const found = matching(choices, typed());
    shown = found.length ? found : choices;
    for (const choice of choices) choice.node.hidden = !shown.includes(choice);
    status.textContent = found.length
      ? `${found.length} choix`
      : `Aucun choix ne correspond : les ${choices.length} sont montrés.`;
    toggle(true);
    list.scrollIntoView({ block: "nearest" });
  }

  // What was typed is an answer where it can be one only.
  function settle() {
    build();
    const code = typed().join("-");
    const found = code ? matching(choices, typed()) : [];
    const exact = found.find(
      ({ option }) => [option.value, words(option.text).join("-")].includes(code),
    );
    const choice = active ?? exact ?? (found.length === 1 && found[0]);
    toggle(false);
    if (!choice) return;
    choice.option.selected = true;
    restore();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function move(step) {
    if (list.hidden) open();
    const next = Math.max(shown.indexOf(active) + step, -1);
    activate(shown.at(next % shown.length));
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (list.hidden) {
      if (event.key === "Enter") settle(); // The form is about to be sent.
      return;
    } else if (event.key === "Enter") settle();
    else if (event.key === "Escape") toggle(false);
    else return;
    event.preventDefault();
  });
  input.addEventListener("input", () => {
    select.value = "";
    if (document.activeElement === input) open();
    else settle(); // The browser filled it in.
  });
  input.addEventListener("click", () => {
    input.select();
    open();
  });
  input.addEventListener("focusout", settle);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    activate(choices.find(({ node }) => node === target));
    if (active) settle();
  });
  // Filled in by another script (static/js/establishments.js).
  select.addEventListener("change", restore);
  addEventListener("pageshow", restore);
  restore();
}

const selects = document.querySelectorAll(".form select");
selects.forEach(enhance);
selects[0]?.form.append(status);
