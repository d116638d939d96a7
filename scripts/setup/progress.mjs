// Tells what set-up is doing: one live line at a terminal, sparse plain lines everywhere else.

/** Decimal, as everywhere in the app: a model has one size wherever it is named. */
const MEGABYTE = 1e6;
const LIVE_INTERVAL_MS = 120;
const PLAIN_INTERVAL_MS = 5_000;

/** @param {{quiet?: boolean, stream?: NodeJS.WriteStream}} options */
export function createProgress({ quiet = false, stream = process.stderr } = {}) {
  const live = Boolean(stream.isTTY) && !process.env.CI;
  let lineIsOpen = false;

  const print = (text) => {
    if (quiet) return;
    stream.write(`${lineIsOpen ? "\r\u001b[K" : ""}${text}\n`);
    lineIsOpen = false;
  };

  /** Announces a step; the returned object reports on it. */
  const step = (title) => {
    const startedAt = Date.now();
    let reportedAt = startedAt;
    if (live && !quiet) {
      stream.write(`· ${title}`);
      lineIsOpen = true;
    } else {
      print(`· ${title}`);
    }
    const report = (detail) => {
      const now = Date.now();
      if (quiet || now - reportedAt < (live ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
      reportedAt = now;
      if (live) {
        stream.write(`\r\u001b[K· ${title}: ${detail}`);
        lineIsOpen = true;
      } else {
        print(`  ${detail}`);
      }
    };
    return {
      report,
      bytes: (done, total) => report(formatBytes(done, total)),
      done: (text = title) => print(`✓ ${text} (${seconds(Date.now() - startedAt)})`),
      stopped: (text) => print(`! ${text}`),
    };
  };

  return { print, step };
}

export function seconds(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

export const megabytes = (bytes) => `${(bytes / MEGABYTE).toFixed(bytes < 99.95 * MEGABYTE ? 1 : 0)} MB`;

function formatBytes(done, total) {
  if (!total) return megabytes(done);
  const capped = Math.min(done, total);
  return `${megabytes(capped)} of ${megabytes(total)} (${Math.floor((capped / total) * 100)} %)`;
}
