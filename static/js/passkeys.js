// Passkeys (WebAuthn): asks the device, then posts its answer with the form. The options
// come from the page, or from the form's own address when nobody is signed in yet;
// encoding is allauth's (mfa/js/webauthn-json.js), which stands before this module.

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function ask(form) {
  const options = await optionsOf(form);
  const { webauthnJSON } = globalThis;
  return form.dataset.key === "create"
    ? webauthnJSON.create(options.creation_options)
    : webauthnJSON.get(options.request_options);
}

async function press(event) {
  event.preventDefault();
  const form = event.target;
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  said.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify(await ask(form));
    form.submit();
  } catch {
    said.hidden = false;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

if (globalThis.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-key]")) {
    form.hidden = false;
    form.addEventListener("submit", press);
  }
}
