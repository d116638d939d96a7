/** The kinds of question a session asks its market: each has its own trouble, and is left alone by itself when the market says so. */
export type MarketCall =
  | "connect"
  | "register"
  | "heartbeat"
  | "poll"
  | "leases"
  | "submit"
  | "renew"
  | "standing"
  | "books";
