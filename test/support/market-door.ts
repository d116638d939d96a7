/** A door before a market's queue: bytes pass through it unchanged, and somebody hears when a wish for a lease goes by. */
import { type AddressInfo, connect, createServer, type Server } from "node:net";

/** AICF's and AITBC's. */
const LEASE_WISHES = /^POST \/v1\/(leases|miners\/poll)\b/m;

export async function openDoor(
  to: string,
  onWish: () => void,
): Promise<{ readonly url: string; readonly server: Server }> {
  const { hostname, port } = new URL(to);
  const server = createServer((caller) => {
    const callee = connect(Number(port), hostname);
    caller.on("data", (chunk) => {
      if (LEASE_WISHES.test(chunk.toString("latin1"))) onWish();
    });
    caller.pipe(callee).pipe(caller);
    for (const each of [caller, callee]) {
      each.on("error", () => undefined); // The other end is told by its close.
      each.on("close", () => {
        caller.destroy();
        callee.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
