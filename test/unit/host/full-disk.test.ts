/** What ended an engine passes by itself only when it was the full disk. */
import { expect, it } from "vitest";
import { asLedgerError } from "../../../src/engine/ledger/database.ts";
import { diskObstacle } from "../../../src/host/full-disk.ts";
import { toErrorValue } from "../../../src/shared/errors.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const said = (code: string) =>
  toErrorValue(asLedgerError(Object.assign(new Error("disk I/O error"), { code })));

it.each(["SQLITE_FULL", "ENOSPC", "EDQUOT"])("a full disk is waited for: %s", (code) => {
  expect(said(code)).toMatchObject({ code: "DATA_FOLDER_FULL", actor: "machine" });
  const look = diskObstacle(said(code), tempFolder());
  expect(look?.(), "there is room again").toBeNull();
});

it.each(["SQLITE_IOERR_FSYNC", "SQLITE_CORRUPT"])(
  "a disk that fails is not, while it has room: %s",
  (code) => {
    expect(said(code)).toMatchObject({ code: "LEDGER_FAILED" });
    expect(diskObstacle(said(code), tempFolder())).toBeNull();
  },
);

it("nothing else is of the disk, nor is one without a folder", () => {
  expect(diskObstacle({ code: "PORT_BUSY", message: "", actor: "user" }, tempFolder())).toBeNull();
  expect(diskObstacle(said("SQLITE_FULL"), undefined)).toBeNull();
});
