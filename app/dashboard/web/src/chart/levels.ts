import type { Priced } from "../format/prices";
import type { AnalysisDocument } from "./analysis";
import { levelText } from "./axisText";
import type { Level } from "./Board";
import type { Colours } from "./colours";

/** A level that an analysis found, and how sure it is by its own word. */
export interface FoundLevel {
  readonly side: "support" | "resistance";
  readonly price: number;
  readonly method: string;
  readonly window: string;
  readonly asof: string;
  readonly status: string;
  readonly reason: string | null;
  readonly bounceRate: number | null;
  readonly bounceReason: string | null;
}

/** What an analysis says of a symbol's levels; null where it did not look for any. */
export function levelsOf(document: AnalysisDocument, symbol: string): readonly FoundLevel[] | null {
  const levels = recordOf(recordOf(document.symbols[symbol])?.levels);
  if (levels === null) return null;
  const sides = ["resistance", "support"] as const;
  const found = sides.flatMap((side) => listOf(levels[side]).flatMap((entry) => levelOf(entry, side)));
  return found.sort((a, b) => b.price - a.price);
}

/** The lines of levels: solid where the level is well founded, dashed with a question mark where it is not. */
export function linesOf(levels: readonly FoundLevel[], colours: Colours): readonly Level[] {
  return levels.map(({ side, price, status }) => ({
    price,
    title: `${side}${status === "ok" ? "" : " ?"}`,
    colour: colours[side],
    isDashed: status !== "ok",
  }));
}

/** A level in one line, for lists. */
export function levelLine(level: FoundLevel, instrument: Priced): string {
  return `${level.side} ${levelText(level.price, instrument)}`;
}

function levelOf(entry: unknown, side: FoundLevel["side"]): FoundLevel[] {
  const level = recordOf(recordOf(entry)?.level);
  const price = level?.value;
  if (level === null || typeof price !== "number") return [];
  const bounces = recordOf(recordOf(entry)?.bounce_rate);
  return [
    {
      side,
      price,
      method: textOf(level.method) ?? "",
      window: textOf(level.window) ?? "",
      asof: textOf(level.asof) ?? "",
      status: textOf(level.status) ?? "",
      reason: textOf(level.reason),
      bounceRate: typeof bounces?.value === "number" ? bounces.value : null,
      bounceReason: textOf(bounces?.reason),
    },
  ];
}

function recordOf(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
