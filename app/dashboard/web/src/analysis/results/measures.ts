import { countText, decimalText, UNKNOWN } from "../../format/numbers";
import type { Figure, Path } from "./figures";

/** How a number is written: as a share in percent, as a price, or as it is. */
export type Scale = "percent" | "price" | "plain";

// What stands behind the percent sign for the units that are shares of one.
const SHARES: Readonly<Record<string, string>> = {
  "fraction a year": "a year",
  "a year": "a year",
  fraction: "",
  "log return": "(log)",
};
const PRICES = new Set(["points", "price"]);
const SHARE_NAMES = new Set([
  "base_rate",
  "bounce_rate",
  "confidence",
  "coverage",
  "frequency",
  "hit_rate",
  "jump_share",
  "probability",
  "rate",
]);
const LONG = 8;

/** How the number at a place of a document is shown: by its unit, and by its name where it has none. */
export function scaleOf(path: Path, unit: string | undefined): Scale {
  if (unit !== undefined) return unit in SHARES ? "percent" : PRICES.has(unit) ? "price" : "plain";
  const isNamed = SHARE_NAMES.has(path.at(-1) ?? "");
  const isWeight = path.length > 2 && path.slice(0, -1).includes("weights");
  const isRank = path.at(-2) === "volatility" && path.at(-1) === "label";
  return isNamed || isWeight || isRank ? "percent" : "plain";
}

/** The unit as it stands behind the number. */
export function unitText(unit: string | undefined): string {
  return SHARES[unit ?? ""] ?? unit ?? "";
}

/** A number rounded for reading: shares in percent, prices with five digits, others with three; a text as it is. */
export function readable(value: unknown, scale: Scale): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return value == null ? UNKNOWN : String(value);
  if (scale === "percent") return `${percentDigits(value * 100)} %`;
  if (Number.isInteger(value)) return minus(countText(value));
  if (isShort(value)) return minus(value.toLocaleString("en-US", { maximumFractionDigits: 12 }));
  if (Math.abs(value) >= 1_000) return minus(decimalText(value, 2));
  return minus(Number(value.toPrecision(scale === "price" ? 5 : 3)).toString());
}

/** A figure's value with its unit: 16.3 % a year. */
export function valueText(figure: Figure, path: Path): string {
  if (figure.value === null) return UNKNOWN;
  const scale = scaleOf(path, figure.unit);
  const unit = unitText(figure.unit);
  return `${readable(figure.value, scale)}${unit === "" || unit === "price" ? "" : ` ${unit}`}`;
}

/** A figure's interval: 16.0 % to 16.6 %; null where it has none. */
export function intervalText(figure: Figure, path: Path): string | null {
  if (figure.ci === undefined) return null;
  const scale = scaleOf(path, figure.unit);
  return `${readable(figure.ci[0], scale)} to ${readable(figure.ci[1], scale)}`;
}

/** A p-value to three decimals, or that it is below them. */
export function pText(value: number): string {
  return value < 0.001 ? "< 0.001" : value.toFixed(3);
}

/** A number with so many places; one that rounds to nothing has no sign. */
export function placesText(value: number, places: number): string {
  const text = decimalText(value, places);
  return Number(text.replaceAll(",", "")) === 0 ? text.replace("-", "") : minus(text);
}

function percentDigits(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return minus(Number(value.toPrecision(2)).toString());
  if (Math.abs(value - Math.round(value)) < 1e-9) return minus(countText(Math.round(value)));
  return minus(decimalText(value, Math.abs(value) >= 10 ? 1 : 2));
}

function isShort(value: number): boolean {
  const told = String(value);
  return !told.includes("e") && told.replace(/^[-0.]+/, "").replace(/\D/g, "").length <= LONG;
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}
