/** Many machines in one process, for the bench of the fleet: each answers with what one real engine said. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Said {
  readonly metrics: string;
  readonly snapshot: string;
  readonly level: string;
  /** Prometheus' answer to the one question that is put to it. */
  readonly prometheus: string;
}

process.once("message", (said: Said) => {
  const server = createServer(({ url = "" }, response) => {
    if (url.startsWith("/api/v1/query")) response.end(said.prometheus);
    else if (url.endsWith("/state.snapshot")) response.end(said.snapshot);
    else if (url.endsWith("/service.level")) response.end(said.level);
    else response.end(said.metrics);
  }).listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
});
process.once("disconnect", () => process.exit(0));
