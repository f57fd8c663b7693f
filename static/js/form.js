// One press, one request: while it is under way the button says so.
const form = document.querySelector("form#formulaire");
const button = form?.querySelector("button[data-sending]");

if (button) {
  const label = button.textContent;
  form.addEventListener("submit", (event) => {
    if (button.getAttribute("aria-disabled")) {
      event.preventDefault();
      return;
    }
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.sending;
  });
  // A page that comes back from the history is ready again.
  addEventListener("pageshow", () => {
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  });
}
