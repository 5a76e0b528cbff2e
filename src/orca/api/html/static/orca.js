// SPDX-License-Identifier: Apache-2.0
// Comforts only: every page works without this file.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

// A resource on its way is looked at again, unless somebody is filling in a form.
if (document.body.hasAttribute("data-moving")) {
  let typing = false;
  document.addEventListener("input", () => { typing = true; });
  setTimeout(() => {
    if (!typing && !document.querySelector("details.card[open]")) location.reload();
  }, 2000);
}

// What is wrong is what one wants to see.
document.querySelector("[aria-invalid]")?.focus();
document.addEventListener("keydown", (event) => {
  const field = document.querySelector(".filter [name=_value]");
  if (event.key === "/" && field && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    field.focus();
  }
});
