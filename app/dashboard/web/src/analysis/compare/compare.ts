import { UNKNOWN } from "../../format/numbers";
import type { Job } from "../jobs/jobs";
import { type Figure, figuresIn, type Path } from "../results/figures";
import { readable, scaleOf } from "../results/measures";

/** A figure in two analyses; undefined in the one that lacks it. */
export interface Compared {
  readonly path: Path;
  readonly a: Figure | undefined;
  readonly b: Figure | undefined;
  /** b less a, where both are numbers. */
  readonly difference: number | null;
  readonly isDifferent: boolean;
  /** Whether their intervals do not overlap; null where one has none. */
  readonly isApart: boolean | null;
}

/** A setting of two analyses, as text. */
export interface Setting {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

/** All figures of two parts of documents by their place, those of `a` first. */
export function compareFigures(a: unknown, b: unknown, base: Path = []): Compared[] {
  const ours = new Map(figuresIn(a, base).map((one) => [one.path.join("/"), one]));
  const theirs = new Map(figuresIn(b, base).map((one) => [one.path.join("/"), one]));
  return [...new Set([...ours.keys(), ...theirs.keys()])].map((key) => {
    const path = (ours.get(key) ?? theirs.get(key))?.path ?? [];
    return compared(path, ours.get(key)?.figure, theirs.get(key)?.figure);
  });
}

/** The settings in which two jobs differ: what was asked, and every parameter. */
export function differingSettings(a: Job, b: Job): Setting[] {
  const [ours, theirs] = [settingsOf(a), settingsOf(b)];
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  return names
    .map((name) => ({ name, a: text(ours[name]), b: text(theirs[name]) }))
    .filter((setting) => setting.a !== setting.b);
}

/** How much more b is than a: shares in points of percent, other numbers to three digits; – where that is not known. */
export function differenceText({ difference, path, a }: Compared): string {
  if (difference === null) return UNKNOWN;
  const isShare = scaleOf(path, a?.unit) === "percent";
  const text = readable(Number((isShare ? difference * 100 : difference).toPrecision(3)), "plain");
  return `${difference > 0 ? "+" : ""}${text}${isShare ? " pp" : ""}`;
}

function compared(path: Path, a: Figure | undefined, b: Figure | undefined): Compared {
  const areNumbers = typeof a?.value === "number" && typeof b?.value === "number";
  return {
    path,
    a,
    b,
    difference: areNumbers ? Number(b.value) - Number(a.value) : null,
    isDifferent: told(a) !== told(b),
    isApart: a?.ci && b?.ci ? a.ci[1] < b.ci[0] || b.ci[1] < a.ci[0] : null,
  };
}

// Windows and instants differ whenever the range does; what they led to is what is compared.
function told(figure: Figure | undefined): string {
  return JSON.stringify(figure && [figure.value, figure.status, figure.label, figure.ci]);
}

function settingsOf(job: Job): Record<string, unknown> {
  const { kind, symbols, start_date, end_date, asof, parameters } = job;
  return { kind, symbols: [...symbols].sort(), start_date, end_date, asof, ...parameters };
}

function text(value: unknown): string {
  if (value === null || value === undefined) return "unset";
  if (typeof value === "number") return readable(value, "plain");
  return Array.isArray(value) ? value.join(", ") : String(value);
}
