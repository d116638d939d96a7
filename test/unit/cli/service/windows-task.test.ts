import { describe, expect, it } from "vitest";
import {
  isTaskRunning,
  taskXml,
  windowsInstall,
  windowsUninstall,
} from "../../../../src/cli/service/windows-task.ts";

const install = {
  program: ["C:\\Program Files\\R&D\\node.exe", "--no-opt", "C:\\Program Files\\R&D\\cli.js"] as const,
  dataFolder: "C:\\ProgramData\\Bellows",
  configFile: null,
  example: "# Settings\nBELLOWS_KEY_PASSPHRASE=\n",
  definitionFile: "C:\\ProgramData\\Bellows\\service.xml",
  startNow: true,
};

describe("the scheduled task", () => {
  it("starts the engine at boot, without a limit, and again when it fails", () => {
    const xml = taskXml(install);
    expect(xml).toContain("<Command>C:\\Program Files\\R&amp;D\\node.exe</Command>");
    expect(xml).toContain(
      '<Arguments>"--no-opt" "C:\\Program Files\\R&amp;D\\cli.js" "serve" "--environment" "C:\\ProgramData\\Bellows\\provider.env" "--data" "C:\\ProgramData\\Bellows"</Arguments>',
    );
    expect(xml).toContain("<BootTrigger>");
    expect(xml).toContain("<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>");
    expect(xml).toContain("<RestartOnFailure>");
    const opened = [...xml.matchAll(/<(\w+)[^>]*>/g)].map(([, name]) => name);
    const closed = [...xml.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    expect(opened.toSorted()).toEqual(closed.toSorted());
  });

  it("takes a configuration file along", () => {
    const xml = taskXml({ ...install, configFile: "D:\\worker.toml" });
    expect(xml).toContain('"C:\\ProgramData\\Bellows" "--config" "D:\\worker.toml"</Arguments>');
  });

  it("runs by its result's number, whatever the language", () => {
    expect(isTaskRunning("Status:  Wird ausgeführt\r\nLetztes Ergebnis:  267009\r\n")).toBe(true);
    expect(isTaskRunning("Status:  Ready\r\nLast Result:  0\r\n")).toBe(false);
  });

  it("is registered from a UTF-16 file, with a data folder that only the service can read", () => {
    const { files, after } = windowsInstall(install);
    expect(files[0]?.text.startsWith("\ufeff<?xml")).toBe(true);
    // Where the passphrase goes: a task has no environment of its own. What a person wrote there is never changed.
    expect(files[1]).toEqual({
      path: "C:\\ProgramData\\Bellows\\provider.env",
      text: "# Settings\r\nBELLOWS_KEY_PASSPHRASE=\r\n",
      mode: 0o600,
      keep: true,
    });
    const commands = after.map(({ command }) => command.join(" "));
    expect(commands[0]).toMatch(/^icacls C:\\ProgramData\\Bellows \/inheritance:r \/grant:r \*S-1-5-19:/);
    expect(commands[1]).toBe(`schtasks /Create /TN Bellows /XML ${install.definitionFile} /F`);
    expect(commands[2]).toBe("schtasks /Run /TN Bellows");
  });

  it("goes without the data", () => {
    const plan = windowsUninstall(install.dataFolder);
    expect(plan.remove).toEqual([]);
    expect(plan.after[0]?.command).toEqual(["schtasks", "/Delete", "/TN", "Bellows", "/F"]);
  });
});
