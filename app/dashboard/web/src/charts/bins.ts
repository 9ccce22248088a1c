/** Predictions that said about the same: their mean probability, how often it came so, and its interval. */
export interface ReliabilityBin {
  readonly said: number;
  readonly came: number;
  readonly n: number;
  readonly interval: readonly [number, number] | null;
}

/** A bin as documents have it: what was said, and the figure of how often it came so. */
interface ToldBin {
  readonly p?: unknown;
  readonly rate?: { readonly value?: unknown; readonly n?: unknown; readonly ci?: readonly [number, number] } | null;
}

/** The bins of a calibration as they are drawn, in the order of what was said; one whose share is not known is left out. */
export function binsOf(told: unknown): ReliabilityBin[] {
  if (!Array.isArray(told)) return [];
  return told
    .flatMap((bin: ToldBin | null) => {
      const { p: said, rate } = bin ?? {};
      const { value: came, n, ci } = rate ?? {};
      if (typeof said !== "number" || typeof came !== "number" || typeof n !== "number") return [];
      return [{ said, came, n, interval: ci ?? null }];
    })
    .sort((one, other) => one.said - other.said);
}
