// Anonymous counts of what is seen and begun: leads/audience.py keeps nothing else.
const form = document.querySelector("form.form");
const errors = form?.querySelectorAll("[aria-invalid=true]") ?? [];
const query = new URLSearchParams(location.search);

function tell(step, field = "") {
  const body = new URLSearchParams({ step, field });
  for (const name of ["source", "campaign"]) body.set(name, query.get(`utm_${name}`) ?? "");
  if (navigator.webdriver) body.set("robot", 1);
  navigator.sendBeacon("/mesure/", body);
}

if (!errors.length) tell("page");
for (const control of errors) tell("error", control.name);
form?.addEventListener("input", () => tell("started"), { once: true });
form?.addEventListener("submit", () => tell("submitted"), { once: true });
const seen = new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting) return;
  seen.disconnect();
  tell("form");
});
if (form) seen.observe(form);
