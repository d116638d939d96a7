/** The rule for a market's address, the same for a settings file and for a field on the screen. */

export type AddressFault = "noScheme" | "noAddress" | "otherScheme" | "secretInAddress" | "hasQuery";

export type AddressReading =
  /** Without slashes at its end. */
  { readonly address: string } | { readonly fault: AddressFault; readonly scheme?: string };

/** An http or https address without a password (addresses are shown on screen), a query or a fragment. */
export function readBaseAddress(text: string): AddressReading {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { fault: "noScheme" };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return { fault: "noAddress" };
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return { fault: "otherScheme", scheme: `${url.protocol}//` };
  if (url.username !== "" || url.password !== "") return { fault: "secretInAddress" };
  if (url.search !== "" || url.hash !== "") return { fault: "hasQuery" };
  return { address: url.href.replace(/\/+$/, "") };
}

/** What is wrong with it already, while it is being typed: the beginning of a scheme is not yet a mistake. */
export function faultWhileTyping(text: string): AddressFault | null {
  const typed = text.trim();
  if (["http://", "https://"].some((scheme) => scheme.startsWith(typed.toLowerCase()))) return null;
  const reading = readBaseAddress(typed);
  return "fault" in reading ? reading.fault : null;
}
