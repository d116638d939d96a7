/** The names of the back ends, apart from the runtime's messages: the dashboard shows them and needs nothing else. */
import { z } from "zod";

/** What a runtime process of ours can compute with. */
export const BackendSchema = z.enum(["cuda", "cpu", "webgpu", "dml"]);

/** What a model of ours runs on: llama.cpp has Vulkan besides. */
export const RunsOnSchema = z.enum([...BackendSchema.options, "vulkan"]);
export type RunsOn = z.infer<typeof RunsOnSchema>;

/** Who computed: one of those, or an Ollama that runs on this machine anyway. */
export const ComputedBySchema = z.enum([...RunsOnSchema.options, "ollama"]);
export type ComputedBy = z.infer<typeof ComputedBySchema>;
