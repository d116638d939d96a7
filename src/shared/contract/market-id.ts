/** Which market: the one name that every other schema of the contract may need. */
import { z } from "zod";

export const MarketIdSchema = z.enum(["aitbc", "aicf"]);
export type MarketId = z.infer<typeof MarketIdSchema>;
