import type { FieldError } from "../../api/problems";
import type { Field, Schema } from "./schema";

/** What is filled in, by a field's path: text as it was typed, or the chosen ones; empty is not filled in. */
export type Values = Readonly<Record<string, string | readonly string[]>>;
/** What is wrong, by a field's path. */
export type Errors = Readonly<Record<string, string>>;

/** The body of a request, without what is left empty; or what is wrong with what is filled in. */
export function bodyOf(fields: readonly Field[], values: Values): { body: Record<string, unknown>; errors: Errors } {
  const body: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const filled = filledIn(values[field.path] ?? "");
    if (filled.length === 0) {
      if (field.isRequired) errors[field.path] = "it is needed";
      continue;
    }
    const wrong = whatIsWrong(field, filled);
    if (wrong === null) put(body, field.path.split("."), read(field, filled));
    else errors[field.path] = wrong;
  }
  return { body, errors };
}

/** What the server says of a field, or of a part of it; undefined when it says nothing. */
export function saidOf(path: string, errors: readonly FieldError[]): string | undefined {
  const said = errors.filter(({ field }) => field === path || field.startsWith(`${path}.`));
  return said.length === 0 ? undefined : said.map((one) => one.detail).join("; ");
}

/** What the server says of no field of the form. */
export function saidOfNone(fields: readonly Field[], errors: readonly FieldError[]): readonly FieldError[] {
  return errors.filter((one) => fields.every((field) => saidOf(field.path, [one]) === undefined));
}

/** What a field may be, in words: 99 to 1,999; above 0, up to 1. Empty where anything goes. */
export function boundsText({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const text = (value: number) => value.toLocaleString("en-US");
  if (minimum !== undefined && maximum !== undefined) return `${text(minimum)} to ${text(maximum)}`;
  const low =
    minimum !== undefined
      ? `from ${text(minimum)}`
      : exclusiveMinimum !== undefined
        ? `above ${text(exclusiveMinimum)}`
        : "";
  const high =
    maximum !== undefined
      ? `up to ${text(maximum)}`
      : exclusiveMaximum !== undefined
        ? `below ${text(exclusiveMaximum)}`
        : "";
  return [low, high].filter(Boolean).join(", ");
}

/** What counts where a field is left empty, in words; null where that is nothing. */
export function defaultText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value)
    ? value.join(", ")
    : typeof value === "number"
      ? value.toLocaleString("en-US")
      : String(value);
}

// A list that is being typed has empty words between and after its separators.
function filledIn(value: string | readonly string[]): string | readonly string[] {
  return typeof value === "string" ? value : value.filter((one) => one.trim() !== "");
}

function read(field: Field, filled: string | readonly string[]): unknown {
  if (typeof filled !== "string") return [...filled];
  switch (field.kind) {
    case "number":
    case "integer":
      return Number(filled);
    case "boolean":
      return filled === "yes";
    case "date-time":
      // A browser's field has no zone; the form says that it is UTC.
      return new Date(`${filled}Z`).toISOString();
    default:
      return filled.trim();
  }
}

function whatIsWrong(field: Field, filled: string | readonly string[]): string | null {
  const { schema, kind } = field;
  if (typeof filled !== "string") {
    return schema.maxItems !== undefined && filled.length > schema.maxItems ? `${schema.maxItems} at most` : null;
  }
  if (kind === "number" || kind === "integer") return wrongNumber(schema, kind, Number(filled.trim() || "x"));
  if (kind === "date-time" && Number.isNaN(Date.parse(`${filled}Z`))) return "it is no date and time";
  if (schema.maxLength !== undefined && filled.trim().length > schema.maxLength)
    return `${schema.maxLength} letters at most`;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(filled.trim()))
    return `it has to look like ${schema.pattern}`;
  return null;
}

function wrongNumber(schema: Schema, kind: "number" | "integer", value: number): string | null {
  if (!Number.isFinite(value)) return "it has to be a number";
  if (kind === "integer" && !Number.isInteger(value)) return "it has to be a whole number";
  const isLow = value < (schema.minimum ?? -Infinity) || value <= (schema.exclusiveMinimum ?? -Infinity);
  const isHigh = value > (schema.maximum ?? Infinity) || value >= (schema.exclusiveMaximum ?? Infinity);
  return isLow || isHigh ? `it has to be ${boundsText(schema)}` : null;
}

function put(body: Record<string, unknown>, [first = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) body[first] = value;
  else {
    const inner = (body[first] ?? {}) as Record<string, unknown>;
    body[first] = inner;
    put(inner, rest, value);
  }
}
