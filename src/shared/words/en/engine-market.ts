/** What does not work at a market, because something of it is not there or can't be read (engine/market/limits.ts). */
export const engineMarket = {
  limitNoQueue: "No queue is configured (AICF_QUEUE_URL): no work is taken, the node's books are shown.",
  limitNoNode: "No node is configured (RPC_URL): payouts are not claimed and the balance is not known.",
  limitNodeSilent: "The node does not answer: payouts are claimed when it does.",
  limitNodeLacking: "The node has no AICF module: payouts count when they are settled, and are not claimed.",
  limitNoEvents: "The market's event stream is not connected: news come with the next poll.",
  limitBooksUnread: "What was paid can't be read: {{why}}",
};
