// One mix of negatives at a time; without this script, and on paper, all of them.
const panels = [...document.querySelectorAll(".panel")];
const choices = [...document.querySelectorAll("[data-mix]")];

function show(mix) {
  for (const panel of panels) panel.hidden = panel.id !== `mix-${mix}`;
  for (const choice of choices) {
    const chosen = choice.dataset.mix === mix;
    choice.setAttribute("aria-pressed", String(chosen));
    choice.classList.toggle("pressed", chosen);
  }
}

if (choices.length > 1) {
  document.getElementById("mixes").hidden = false;
  for (const choice of choices) choice.addEventListener("click", () => show(choice.dataset.mix));
  show(choices[0].dataset.mix);
}
