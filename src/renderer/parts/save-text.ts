/** Hand a text to the person as a file in their downloads; nothing leaves the page for it. */
export function saveText(fileName: string, text: string | readonly string[], type: string): void {
  const address = URL.createObjectURL(new Blob(typeof text === "string" ? [text] : [...text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has read it when this task is over.
  setTimeout(() => URL.revokeObjectURL(address));
}
