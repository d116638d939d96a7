/** Path or name of the tool that set-up found, or null when there is none. */
export function prometheusTool(tool: "prometheus" | "promtool"): string | null;
