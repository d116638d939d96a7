/**
 * Can the machine's service read a file? It runs as `bellows`, sees no home (ProtectHome=) and temporary folders of its own
 * (PrivateTmp=), and has only what modes and groups give it.
 */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "../../shared/errors.ts";

export const SERVICE_USER = "bellows";
/** Of the unit: SupplementaryGroups=. */
const SERVICE_GROUPS: readonly string[] = ["bellows", "video"];

export interface Account {
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

/** Of this machine; null: systemd-sysusers has still to make it. */
export function serviceAccount(): Account | null {
  try {
    return accountIn(fs.readFileSync("/etc/passwd", "utf8"), fs.readFileSync("/etc/group", "utf8"));
  } catch {
    return null;
  }
}

/** Of the texts of passwd(5) and group(5). */
export function accountIn(passwd: string, group: string): Account | null {
  const rows = (text: string) => text.split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = rows(passwd).find(([name]) => name === SERVICE_USER) ?? [];
  if (uid === undefined || gid === undefined) return null;
  const also = rows(group).filter(
    ([name = "", , , members = ""]) =>
      SERVICE_GROUPS.includes(name) || members.split(",").includes(SERVICE_USER),
  );
  return { uid: Number(uid), gids: new Set([gid, ...also.map(([, , id]) => id)].map(Number)) };
}

/** SERVICE_UNREACHABLE for a part of the installation that the machine's unit can't get at; null: it can. */
export function findUnreachable(files: readonly string[], account: Account | null): AppError | null {
  for (const file of files) {
    const reason = absence(file) ?? closedAt(file, account);
    if (reason !== null) {
      return unreachable(
        file,
        reason,
        "Put the installation into /opt/bellows and install from there, or add --user for a service of your own.",
      );
    }
  }
  return null;
}

/**
 * A configuration file may hold secrets, so it is closed to others with good reason. Throws SERVICE_UNREACHABLE where no
 * mode could help. Returns what the person should see to before the start, a full sentence; null: all is well.
 */
export function doubtOfConfig(file: string, account: Account | null): string | null {
  const reason = absence(file);
  if (reason !== null) {
    throw unreachable(
      file,
      reason,
      "Put it beside /etc/bellows/provider.env, for example, and name it there.",
    );
  }
  const closed = closedAt(file, account);
  if (closed === null) return null;
  return `The service's user ${SERVICE_USER} may not be able to read ${file}: ${closed}. Before the start: chgrp ${SERVICE_USER} ${file} && chmod 640 ${file}`;
}

function unreachable(file: string, reason: string, help: string): AppError {
  return new AppError({
    code: "SERVICE_UNREACHABLE",
    message: `The service could not read ${file}: ${reason}`,
    actor: "user",
    help,
  });
}

function absence(file: string): string | null {
  if (isInHome(file)) return NO_HOMES;
  return fs.existsSync(file) ? null : `${file} is not there`;
}

const HOMES = /^\/(home|root|run\/user)(\/|$)/;
const NO_HOMES = "the service sees nothing below /home and /root";
const TEMPORARY = /^(\/var)?\/tmp(\/|$)/;

export const isInHome = (file: string): boolean => HOMES.test(file);

export interface Place {
  /** "The installation". */
  readonly what: string;
  readonly path: string;
  readonly instead: string;
}

/**
 * Of what the unit keeps from the service, whatever modes and groups say. Returns full sentences for the person; a drop-in
 * may open a place again, so none of them is a refusal.
 */
export function doubtsOfPlaces(places: readonly Place[]): string[] {
  return places.flatMap(({ what, path: place, instead }) => {
    const why = TEMPORARY.test(place)
      ? "the service has a /tmp and a /var/tmp of its own, both empty"
      : isInHome(place)
        ? NO_HOMES
        : null;
    return why === null ? [] : [`${what} ${place} would not be there for the service: ${why}. ${instead}`];
  });
}

/** By modes alone: an access control list may open what they close. */
function closedAt(file: string, account: Account | null): string | null {
  for (let at = file; ; at = path.dirname(at)) {
    const stat = fs.statSync(at, { throwIfNoEntry: false });
    if (stat === undefined) return `${at} is not there`;
    if (!isOpen(stat, account, at === file ? 0o4 : 0o1)) return `${at} is not open to it`;
    if (at === path.dirname(at)) return null;
  }
}

/** `wanted`: 4 to read, 1 to pass through a folder. */
export function isOpen(
  { mode, uid, gid }: Pick<fs.Stats, "mode" | "uid" | "gid">,
  account: Account | null,
  wanted: number,
): boolean {
  if (account?.uid === uid) return (mode & (wanted << 6)) !== 0;
  if (account?.gids.has(gid)) return (mode & (wanted << 3)) !== 0;
  return (mode & wanted) !== 0;
}
