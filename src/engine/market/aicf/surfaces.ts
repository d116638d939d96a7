/** Which of AICF's three surfaces (queue, node, events) are there, and what is missing without one. */
import type { AicfConfig } from "../../../shared/config.ts";

type Surface = "node" | "events";
/** "lacking": it answers, and has nothing of AICF's. */
type Answered = boolean | "lacking";

export class Surfaces {
  readonly #config: Pick<AicfConfig, "queueUrl" | "rpcUrl">;
  /** By the last try; a surface nobody has tried yet is not reported. */
  readonly #answers = new Map<Surface, Answered>();

  constructor(config: Pick<AicfConfig, "queueUrl" | "rpcUrl">) {
    this.#config = config;
  }

  note(surface: Surface, answered: Answered): void {
    this.#answers.set(surface, answered);
  }

  limits(): string[] {
    const { queueUrl, rpcUrl } = this.#config;
    const limits: string[] = [];
    if (queueUrl === null) {
      limits.push("No queue is configured (AICF_QUEUE_URL): no work is taken, the node's books are shown.");
    }
    if (rpcUrl === null) {
      limits.push("No node is configured (RPC_URL): payouts are not claimed and the balance is not known.");
    } else if (this.#answers.get("node") === false) {
      limits.push("The node does not answer: payouts are claimed when it does.");
    }
    if (this.#answers.get("node") === "lacking") {
      limits.push("The node has no AICF module: payouts count when they are settled, and are not claimed.");
    }
    if (this.#answers.get("events") === false) {
      limits.push("The market's event stream is not connected: news come with the next poll.");
    }
    return limits;
  }
}
