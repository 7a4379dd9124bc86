// Buttons that copy the command beside them; they show themselves only where scripts run.
for (const button of document.querySelectorAll(".command button")) {
  const box = button.parentElement, command = box.querySelector("pre"), status = box.querySelector("[role=status]");
  const select = () => getSelection().selectAllChildren(command);
  const copied = async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      return true;
    } catch {
      select(); // older browsers, or no permission: what is selected can be copied by hand
      return document.execCommand("copy");
    }
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copied();
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    status.textContent = done ? "Copied to the clipboard" : "Selected: press Ctrl+C to copy";
    setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2500);
  });
}
