import type { Shape } from "../../api/client";
import { bytesText, countText } from "../../format/numbers";
import { dayText } from "../../format/times";
import type { Tone } from "../../ui/Badge";

export type Partition = Shape<"LakeAnswer.PartitionAnswer">;
export type LakeState = Partition["state"];

/** How each state is shown and what it means; the worst first. */
export const STATES: Readonly<Record<LakeState, { mark: string; tone: Tone; meaning: string }>> = {
  damaged: { mark: "✕", tone: "bad", meaning: "not what was published, as last seen" },
  missing: { mark: "∅", tone: "bad", meaning: "ticks are stored and there is no file" },
  stale: { mark: "~", tone: "warn", meaning: "ticks came that the file lacks, or bars are older than their ticks" },
  running: { mark: "…", tone: "info", meaning: "the session is not over: its file is made after the close" },
  purged: { mark: "◆", tone: "ok", meaning: "the file is the only place of its ticks" },
  exported: { mark: "✓", tone: "ok", meaning: "read back before it was put in its place" },
  verified: { mark: "✓✓", tone: "ok", meaning: "read whole again since, and is what was published" },
};
const ORDER = Object.keys(STATES) as LakeState[];

/** What the lake has of a symbol on a day: one file of ticks, or one of bars for each timeframe. */
export interface Cell {
  readonly date: string;
  readonly symbol: string;
  readonly state: LakeState;
  readonly rows: number;
  /** null: there is no file. */
  readonly bytes: number | null;
  readonly files: readonly Partition[];
}

/** A grid of cells: its days, the newest first, its symbols, and what is where. */
export interface Grid {
  readonly days: readonly string[];
  readonly symbols: readonly string[];
  cellAt(day: string, symbol: string): Cell | undefined;
}

/** The grid of these partitions; a cell is as bad as the worst of its files. */
export function gridOf(partitions: readonly Partition[]): Grid {
  const groups = new Map<string, Partition[]>();
  for (const one of partitions) {
    const key = `${one.date} ${one.symbol}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const cells = new Map([...groups].map(([key, files]) => [key, cellOf(files)]));
  return {
    days: [...new Set(partitions.map((one) => one.date))].sort().reverse(),
    symbols: [...new Set(partitions.map((one) => one.symbol))].sort(),
    cellAt: (day, symbol) => cells.get(`${day} ${symbol}`),
  };
}

/** The worst of these states. */
export function worstOf(states: readonly LakeState[]): LakeState {
  return ORDER.find((state) => states.includes(state)) ?? "missing";
}

/** A cell in a line: ES, Fri, Nov 27, 2026: exported, 2,000 rows, 45.0 KB. */
export function cellText(cell: Cell): string {
  const what = cell.files.length > 1 ? ` in ${cell.files.length} files` : "";
  const rows = `${countText(cell.rows)} ${cell.bytes === null ? "ticks wait" : "rows"}${what}`;
  const size = cell.bytes === null ? "no file" : bytesText(cell.bytes);
  return `${cell.symbol}, ${dayText(cell.date)}: ${cell.state}, ${rows}, ${size}`;
}

const SHORT = [0, 1].map(
  (places) => new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: places }),
);

/** What stands in a cell: its rows in four letters at most, such as 793, 1.6K or 27K. */
export function cellFigure(cell: Cell): string {
  const leading = cell.rows / 1000 ** Math.floor(Math.log10(Math.max(1, cell.rows)) / 3);
  return SHORT[leading < 9.95 ? 1 : 0]?.format(cell.rows) ?? "";
}

function cellOf(files: readonly Partition[]): Cell {
  const [first] = files;
  const sizes = files.map((one) => one.bytes).filter((bytes) => bytes !== null);
  return {
    date: first?.date ?? "",
    symbol: first?.symbol ?? "",
    state: worstOf(files.map((one) => one.state)),
    rows: files.reduce((sum, one) => sum + one.rows, 0),
    bytes: sizes.length === 0 ? null : sizes.reduce((sum, bytes) => sum + bytes, 0),
    files,
  };
}
