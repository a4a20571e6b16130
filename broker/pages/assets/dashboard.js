// A button that copies what its `data-copies` names. Without this file the text can be selected all the same.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    const said = document.getElementById(`${button.dataset.copies}-copied`);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      said.hidden = false;
    } catch {
      getSelection().selectAllChildren(source);
    }
  });
}
