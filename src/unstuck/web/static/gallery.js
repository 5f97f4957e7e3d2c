// The gallery: which programs this tab has examined already.

import { recall } from "./common.js";

const STATES = { diagnosed: "diagnosed", cured: "✓ cured" };

for (const card of document.querySelectorAll("[data-program]")) {
  const state = recall(`state ${card.dataset.program}`);
  if (state) card.querySelector(".state").textContent = STATES[state];
  if (state) card.classList.add(state);
}
