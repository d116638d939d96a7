import { describe, expect, it } from "vitest";
import { typed } from "../../../../src/cli/service/plan.ts";
import { fillUnit, quoted, readStatus, systemdUninstall } from "../../../../src/cli/service/systemd.ts";

const UNIT = `# What this is,
# and how to use it.
[Unit]
Description=x
# A reason.
[Service]
ExecStart=/usr/bin/node /opt/bellows/cli.js
Restart=no
`;

const EDIT = "systemctl --user edit bellows";

describe("fillUnit", () => {
  it("puts in the command and what goes with it, and replaces only the head comment", () => {
    const unit = fillUnit(UNIT, {
      command: ["/n", "/c", "serve"],
      extra: ["ReadWritePaths=/data"],
      edit: EDIT,
    });
    expect(unit).toMatch(/^# Made by .*`systemctl --user edit bellows`\.\n/);
    expect(unit).toContain(
      "# A reason.\n[Service]\nExecStart=/n /c serve\nReadWritePaths=/data\nRestart=no\n",
    );
    expect(unit).not.toContain("how to use it");
  });

  it("takes a path with a dollar sign as it is", () => {
    expect(fillUnit(UNIT, { command: ["/a$b", "/c$&d"], extra: [], edit: EDIT })).toContain(
      'ExecStart=/a$b "/c$$&d"\n',
    );
  });
});

describe("quoted", () => {
  it.each([
    ["/opt/bellows/cli.js", "/opt/bellows/cli.js"],
    ["/opt/my apps/x", '"/opt/my apps/x"'],
    ["/opt/100%/x", "/opt/100%%/x"],
    ["/opt/$HOME", "/opt/$HOME"],
    ['/opt/"x"\\', '"/opt/\\"x\\"\\\\"'],
  ])("%s", (word, expected) => expect(quoted(word)).toBe(expected));
});

it("reads what systemctl show prints, and passes over the rest", () => {
  const text = "ActiveState=active\nStatusText=Earning on 2 of 2 devices = fine\nOther=1\nMainPID=\n";
  expect(readStatus(text)).toEqual({
    ActiveState: "active",
    StatusText: "Earning on 2 of 2 devices = fine",
    MainPID: "",
  });
});

it("keeps ledger, keys and settings when the service goes", () => {
  const plan = systemdUninstall({ scope: "system", root: null, configHome: "/home/ada/.config" });
  expect(plan.remove).toEqual([
    "/etc/systemd/system/bellows.service",
    "/etc/systemd/system/bellows-devices.service",
    "/etc/sysusers.d/bellows.conf",
  ]);
  expect(plan.before.map(({ command }) => typed(command))).toEqual([
    "systemctl disable --now bellows.service",
  ]);
});

it("types commands so that they can be repeated", () => {
  expect(typed(["schtasks", "/TN", "a b", "it's"])).toBe("schtasks /TN 'a b' 'it'\\''s'");
});
