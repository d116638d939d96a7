/** A browser WebSocket as a contract channel: one JSON message per frame. */
import type { Channel } from "../../shared/contract/rpc.ts";

export function socketChannel(socket: WebSocket): Channel {
  return {
    post(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      const handle = (event: MessageEvent) => {
        const message = parse(event.data);
        if (message !== undefined) listener(message);
      };
      socket.addEventListener("message", handle);
      return () => socket.removeEventListener("message", handle);
    },
    onClose(listener) {
      const handle = () => listener();
      socket.addEventListener("close", handle);
      return () => socket.removeEventListener("close", handle);
    },
  };
}

function parse(data: unknown): unknown {
  if (typeof data !== "string") return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined; // Not ours: the contract's own checks decide about everything that is JSON.
  }
}
