/** The control API as programs, browsers and strangers meet it: a real server on loopback, asked over real sockets. */
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { findEngine, refuseSecondEngine as refuseSecondServe } from "../../src/cli/engine-client.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { controlFilePath, readControlFile, writeControlFile } from "../../src/engine/control/control-file.ts";
import { type ControlServer, startControlServer } from "../../src/engine/control/control-server.ts";
import { readFleet } from "../../src/engine/fleet/read-workers.ts";
import { refuseSecondEngine as refuseSecondApp } from "../../src/main/running-engine.ts";
import { type Channel, connectContract } from "../../src/shared/contract/rpc.ts";
import type { Delta } from "../../src/shared/contract/views.ts";
import { ODD_TARGETS, statusOf, UPGRADE } from "../support/odd-targets.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { tempFolder } from "../support/temp-folder.ts";

let engine: ScriptedEngine;
let folder: string;
let server: ControlServer;
let token: string;

beforeEach(async () => {
  engine = new ScriptedEngine();
  folder = tempFolder();
  server = await start({ staticFolder: dashboardFiles() });
  token = readControlFile(folder)?.token ?? "";
});

async function start(control: { port?: number; explicit?: boolean; staticFolder?: string | null } = {}) {
  const started = await startControlServer({
    readiness: () => ({ ready: true, reasons: [] }),
    handlers: engine.handlers,
    onDelta: engine.onDelta,
    control: { port: 0, explicit: true, staticFolder: null, ...control },
    dataFolder: folder,
  });
  onTestFinished(() => started.close());
  return started;
}

function dashboardFiles(): string {
  const built = path.join(folder, "renderer");
  fs.mkdirSync(path.join(built, "assets"), { recursive: true });
  fs.writeFileSync(path.join(built, "index.html"), "<!doctype html><title>Bellows</title>");
  fs.writeFileSync(path.join(built, "assets", "app-1a2b3c.js"), "export {};");
  fs.writeFileSync(path.join(built, "notes.secret"), "not a kind of file that is served");
  fs.symlinkSync(controlFilePath(folder), path.join(built, "assets", "stolen.json"));
  return built;
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  json: unknown;
}

/** Unlike fetch, sends every header and path exactly as given. */
function ask(
  method: string,
  target: string,
  options: { headers?: http.OutgoingHttpHeaders; body?: unknown } = {},
) {
  const { port } = new URL(server.url);
  const body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
  return new Promise<Answer>((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      method,
      path: target,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
    });
    request.on("error", reject);
    request.on("response", async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
    });
    request.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const bearer = (value = token) => ({ authorization: `Bearer ${value}` });
const linkToken = (url: string) => new URLSearchParams(new URL(url).hash.slice(1)).get("token") ?? "";

