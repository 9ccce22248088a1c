import { type KeyboardEvent, useState } from "react";

/** A place in a grid. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

const STEPS: Readonly<Record<string, Place>> = {
  ArrowUp: { row: -1, column: 0 },
  ArrowDown: { row: 1, column: 0 },
  ArrowLeft: { row: 0, column: -1 },
  ArrowRight: { row: 0, column: 1 },
};

/** The first place from `at` in the direction of a key at which there is a cell; null where none is before the edge. */
export function nextPlace(key: string, at: Place, size: Place, hasCell: (place: Place) => boolean): Place | null {
  const step = STEPS[key];
  if (step === undefined) return null;
  let { row, column } = at;
  for (;;) {
    row += step.row;
    column += step.column;
    if (row < 0 || column < 0 || row >= size.row || column >= size.column) return null;
    if (hasCell({ row, column })) return { row, column };
  }
}

/**
 * A grid of cells of which Tab reaches one and the arrows the others. Give `grid` to the element around them and
 * `cell(place, isFirst)` to each that can be reached.
 */
export function useGridKeys(size: Place) {
  const [active, setActive] = useState<Place | null>(null);
  const find = (root: Element, { row, column }: Place) =>
    root.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const from = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (from === null) return;
    const root = event.currentTarget;
    const at = { row: Number(from.dataset.row), column: Number(from.dataset.column) };
    const next = nextPlace(event.key, at, size, (place) => find(root, place) !== null);
    if (next === null) return;
    event.preventDefault();
    find(root, next)?.focus();
  };
  const cell = (place: Place, isFirst: boolean) => ({
    "data-row": place.row,
    "data-column": place.column,
    tabIndex: (active === null ? isFirst : active.row === place.row && active.column === place.column) ? 0 : -1,
    onFocus: () => setActive(place),
  });
  return { grid: { onKeyDown }, cell, forget: () => setActive(null) };
}
