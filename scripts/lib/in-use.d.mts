export function markInUse(folder?: string): () => void;
export function isInUse(folder?: string): boolean;