async function openSession(): Promise<string> {
  const answer = await ask("POST", "/api/session", { body: { token: linkToken(server.newDashboardUrl()) } });
  return answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

describe("a program", () => {
  it("finds the engine through a file that only its owner can read", () => {
    expect(readControlFile(folder)).toMatchObject({ url: server.url, pid: process.pid });
    expect(token.length).toBeGreaterThanOrEqual(43);
    if (process.platform !== "win32") expect(fs.statSync(controlFilePath(folder)).mode & 0o777).toBe(0o600);
  });

  it("can ask for every command with the token, and gets the contract's answer", async () => {
    const list = await ask("POST", "/api/command/jobs.list", { headers: bearer(), body: { limit: 1 } });
    expect(list).toMatchObject({ status: 200, json: { jobs: [{ leaseId: "lease_1" }], next: null } });
    expect((await ask("POST", "/api/command/run.pause", { headers: bearer() })).json).toEqual({
      intent: "paused",
    });
    expect(engine.asked.map(({ command }) => command)).toEqual(["jobs.list", "run.pause"]);
  });

  it("is told what went wrong and who must act", async () => {
    const command = (name: string, body?: unknown) =>
      ask("POST", `/api/command/${name}`, { headers: bearer(), body });
    expect(await command("jobs.get", { leaseId: "none" })).toMatchObject({
      status: 404,
      json: { code: "UNKNOWN_LEASE" },
    });
    expect(await command("jobs.list", { limit: 0 })).toMatchObject({
      status: 400,
      json: { code: "BAD_INPUT", actor: "user" },
    });
    expect(await command("run.fly")).toMatchObject({ status: 404, json: { code: "UNKNOWN_COMMAND" } });
    expect(await command("__proto__")).toMatchObject({ status: 404, json: { code: "UNKNOWN_COMMAND" } });
    expect(await command("jobs.list", "{")).toMatchObject({ status: 400, json: { code: "BAD_JSON" } });

    engine.deviceError = new Error("the driver is gone");
    expect(await command("devices.list")).toMatchObject({
      status: 500,
      json: { code: "UNEXPECTED", actor: "bug" },
    });
  });

  it("must send JSON as JSON, so that no form of another page can speak for it", async () => {
    const headers = { ...bearer(), "content-type": "text/plain" };
    const answer = await ask("POST", "/api/command/jobs.list", { headers, body: "{}" });
    expect(answer).toMatchObject({ status: 415, json: { code: "NOT_JSON" } });
  });

  it.each([
    ["nothing", {}],
    ["a wrong token", bearer("x".repeat(43))],
    ["an empty one", { authorization: "Bearer " }],
    ["the right one under the wrong scheme", { authorization: `Basic whatever` }],
    ["a made-up session", { cookie: "bellows_1=abc; bellows=def" }],
  ])("without access (%s) gets 401 and moves nothing", async (_what, headers) => {
    const answer = await ask("POST", "/api/command/run.stop", { headers, body: {} });
    expect(answer).toMatchObject({
      status: 401,
      json: { code: "UNAUTHORIZED", help: expect.stringContaining("bellows dashboard") },
    });
    expect((await ask("POST", "/api/dashboard-link", { headers, body: {} })).status).toBe(401);
    expect((await ask("GET", "/api/session", { headers })).status).toBe(401);
    expect(engine.asked).toEqual([]);
  });

  it("may send at most 1 MiB, announced or not", async () => {
    const big = JSON.stringify({ leaseId: "x".repeat(1024 * 1024) });
    const announced = await ask("POST", "/api/command/jobs.get", { headers: bearer(), body: big });
    expect(announced).toMatchObject({ status: 413, json: { code: "TOO_LARGE" } });
    const chunked = { ...bearer(), "transfer-encoding": "chunked" };
    expect(await ask("POST", "/api/command/jobs.get", { headers: chunked, body: big })).toMatchObject({
      status: 413,
    });
    expect(engine.asked).toEqual([]);
  });

  it("can ask whether this is Bellows without any token, and learns nothing else", async () => {
    const answer = await ask("GET", "/api/health");
    expect(answer).toMatchObject({ status: 200, json: { app: "bellows", status: "ok" } });
    expect(Object.keys(answer.json as object)).toHaveLength(2);
  });

  it("learns from the token of a control file whether this engine wrote it", async () => {
    expect((await ask("GET", "/api/health", { headers: bearer() })).status).toBe(200);
    const other = await ask("GET", "/api/health", { headers: bearer("t".repeat(43)) });
    expect(other).toMatchObject({ status: 401, json: { app: "bellows", status: "another" } });
  });
});

describe("a control file left by a power cut, whose port another engine has now", () => {
  let left: string;

  beforeEach(() => {
    left = tempFolder();
    const file = { url: server.url, token: "t".repeat(43), pid: process.pid, startedAt: 1 };
    for (const name of ["live", "demo"]) {
      fs.mkdirSync(path.join(left, name));
      writeControlFile(path.join(left, name), file);
    }
  });

  it("keeps neither `serve` nor the app from starting", async () => {
    const live = path.join(left, "live");
    await expect(refuseSecondServe(live)).resolves.toBeUndefined();
    await expect(refuseSecondApp(live, {})).resolves.toBeUndefined();
    await expect(refuseSecondServe(folder)).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
    await expect(refuseSecondApp(folder, {})).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
  });

  it("is no engine to a command or a fleet: nothing runs there, and an engine of the same folder is found behind it", async () => {
    const where = { env: { BELLOWS_DATA_DIR: left }, flags: {}, paths: locatePaths({ env: {} }) };
    const inventory = {
      workers: [{ name: "left", source: { kind: "data", folder: left } as const }],
      prometheus: null,
    };
    await expect(findEngine(where)).rejects.toMatchObject({ code: "ENGINE_NOT_RUNNING" });
    const { workers } = await readFleet(inventory, AbortSignal.timeout(10_000));
    expect(workers).toMatchObject([{ reached: false, error: { code: "ENGINE_NOT_RUNNING" } }]);
    fs.copyFileSync(controlFilePath(folder), controlFilePath(path.join(left, "demo")));
    expect((await findEngine(where)).url).toBe(server.url);
  });
});

describe("a browser", () => {
  it("trades its link's token for a session once, and never again", async () => {
    const used = linkToken(server.dashboardUrl);
    const first = await ask("POST", "/api/session", { body: { token: used } });
    expect(first.status).toBe(204);
    expect(first.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);

    const again = await ask("POST", "/api/session", { body: { token: used } });
    expect(again).toMatchObject({
      status: 401,
      json: { code: "LINK_USED", help: expect.stringContaining("bellows dashboard") },
    });
    expect(again.headers["set-cookie"]).toBeUndefined();
  });

  it("can't use the program's token as a link, nor a link's token as the program's", async () => {
    expect((await ask("POST", "/api/session", { body: { token } })).status).toBe(401);
    expect((await ask("POST", "/api/session", { body: { token: 7 } })).status).toBe(401);
    const link = linkToken(server.newDashboardUrl());
    expect((await ask("POST", "/api/command/run.stop", { headers: bearer(link), body: {} })).status).toBe(
      401,
    );
  });

  it("commands the engine with its session, from our own page only", async () => {
    const cookie = await openSession();
    const pause = (origin?: string) =>
      ask("POST", "/api/command/run.pause", { headers: { cookie, ...(origin ? { origin } : {}) }, body: {} });
    expect((await ask("GET", "/api/session", { headers: { cookie } })).status).toBe(204);
    expect((await pause(server.url)).status).toBe(200);
    expect((await pause("http://127.0.0.1:3000")).status).toBe(403); // Another port is the same site: the cookie is sent.
    expect((await pause("http://evil.example")).status).toBe(403);
    expect((await pause("null")).status).toBe(403);
    expect((await pause()).status).toBe(403);
    expect(engine.asked).toHaveLength(1);
  });

  it("gets a new link from a program that asks for one", async () => {
    const { json } = await ask("POST", "/api/dashboard-link", { headers: bearer(), body: {} });
    const { dashboardUrl } = json as { dashboardUrl: string };
    expect(dashboardUrl.startsWith(`${server.url}/#token=`)).toBe(true);
    expect((await ask("POST", "/api/session", { body: { token: linkToken(dashboardUrl) } })).status).toBe(
      204,
    );
  });

  it("is not let in by a name that was made to point here", async () => {
    const { port } = new URL(server.url);
    for (const host of [
      `evil.example:${port}`,
      "127.0.0.1",
      "127.0.0.1:1",
      `127.0.0.1.evil.example:${port}`,
    ]) {
      const headers = { ...bearer(), host };
      expect(await ask("POST", "/api/command/run.stop", { headers, body: {} })).toMatchObject({
        status: 403,
      });
      expect(await ask("GET", "/", { headers })).toMatchObject({ status: 403 });
    }
    expect((await ask("GET", "/api/health", { headers: { host: `localhost:${port}` } })).status).toBe(200);
    expect(engine.asked).toEqual([]);
  });
});

describe("the dashboard", () => {
  it("is served with rules that keep everything else out", async () => {
    const page = await ask("GET", "/");
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining("Bellows") });
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    const policy = String(page.headers["content-security-policy"]).split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        `connect-src 'self' ws://${new URL(server.url).host}`,
        "frame-ancestors 'none'",
      ]),
    );
  });

  it("lets what has its content's hash in its name be kept for ever", async () => {
    const script = await ask("GET", "/assets/app-1a2b3c.js");
    expect(script.headers).toMatchObject({ "content-type": "text/javascript; charset=utf-8" });
    expect(script.headers["cache-control"]).toContain("immutable");
    expect((await ask("HEAD", "/assets/app-1a2b3c.js")).text).toBe("");
  });

  it.each([
    "/../control.json",
    "/assets/../../control.json",
    "/%2e%2e/control.json",
    "/assets/%2e%2e%2f%2e%2e%2fcontrol.json",
    "/..%5c..%5ccontrol.json",
    "//etc/passwd",
    "/assets/stolen.json",
    "/notes.secret",
    "/assets/",
    "/index.html%00.js",
  ])("has nothing at %s", async (target) => {
    const answer = await ask("GET", target);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain(token);
  });

  it("takes nothing but GET and HEAD", async () => {
    expect((await ask("POST", "/", { headers: bearer(), body: {} })).status).toBe(404);
    expect((await ask("DELETE", "/index.html", { headers: bearer() })).status).toBe(404);
  });
});

