/** What a person types for `bellows`: it is a command of its own only where a package put it among the system's. */
import { existsSync } from "node:fs";
import path from "node:path";

export interface CommandFacts {
  readonly packaged: boolean;
  /** Set by AppImage's own start-up: the file that was started. */
  readonly appImage: string | undefined;
  readonly resources: string;
  readonly platform: NodeJS.Platform;
}

export function commandWord({ packaged, appImage, resources, platform }: CommandFacts): string {
  if (!packaged) return "npm run bellows --";
  if (appImage) return typed(appImage);
  // Written by the packager into a deb or rpm, which link the command.
  if (existsSync(path.join(resources, "package-type"))) return "bellows";
  return typed(path.join(resources, "bin", platform === "win32" ? "bellows.cmd" : "bellows"));
}

const typed = (file: string): string => (/\s/.test(file) ? `"${file}"` : file);
