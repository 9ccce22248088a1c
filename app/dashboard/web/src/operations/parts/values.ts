import { UNKNOWN } from "../../format/numbers";

const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/** A value of a record that names its own fields, as a person reads it; what is not known is a dash. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return UNKNOWN;
  if (typeof value === "number") return NUMBER.format(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  if (typeof value !== "object") return String(value);
  const parts = Object.entries(value).map(([name, one]) => `${name} ${valueText(one)}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** The name of a field in words: expected_minutes is "expected minutes". */
export function fieldText(name: string): string {
  return name.replaceAll("_", " ");
}

/** The number that a record has under a name; null where it has none. */
export function numberIn(record: Readonly<Record<string, unknown>> | undefined, name: string): number | null {
  const value = record?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The numbers by key that a record has under a name; those that are not known are null. */
export function numbersIn(
  record: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, number | null>> {
  const value = record?.[name];
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typeof one === "number" ? one : null]));
}

/** How many a first page tells of: the count, or that there are more than that. */
export function atLeastText(count: number, hasMore: boolean): string {
  return hasMore ? `${count}+` : String(count);
}
