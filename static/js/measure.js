// Anonymous counts: leads/audience.py keeps nothing else of a visit.
const form = document.querySelector("form.form");
const query = new URLSearchParams(location.search);
const told = new Set();

function tell(step, field = "") {
  if (told.has(step + field)) return;
  told.add(step + field);
  const body = new URLSearchParams({ step, field });
  for (const name of ["source", "campaign"]) body.set(name, query.get(`utm_${name}`) ?? "");
  if (navigator.webdriver) body.set("robot", 1);
  navigator.sendBeacon("/mesure/", body);
}

for (const { name } of form.querySelectorAll("[name][aria-invalid=true]")) tell("error", name);
if (document.body.matches(".landing")) {
  form.addEventListener("input", () => tell("started"));
  form.addEventListener("submit", () => tell("submitted"));
  // Once the page is shown, not when it was made ready.
  new IntersectionObserver((seen) => {
    tell("page");
    if (seen.some((part) => part.isIntersecting)) tell("form");
  }).observe(form);
}
