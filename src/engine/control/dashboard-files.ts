/** The dashboard's files: those that are in its folder when the engine starts, so that no path can lead out of it. */
import fs from "node:fs";
import path from "node:path";
import { DAY, SECOND } from "../../shared/durations.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

export interface DashboardFile {
  readonly file: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** Request path → file. Links and unknown kinds of file are left out; `/` is index.html. */
export function listDashboardFiles(folder: string): ReadonlyMap<string, DashboardFile> {
  const files = new Map<string, DashboardFile>();
  for (const relative of filesBelow(folder, "")) {
    const contentType = CONTENT_TYPES[path.extname(relative).toLowerCase()];
    if (contentType === undefined) continue;
    const entry = { file: path.join(folder, relative), contentType, cacheControl: cacheControl(relative) };
    files.set(`/${relative}`, entry);
    if (relative === "index.html") files.set("/", entry);
  }
  return files;
}

/** The build puts a hash of the content into the names under assets/, so these never change. */
function cacheControl(relative: string): string {
  return relative.startsWith("assets/") ? `public, max-age=${(365 * DAY) / SECOND}, immutable` : "no-store";
}

function filesBelow(folder: string, prefix: string): string[] {
  return fs.readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const relative = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(folder, relative);
    return entry.isFile() ? [relative] : [];
  });
}

/** What a browser may do with our pages. `host` was checked to be ours; not every browser counts ws: as 'self'. */
export function securityHeaders(host: string): Readonly<Record<string, string>> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "font-src 'self'",
      "img-src 'self' data:",
      `connect-src 'self' ws://${host}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
  };
}
