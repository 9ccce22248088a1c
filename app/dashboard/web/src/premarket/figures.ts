import { statusText } from "../analysis/wording";
import { decimalText, percentText, UNKNOWN } from "../format/numbers";
import { type Priced, reckonedPriceText } from "../format/prices";

/** A figure of an analysis: its value, and how far it can be trusted. */
export interface Figure {
  readonly value: number | string | null;
  readonly n: number;
  readonly status: "ok" | "low_history" | "insufficient_data" | "not_significant" | "degraded_data";
  readonly method: string;
  readonly window: string;
  readonly asof: string;
  readonly unit?: string;
  readonly label?: string;
  readonly reason?: string;
  readonly stderr?: number;
  readonly p_value?: number;
  readonly ci?: readonly [number, number];
  readonly ci_level?: number;
}

// Less than a point counts, too, where the tick is a point or more.
const LEAST_PLACES = 2;

/** What lies at a path of a document; undefined where there is nothing. */
export function at(document: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (isMapping(node) ? node[key] : undefined), document);
}

/** The figure at a path; null where there is none. */
export function figureAt(document: unknown, ...path: readonly string[]): Figure | null {
  const node = at(document, ...path);
  const isFigure = isMapping(node) && "value" in node && "n" in node && "status" in node && "method" in node;
  return isFigure ? (node as unknown as Figure) : null;
}

/** The text at a path; empty where there is none. */
export function textAt(document: unknown, ...path: readonly string[]): string {
  const node = at(document, ...path);
  return typeof node === "string" ? node : "";
}

/** The parts of what lies at a path, by name. */
export function partsAt(document: unknown, ...path: readonly string[]): readonly (readonly [string, unknown])[] {
  const node = at(document, ...path);
  return isMapping(node) ? Object.entries(node) : [];
}

/** A figure's value in its unit; prices as the instrument has them. */
export function figureText(figure: Figure | null, instrument?: Priced, places = 3): string {
  if (figure === null || figure.value === null) return UNKNOWN;
  return typeof figure.value === "string"
    ? figure.value
    : numberText(figure.value, figure.unit ?? "", instrument, places);
}

/** A number in a unit of figures. */
export function numberText(value: number, unit: string, instrument?: Priced, places = 3): string {
  if (unit.endsWith("contracts") || unit === "sessions") return decimalText(value, 0);
  if (unit === "log return" || unit.startsWith("fraction")) return percentText(value);
  if (unit === "price") return reckonedPriceText(value, instrument);
  if (unit === "points") return decimalText(value, Math.max(LEAST_PLACES, instrument?.tick_decimals ?? 0));
  if (unit === "currency" || unit === "USD") return decimalText(value, 0);
  return decimalText(value, places);
}

/** A figure's interval, 0.52–0.60 (≈ once where an end is not quite it), or −2.10 to 3.05 where a dash would be mistaken; empty where it has none. */
export function intervalText(figure: Figure | null, instrument?: Priced, places = 3): string {
  if (!figure?.ci) return "";
  const unit = figure.unit === "points" ? "price" : (figure.unit ?? "");
  const ends = figure.ci.map((end) => numberText(end, unit, instrument, places));
  const [low, high] = ends.map((end) => end.replace("≈", ""));
  const about = ends.some((end) => end.startsWith("≈")) ? "≈" : "";
  return figure.ci[0] < 0 ? `${about}${low} to ${high}` : `${about}${low}–${high}`;
}

/** How far a figure can be trusted, in a word beside its value; nothing where all is well. */
export function trustText(figure: Figure): string {
  return figure.status === "ok" ? "" : statusText(figure.status);
}

/** A figure that is a share of one, so that it and its interval are written in percent. */
export function shareOf(figure: Figure | null): Figure | null {
  return figure && { ...figure, unit: "fraction" };
}

function isMapping(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}
