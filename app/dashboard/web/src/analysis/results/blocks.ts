import { titleOf } from "../wording";
import { type Figure, isFigure, isTree, type Path, type PlacedFigure } from "./figures";
import { readable, scaleOf } from "./measures";

/** A plain value with its name. */
export interface Fact {
  readonly name: string;
  readonly text: string;
}

/** A list of alike entries as a table; a cell is undefined where an entry lacks the column. */
export interface Grid {
  readonly title: string;
  readonly path: Path;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A part of a document: its own figures and facts, its lists, and the parts within it. */
export interface Block {
  readonly title: string;
  readonly path: Path;
  readonly figures: readonly PlacedFigure[];
  readonly facts: readonly Fact[];
  readonly grids: readonly Grid[];
  readonly blocks: readonly Block[];
}

// Longer lists of plain values are data for charts and not for reading.
const MOST_VALUES = 24;
// What a document lists in the order of time comes out of the database in another one.
const ORDER = ["combined", "1m", "5m", "15m", "1h", "session"];

/** A part of a document as a block: every figure of it is in exactly one place. */
export function blockOf(title: string, node: unknown, path: Path): Block {
  const figures: PlacedFigure[] = [];
  const facts: Fact[] = [];
  const grids: Grid[] = [];
  const blocks: Block[] = [];
  for (const [name, part] of childrenOf(node)) {
    const place = [...path, name];
    if (isFigure(part)) figures.push({ path: place, figure: part });
    else if (isTree(part)) blocks.push(blockOf(titleOf(name), part, place));
    else if (Array.isArray(part) && part.length > 0 && part.every(isTree)) grids.push(gridOf(name, part, place));
    else facts.push({ name: titleOf(name), text: factText(part, place) });
  }
  return { title, path, figures, facts, grids, blocks: blocks.filter((block) => !isEmpty(block)) };
}

/** How many figures a block has in all, and how many of them have a value. */
export function countOf(block: Block): { all: number; known: number } {
  const cells = block.grids.flatMap((grid) => grid.rows.flat()).filter(isFigure);
  const own = [...block.figures.map((one) => one.figure), ...cells];
  const inner = block.blocks.map(countOf);
  return {
    all: own.length + sum(inner.map((one) => one.all)),
    known: own.filter((figure) => figure.value !== null).length + sum(inner.map((one) => one.known)),
  };
}

/** Figures that lack their value for one reason, with that reason, so that it is said once. */
export interface Missing {
  readonly status: Figure["status"];
  readonly reason: string;
  readonly names: readonly string[];
}

/** The figures that have a value, and the others grouped by why they have none. */
export function sorted(
  figures: readonly PlacedFigure[],
  nameOf: (placed: PlacedFigure) => string = nameOfLast,
): { known: PlacedFigure[]; missing: Missing[] } {
  const known = figures.filter((one) => one.figure.value !== null);
  const groups = new Map<string, { status: Figure["status"]; reason: string; names: string[] }>();
  for (const placed of figures) {
    const { figure } = placed;
    if (figure.value !== null) continue;
    const reason = figure.reason ?? "";
    const group = groups.get(figure.status + reason) ?? { status: figure.status, reason, names: [] };
    group.names.push(nameOf(placed));
    groups.set(figure.status + reason, group);
  }
  return { known, missing: [...groups.values()] };
}

/** The name of a figure by the last step of its place. */
export function nameOfLast({ path }: PlacedFigure): string {
  return titleOf(path.at(-1) ?? "");
}

/** A plain value as text; of a long list how long it is. */
export function factText(value: unknown, path: Path): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    return value.length > MOST_VALUES ? `${value.length} values` : value.map((one) => factText(one, path)).join(", ");
  }
  return isTree(value) ? JSON.stringify(value) : readable(value, scaleOf(path, undefined));
}

function childrenOf(node: unknown): [string, unknown][] {
  if (isFigure(node)) return [["value", node]];
  if (Array.isArray(node)) return node.map((part, place) => [String(place), part]);
  if (!isTree(node)) return [["value", node]];
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.entries(node).sort(([one], [other]) => place(one) - place(other));
}

function gridOf(name: string, rows: readonly Readonly<Record<string, unknown>>[], path: Path): Grid {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { title: titleOf(name), path, columns, rows: rows.map((row) => columns.map((column) => row[column])) };
}

function isEmpty(block: Block): boolean {
  return block.figures.length + block.facts.length + block.grids.length + block.blocks.length === 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
