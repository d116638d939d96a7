/** Puts a package in the place of the running app, as each kind of installation wants it, and starts it again. */
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, copyFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { syncFile, syncFolder } from "../../shared/durable.ts";
import { AppError, type ErrorCode } from "../../shared/errors.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";

export interface Installer {
  /** Why this installation can't replace itself; null: it can. */
  readonly impossible: string | null;
  /** By which the same is heard in other languages. */
  readonly impossibleCode?: ErrorCode;
  /** The file the running version lives in, when one file is all of it. */
  readonly ownPackage: string | null;
  /** Resolves once the package is in place, or its installer runs on by itself. Throws INSTALL_FAILED. */
  install(file: string): Promise<void>;
  /** After `install` and the app's orderly end: how the next version is started. null: the installer does it. */
  readonly relaunch: { readonly execPath: string } | null;
}

export interface InstallationFacts {
  readonly platform: NodeJS.Platform;
  /** Set by AppImage's own start-up: the file that was started. */
  readonly appImage: string | undefined;
  /** Electron's resources folder; holds `package-type` in a deb or rpm. */
  readonly resources: string | undefined;
  readonly packaged: boolean;
  readonly execPath: string;
}

export function chooseInstaller(facts: InstallationFacts): Installer {
  const { platform, appImage, resources, packaged, execPath } = facts;
  const kind = resources === undefined || !packaged ? "" : readText(path.join(resources, "package-type"));
  if (kind === "deb" || kind === "rpm") return packageInstaller(kind, execPath);
  if (platform === "linux" && appImage !== undefined) return appImageInstaller(appImage);
  if (!packaged)
    return cannot("UPDATES_CHECKOUT", "This is a checkout: it is updated with its version control.");
  if (platform === "win32") return nsisInstaller();
  if (platform === "darwin")
    return cannot("UPDATES_BY_HAND", "On macOS Bellows is updated by installing the new version by hand.");
  return cannot("UPDATES_BY_HAND", "This copy was unpacked by hand, so it has no installer.");
}

const cannot = (code: ErrorCode, impossible: string): Installer => ({
  impossible,
  impossibleCode: code,
  ownPackage: null,
  relaunch: null,
  install: () => Promise.reject(failed(impossible)),
});

/**
 * Beside the old file, synced, and renamed over it: whoever starts it meets the old or the new one, never half of either,
 * also after a power cut.
 */
function appImageInstaller(appImage: string): Installer {
  return {
    impossible: null,
    ownPackage: appImage,
    relaunch: { execPath: appImage },
    async install(file) {
      const next = `${appImage}.next`;
      try {
        await copyFile(file, next);
        await chmod(next, 0o755);
        await syncFile(next);
        await rename(next, appImage);
        await syncFolder(path.dirname(appImage));
      } catch (thrown) {
        await rm(next, { force: true });
        throw failed(`${appImage} could not be replaced: ${wordsOf(thrown)}`);
      }
    },
  };
}

/** Silent and per user; it waits for the app's end and starts the new version itself. */
function nsisInstaller(): Installer {
  return {
    impossible: null,
    ownPackage: null,
    relaunch: null,
    install: (file) =>
      new Promise((resolve, reject) => {
        const child = spawn(file, ["--updated", "/S", "--force-run"], { detached: true, stdio: "ignore" });
        child.once("error", (error) => reject(failed(`The installer did not start: ${error.message}`)));
        child.once("spawn", () => {
          child.unref();
          resolve();
        });
      }),
  };
}

/** The system's package manager, with the rights the person grants it in the system's own dialog. */
function packageInstaller(kind: "deb" | "rpm", execPath: string): Installer {
  const command = kind === "deb" ? ["dpkg", "--install"] : ["rpm", "--upgrade", "--oldpackage"];
  return {
    impossible: null,
    ownPackage: null,
    relaunch: { execPath },
    install: (file) =>
      new Promise((resolve, reject) => {
        const options = { env: plainEnvironment(process.env), windowsHide: true };
        execFile("pkexec", [...command, file], options, (error, _stdout, stderr) => {
          if (error === null) resolve();
          else reject(failed(stderr.trim().split("\n").at(-1) || error.message));
        });
      }),
  };
}

function failed(message: string): AppError {
  return new AppError({
    code: "INSTALL_FAILED",
    message,
    actor: "machine",
    help: "The present version goes on unchanged. Install the new one by hand from where you got Bellows.",
  });
}

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
