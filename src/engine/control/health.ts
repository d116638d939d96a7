/**
 * `GET /healthz`, `/readyz` and `/api/health`, which a container's probes ask every few seconds: answered to nobody in
 * particular, without loading anything. Who asks the last with a token hears 401 where it is not ours.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "./access.ts";
import { securityHeaders } from "./dashboard-files.ts";
import { healthAnswer, type Readiness } from "./readiness.ts";

export interface HealthParts {
  readonly access: Access;
  readonly readiness: () => Readiness;
}

/** False: it was another question, or from elsewhere, and is not answered yet. */
export function answerHealth(
  { method, url = "", headers }: IncomingMessage,
  response: ServerResponse,
  { access, readiness }: HealthParts,
): boolean {
  if ((method !== "GET" && method !== "HEAD") || !access.comesFromHere(headers)) return false;
  const answer = answerTo(url.split("?", 1)[0], isMeantForAnother(headers, access), readiness);
  if (answer === null) return false;
  const body = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    ...securityHeaders(headers.host ?? ""),
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(method === "HEAD" ? undefined : body);
  return true;
}

/** Asked with the token of an engine that had this port before: it is not the one that is looked for. */
function isMeantForAnother({ authorization }: IncomingHttpHeaders, access: Access): boolean {
  return authorization !== undefined && access.callerOf({ authorization }) === null;
}

function answerTo(path: string | undefined, isForAnother: boolean, readiness: () => Readiness) {
  if (path !== "/api/health") return healthAnswer(path, readiness);
  return isForAnother
    ? { status: 401, body: { app: "bellows", status: "another" } }
    : { status: 200, body: { app: "bellows", status: "ok" } };
}