describe("a socket", () => {
  function open(headers: Record<string, string>, target = "/api/socket"): WebSocket {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}${target}`, { headers });
    onTestFinished(() => socket.terminate());
    return socket;
  }

  async function refusal(headers: Record<string, string>, target?: string): Promise<number> {
    const socket = open(headers, target);
    socket.on("error", () => undefined);
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, http.IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  }

  function channelOf(socket: WebSocket): Channel {
    return {
      post: (message) => socket.send(JSON.stringify(message)),
      onMessage(listener) {
        const onMessage = (data: Buffer) => listener(JSON.parse(data.toString("utf8")));
        socket.on("message", onMessage);
        return () => socket.off("message", onMessage);
      },
      onClose(listener) {
        socket.on("close", listener);
        return () => socket.off("close", listener);
      },
    };
  }

  it("speaks the whole contract and carries every delta to every client", async () => {
    const cookie = await openSession();
    const sockets = [open(bearer()), open({ cookie, origin: server.url })];
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    const clients = sockets.map((socket) => connectContract(channelOf(socket)));
    const seen = clients.map((client) => new Promise<Delta>((resolve) => client.on("state.delta", resolve)));

    const snapshots = await Promise.all(clients.map((client) => client.invoke("state.snapshot", {})));
    expect(snapshots.map((snapshot) => snapshot.seq)).toEqual([7, 7]);
    await expect(clients[0]?.invoke("jobs.get", { leaseId: "none" })).rejects.toMatchObject({
      code: "UNKNOWN_LEASE",
    });

    const sent = engine.emit({ headline: { ...engine.state.headline, sentence: "Paused", level: "paused" } });
    expect(await Promise.all(seen)).toEqual([sent, sent]);
  });

  it("is refused before it opens when the caller is not known or comes from elsewhere", async () => {
    const cookie = await openSession();
    expect(await refusal({})).toBe(401);
    expect(await refusal(bearer("y".repeat(43)))).toBe(401);
    expect(await refusal({ cookie })).toBe(403);
    expect(await refusal({ cookie, origin: "http://127.0.0.1:3000" })).toBe(403);
    expect(await refusal({ ...bearer(), host: "evil.example" })).toBe(403);
    expect(await refusal(bearer(), "/api/other")).toBe(404);
  });

  it("is closed for what is not JSON or is too much", async () => {
    for (const [message, code] of [
      ["no json", 1007],
      [Buffer.of(1, 2, 3), 1007],
      ["x".repeat(1024 * 1024 + 1), 1009],
    ] as const) {
      const socket = open(bearer());
      await once(socket, "open");
      socket.send(message);
      expect((await once(socket, "close"))[0]).toBe(code);
    }
  });

  it("that went away is not told anything any more", async () => {
    const socket = open(bearer());
    await once(socket, "open");
    socket.terminate();
    engine.emit({});
    const other = open(bearer());
    await once(other, "open");
    engine.emit({});
    expect(JSON.parse(String((await once(other, "message"))[0]))).toMatchObject({ event: "state.delta" });
  });
});

describe("the server", () => {
  it.each(ODD_TARGETS)("lives on after a request for %s, from somebody it knows or not", async (target) => {
    for (const headers of [{}, bearer(), { host: "[" }]) {
      expect(await statusOf(server.url, target, { headers })).toBeGreaterThanOrEqual(400);
      await statusOf(server.url, target, {
        headers: { ...headers, ...UPGRADE },
      });
    }
    expect((await ask("GET", "/healthz")).status).toBe(200);
  });

  it("refuses a port it was told to take and can't, and says so", async () => {
    const port = Number(new URL(server.url).port);
    await expect(start({ port })).rejects.toMatchObject({
      code: "PORT_IN_USE",
      actor: "user",
      message: expect.stringContaining(String(port)),
      help: expect.stringContaining("--port"),
    });
  });

  it("takes another port when nobody insisted on this one", async () => {
    const port = Number(new URL(server.url).port);
    const other = await start({ port, explicit: false });
    expect(other.url).not.toBe(server.url);
    expect((await fetch(`${other.url}/api/health`)).status).toBe(200);
  });

  it("listens on loopback only", async () => {
    const { port } = new URL(server.url);
    const socket = net.connect({ host: "::1", port: Number(port) });
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|EADDRNOTAVAIL/) });
  });

  it("serves no page without a dashboard, and says so in JSON", async () => {
    server = await start();
    expect(await ask("GET", "/")).toMatchObject({ status: 404, json: { code: "NOT_FOUND" } });
  });

  it("ends with every connection closed, nobody subscribed and its file gone", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/socket`, { headers: bearer() });
    await once(socket, "open");
    const closed = once(socket, "close");
    await Promise.all([server.close(), server.close()]);
    expect((await closed)[0]).toBe(1001);
    expect(fs.existsSync(controlFilePath(folder))).toBe(false);
    expect(engine.listeners).toBe(0);
    await expect(fetch(`${server.url}/api/health`)).rejects.toThrow();
  });

  it("does not wait for a client that holds its connection open", async () => {
    const { port } = new URL(server.url);
    const idle = net.connect({ host: "127.0.0.1", port: Number(port) });
    await once(idle, "connect");
    idle.write("POST /api/command/run.start HTTP/1.1\r\n");
    const ended = once(idle, "close");
    idle.on("error", () => undefined);
    idle.resume();
    await server.close();
    await ended;
  });

  it("leaves the file of an engine that started since", async () => {
    const second = await start();
    await server.close();
    expect(readControlFile(folder)).toMatchObject({ url: second.url });
  });
});
