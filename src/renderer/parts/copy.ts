/** Put text on the clipboard, also where every permission is denied (Electron, by design). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Works without a permission because a person's click is behind it. A dialog makes the rest inert, so stay inside it. */
function copyBySelection(text: string): boolean {
  const holder = document.activeElement?.closest("dialog") ?? document.body;
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "visually-hidden";
  area.setAttribute("aria-hidden", "true");
  holder.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
