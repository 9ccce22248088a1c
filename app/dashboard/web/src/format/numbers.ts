const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
/** What stands where a value is not known. */
export const UNKNOWN = "–";

/** A count: 1,204. */
export function countText(count: number | null | undefined): string {
  return count == null ? UNKNOWN : WHOLE.format(count);
}

/** A large count in little room: 1.2M. */
export function compactText(count: number | null | undefined): string {
  return count == null ? UNKNOWN : COMPACT.format(count);
}

/** A number with so many places: 0.137. */
export function decimalText(value: number | null | undefined, places = 2): string {
  if (value == null) return UNKNOWN;
  return new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

/** A share as percent: 0.137 is 13.7 %. */
export function percentText(share: number | null | undefined, places = 1): string {
  return share == null ? UNKNOWN : `${decimalText(share * 100, places)} %`;
}

/** A size on disk: 1.4 MB. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes == null) return UNKNOWN;
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${decimalText(bytes / 1000 ** step, step === 0 ? 0 : 1)} ${units[step]}`;
}
