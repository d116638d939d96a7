/** `bellows ledger go-back`: after a way back to an older version, on from the copy made before the newer one changed the ledger. */
import { loadSqlite } from "../../engine/ledger/database.ts";
import { findWayBack } from "../../engine/ledger/restore.ts";
import { forgetWayBack, offerWayBack, SCHEMA, schemaIn, wantWayBack } from "../../engine/ledger/way-back.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import {
  closedServiceAmong,
  engineFolders,
  refuseSecondEngine,
  rootsOf,
  type Where,
} from "../engine-client.ts";
import { usageError } from "../usage.ts";

const COST =
  "What happened since then is not in it: jobs, earnings and activity of that time are missing here, not at the markets, and open leases are read from them again.";

interface Options {
  readonly yes: boolean;
  readonly json: boolean;
}

/** Throws USAGE without `--yes`, LEDGER_NOT_NEWER when this version can read the ledger, NO_LEDGER_COPY. */
export async function ledgerGoBack(
  context: CliContext,
  where: Where,
  { yes, json }: Options,
  roots = rootsOf(where),
): Promise<void> {
  const { terminal } = context;
  const folder = newerLedgerUnder(roots);
  await refuseSecondEngine(folder);
  const copy = findWayBack(await loadSqlite(), folder, schemaIn(folder) ?? SCHEMA);
  if (copy === null) forgetWayBack(folder);
  else offerWayBack(folder, copy);
  if (copy !== null && !yes) {
    throw usageError(
      `The copy of ${dateOf(copy.takenAt)} would take the place of the newer version's ledger. ${COST}`,
      "Say so with --yes; the newer file is kept beside it.",
    );
  }
  const { takenAt } = wantWayBack(folder);
  if (json) {
    terminal.json({ folder, copy: new Date(takenAt).toISOString() });
    return;
  }
  terminal.print(`The next start goes on from the copy of ${dateOf(takenAt)}.`);
  terminal.note(`The newer version's ledger is then kept in ${folder}, as ledger-schema-….sqlite. ${COST}`);
}

/** In the order in which an engine is looked for. */
function newerLedgerUnder(roots: readonly [string, ...string[]]): string {
  const found = roots.flatMap(engineFolders).find((folder) => (schemaIn(folder) ?? 0) > SCHEMA);
  if (found !== undefined) return found;
  const code = "LEDGER_NOT_NEWER";
  const message = "No ledger of yours was written by a newer version";
  throw (
    closedServiceAmong(roots, { code, message }) ??
    new AppError({
      code,
      message: `No ledger in ${roots.join(" or ")} was written by a newer version, so there is nothing to go back from`,
      actor: "user",
    })
  );
}

const dateOf = (at: number): string => new Date(at).toISOString();
