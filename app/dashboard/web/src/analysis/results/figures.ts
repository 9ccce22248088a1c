/** A figure of an analysis, as a document has it: its value, what it rests on, and how far it can be trusted. */
export interface Figure {
  readonly value: number | string | null;
  /** How many observations stand behind it, in the unit that the method names. */
  readonly n: number;
  readonly status: FigureStatus;
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

/** How far a figure can be trusted. */
export type FigureStatus = "ok" | "low_history" | "insufficient_data" | "not_significant" | "degraded_data";
/** The steps to a place in a document. */
export type Path = readonly string[];
/** A figure with its place. */
export interface PlacedFigure {
  readonly path: Path;
  readonly figure: Figure;
}

const KEYS = ["value", "n", "status", "method", "window", "asof"] as const;

/** Whether a part of a document is a figure: it has the keys that only figures have. */
export function isFigure(node: unknown): node is Figure {
  return isTree(node) && KEYS.every((key) => key in node);
}

/** Whether a part of a document has parts with names. */
export function isTree(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

/** What stands at a place; undefined where there is nothing. */
export function partOf(node: unknown, ...path: Path): unknown {
  let here = node;
  for (const step of path) here = isTree(here) ? here[step] : Array.isArray(here) ? here[Number(step)] : undefined;
  return here;
}

/** The parts at a place by name; empty where there are none, or where a figure stands. */
export function treeOf(node: unknown, ...path: Path): Readonly<Record<string, unknown>> {
  const here = partOf(node, ...path);
  return isTree(here) && !isFigure(here) ? here : {};
}

/** The list at a place, else an empty one. */
export function listOf(node: unknown, ...path: Path): readonly unknown[] {
  const here = partOf(node, ...path);
  return Array.isArray(here) ? here : [];
}

/** The figure at a place, if one stands there. */
export function figureOf(node: unknown, ...path: Path): Figure | undefined {
  const here = partOf(node, ...path);
  return isFigure(here) ? here : undefined;
}

/** The text at a place, if one stands there. */
export function textOf(node: unknown, ...path: Path): string | null {
  const here = partOf(node, ...path);
  return typeof here === "string" ? here : null;
}

/** The value of a figure as a number; null where it is a word, or not known. */
export function numberOf(figure: Figure | undefined): number | null {
  return typeof figure?.value === "number" ? figure.value : null;
}

/** All figures of a part of a document with their places, in its order. */
export function figuresIn(node: unknown, path: Path = []): PlacedFigure[] {
  if (isFigure(node)) return [{ path, figure: node }];
  if (Array.isArray(node)) return node.flatMap((part, place) => figuresIn(part, [...path, String(place)]));
  return isTree(node) ? Object.entries(node).flatMap(([name, part]) => figuresIn(part, [...path, name])) : [];
}
