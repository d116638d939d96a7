/** app://bellows/…: the page's own files, from one folder, with a policy that knows no network. */
import { readFile } from "node:fs/promises";
import path from "node:path";

export const APP_SCHEME = "app";
export const APP_ORIGIN = "app://bellows";
export const APP_PAGE = `${APP_ORIGIN}/index.html`;

const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** The file a request means, or null when it is not ours to give: another host, another folder, another kind of file. */
export function fileOf(folder: string, address: string): string | null {
  let pathname: string;
  try {
    const url = new URL(address);
    if (url.protocol !== `${APP_SCHEME}:` || url.host !== "bellows") return null;
    pathname = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  if (pathname.includes("\0") || pathname.includes("\\")) return null;
  const file = path.resolve(folder, `.${pathname === "/" ? "/index.html" : pathname}`);
  const inside = file.startsWith(path.resolve(folder) + path.sep);
  return inside && path.extname(file) in CONTENT_TYPES ? file : null;
}

/** Answers protocol.handle for the scheme. */
export function serveFolder(folder: string): (request: { url: string; method: string }) => Promise<Response> {
  return async ({ url, method }) => {
    const file = method === "GET" ? fileOf(folder, url) : null;
    if (file === null) return new Response(null, { status: 404 });
    try {
      return new Response(new Uint8Array(await readFile(file)), { headers: headersFor(file) });
    } catch {
      return new Response(null, { status: 404 });
    }
  };
}

function headersFor(file: string): Record<string, string> {
  return {
    "content-type": CONTENT_TYPES[path.extname(file)] ?? "application/octet-stream",
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
  };
}

/** Is this frame's address our page? Whatever else it is may not speak to main. */
export function isAppPage(address: string | undefined): boolean {
  if (address === undefined) return false;
  try {
    const url = new URL(address);
    return url.protocol === `${APP_SCHEME}:` && url.host === "bellows";
  } catch {
    return false;
  }
}
