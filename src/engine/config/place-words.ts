/** The place a setting comes from, in words. */
import type { SettingSource } from "../../shared/contract/settings.ts";

/** "the environment (AITBC_REGION)", "bellows.toml line 12". */
export function placeWords(source: SettingSource): string {
  switch (source.kind) {
    case "flag":
      return `the flag ${source.name}`;
    case "environment":
      return `the environment (${source.name})`;
    case "file":
      return source.line === null ? source.file : `${source.file} line ${source.line}`;
    case "saved":
      return "the app";
    case "default":
      return "nobody";
  }
}
