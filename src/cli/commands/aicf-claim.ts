/**
 * `bellows aicf claim`: what is settled moves to the balance. The market may tell each job's amount in this one answer and
 * nowhere else, so it goes where the worker finds it: through the running engine, or into the ledger of one at rest.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { LEDGER_FILE } from "../../engine/ledger/database.ts";
import { Ledger } from "../../engine/ledger/ledger.ts";
import type { ClaimReport } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import { connectTo, type EngineClient } from "../engine-client.ts";
import { money } from "../format.ts";
import { type AicfFlags, liveFolder, openToRead } from "./aicf-counter.ts";

type Flags = AicfFlags & { readonly json: boolean };

export async function aicfClaim(context: CliContext, flags: Flags): Promise<void> {
  const folder = liveFolder(context, flags);
  const engine = await connectTo(folder);
  const report =
    engine === null ? await byHand(context, flags, folder) : await besideEngine(context, flags, engine);
  if (flags.json) return context.terminal.json(report);
  context.terminal.print(`Claimed ${money(report.total)} for ${report.payouts.length} jobs.`);
}

/** Through the engine if it is the same provider at the same market; the jobs of another are none of this ledger's. */
async function besideEngine(context: CliContext, flags: Flags, engine: EngineClient): Promise<ClaimReport> {
  const { counter, providerId, queueUrl, signal } = await openToRead(context, flags);
  const { state } = await engine.invoke("state.snapshot", {});
  const isIt = state.markets.some(
    (market) => market.id === "aicf" && market.providerId === providerId && market.endpoint === queueUrl,
  );
  return isIt ? engine.invoke("provider.claim", { market: "aicf" }) : counter.account.claim(signal);
}

async function byHand(context: CliContext, flags: Flags, folder: string): Promise<ClaimReport> {
  const ledger = existsSync(path.join(folder, LEDGER_FILE)) ? await Ledger.open(folder) : null;
  try {
    // What the engine would have told of this opening it could not tell any more.
    for (const notice of ledger?.notices ?? []) {
      ledger?.audit("ledger-restored", context.now(), notice);
      context.terminal.note(`${notice.message}. ${notice.help ?? ""}`.trim());
    }
    const { counter, signal } = await openToRead(context, flags, ledger?.claims.bookOf("aicf"));
    return await counter.account.claim(signal);
  } finally {
    ledger?.close();
  }
}
