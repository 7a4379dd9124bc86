// Paper cannot be clicked: all but what would fill many sheets is open while printing.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open], .screen)")) {
    part.open = true;
    part.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("details[data-printed]")) {
    part.open = false;
    delete part.dataset.printed;
  }
});
