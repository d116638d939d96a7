/** Hand something to the person as a file in their downloads; nothing leaves the page for it. */
export function saveFile(fileName: string, parts: readonly BlobPart[], type: string): void {
  const address = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has read it when this task is over.
  setTimeout(() => URL.revokeObjectURL(address));
}

export function saveText(fileName: string, text: string | readonly string[], type: string): void {
  saveFile(fileName, typeof text === "string" ? [text] : text, type);
}
