/** The names of the back ends, apart from the runtime's messages: the dashboard shows them and needs nothing else. */
import { z } from "zod";

export const BackendSchema = z.enum(["cuda", "cpu", "webgpu", "dml"]);
